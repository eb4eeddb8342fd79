"""Many channels become one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.errors import InputError


def mix(samples: NDArray[np.float32], select: Sequence[int] = ()) -> NDArray[np.float32]:
    """Return the mean of some channels, or of all.

    Parameters
    ----------
    samples
        float32 ``(n, channels)``.
    select
        Indices of the channels to mix; empty means all. Arrays of microphones often carry channels
        that are not microphones (loopback of the loudspeaker, processed sound), to be left out.

    Returns
    -------
    float32 ``(n,)``
        A view of `samples` where these are one channel.

    Raises
    ------
    InputError
        If a channel is selected that is not there.
    """
    channels = samples.shape[1]
    outside = [index for index in select if not 0 <= index < channels]
    if outside:
        raise InputError(f'audio.select names channel {outside[0]}, but the audio has {channels} channels, '
                         f'0 to {channels - 1}: select among these.')
    if channels == 1:
        return samples[:, 0]
    mixed: NDArray[np.float32] = _chosen(samples, select).mean(axis=1, dtype=np.float32)
    return mixed


def microphones(samples: NDArray[np.float32], select: Sequence[int], count: int) -> NDArray[np.float32]:
    """Return the channels of an array, those that `mix` takes, in the order of `select`.

    Parameters
    ----------
    samples, select
        As of `mix`, which has accepted them.
    count
        Microphones that the array has.

    Returns
    -------
    float32 ``(n, count)``

    Raises
    ------
    InputError
        If there are more or fewer.
    """
    chosen = _chosen(samples, select)
    if chosen.shape[1] != count:
        raise InputError(f'audio.array places {count} microphones, but the audio has {chosen.shape[1]} '
                         'channels: place each, or name those that are placed in audio.select.')
    return chosen


def _chosen(samples: NDArray[np.float32], select: Sequence[int]) -> NDArray[np.float32]:
    return samples[:, list(select)] if select else samples
