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
    chosen = samples[:, list(select)] if select else samples
    mixed: NDArray[np.float32] = chosen.mean(axis=1, dtype=np.float32)
    return mixed
