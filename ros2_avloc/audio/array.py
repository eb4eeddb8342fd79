"""Directions from which sound comes, by its delays between microphones of known places.

Steered response power with phase transform (SRP-PHAT; J. H. DiBiase, "A High-Accuracy, Low-Latency Technique
for Talker Localization in Reverberant Environments Using Microphone Arrays", Brown University, 2000): the
generalised cross-correlations of all pairs of microphones (C. H. Knapp & G. C. Carter, IEEE Trans. ASSP
24(4), 1976) are read at the delays that a far source in each direction would have, and added.

The whitening is partial (K. D. Donohue, J. Hannemann & H. G. Dietz, "Performance of phase transform for
detecting sound sources with microphone arrays in reverberant and noisy environments", Signal Processing 87,
2007): bins in which there is nothing but noise count less than those that sound.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.errors import InputError

Vectors = NDArray[np.float64]

SPEED_OF_SOUND = 343.2
"""Metres per second in dry air at 20 °C (ISO 9613-1). 10 °C more or less make 2 %, which shifts a bearing by
0.6° where the delay is half of the greatest."""

FRAME = 4096
"""Samples of a short-time spectrum, 85 ms; one begins every half of that."""

LOWEST, HIGHEST = 300.0, 8000.0
"""Band in Hz. Below, small arrays hear no delay; above, there is nothing where microphones run at 16 kHz.
The higher part of it is ambiguous for any single pair farther apart than half a wavelength, 2 cm. It is used
all the same: a false direction of one frequency is none of the others, and the sum shows the true one."""

WHITENING = 0.8
"""Power of the cross-spectrum's magnitude that is divided out. Over 168 rooms with a reverberation of 0.3 s
1.0, 0.8 and 0.6 find 99, 100 and 95 % of the simulated kinds within 10°."""

FINER = 4
"""Lags at which correlations are computed, for each sample; between two of them they are taken for lines."""

LAG = 1 / (FINER * SAMPLE_RATE)
"""Seconds between two lags."""

QUIETEST = -75.0
"""Root mean square in dB of full scale below which nothing is listened to."""

GRID = 5000
"""Directions on the sphere, about 2.9° apart."""

FLAT = 0.05
"""Extent of an array across a plane, or a line, as a part of its length, up to which it counts as in it."""


CLOSEST, FARTHEST = 0.005, 5.0
"""Metres that two microphones may be apart."""


class Array:
    """Microphones of known places, and the directions that they can tell apart.

    Microphones that all lie in a plane hear a sound and its mirror image behind that plane alike; those on a
    line, all directions on a cone around it. See `alike`.

    Parameters
    ----------
    positions
        Of the microphones in metres, ``(c, 3)``, in any frame; all directions are told in it.

    Raises
    ------
    InputError
        If there are fewer than two, or two of them are in one place, or too far apart.
    """

    def __init__(self, positions: ArrayLike) -> None:
        self.positions: Vectors = _checked(np.asarray(positions, np.float64))
        places = self.positions
        self.centre: Vectors = places.mean(axis=0)
        self.grid = _fibonacci_sphere(GRID)
        self._pairs = np.array(list(combinations(range(len(places)), 2)))
        self._ways = (places[self._pairs[:, 0]] - places[self._pairs[:, 1]]) / SPEED_OF_SOUND
        self._copies = _copies(places - self.centre)
        frequencies = fft.rfftfreq(FRAME, 1 / SAMPLE_RATE)
        self._band = slice(*np.searchsorted(frequencies, (LOWEST, HIGHEST)).tolist())
        self._last = math.ceil(float(np.linalg.norm(self._ways, axis=1).max()) / LAG) + 1
        self._grid_places = self._places(self.grid)

    @classmethod
    def from_flat(cls, numbers: Sequence[float]) -> Array:
        """Make an array of x, y and z of one microphone after the other, in metres.

        Raises
        ------
        InputError
            If they make none.
        """
        if len(numbers) % 3:
            raise InputError(f'audio.array holds {len(numbers)} numbers; give x, y and z of each microphone.')
        return cls(np.reshape(np.asarray(numbers, np.float64), (-1, 3)))

    @property
    def kind(self) -> str:
        """What the array can tell apart, for people."""
        return {1: 'in all directions', 2: 'flat: a sound and its mirror image are alike'}.get(
            len(self._copies), 'on a line: directions on a cone around it are alike')

    def alike(self, directions: Vectors) -> Vectors:
        """Return the directions ``(k, n, 3)`` that sound like each of `directions` ``(n, 3)``.

        That is each itself alone (k = 1) where the microphones span all three dimensions; it and its mirror
        image (k = 2) where they lie in a plane; and 12 on the cone around the line on which they lie.
        """
        turned: Vectors = directions @ self._copies.transpose(0, 2, 1)
        return turned

    def listen(self, channels: NDArray[np.float32]) -> PowerMap | None:
        """Look where a sound comes from.

        Parameters
        ----------
        channels
            Float32 ``(n, c)`` at 48 kHz, at least `FRAME` samples, one column for each microphone.

        Returns
        -------
        PowerMap | None
            ``None`` where it is too quiet.
        """
        level = 10 * math.log10(float(np.mean(np.square(channels, dtype=np.float64))) + 1e-12)
        return PowerMap(self, self._correlate(channels)) if level >= QUIETEST else None

    def steer(self, correlations: Vectors, directions: Vectors | None = None) -> Vectors:
        """Return the power from `directions` ``(n, 3)``, or those of the grid: ``(n,)``, at most 1."""
        places = self._grid_places if directions is None else self._places(directions)
        before = places.astype(np.intp)
        part = places - before
        pair = np.arange(len(correlations))
        lines = (1 - part) * correlations[pair, before] + part * correlations[pair, before + 1]
        power: Vectors = lines.mean(axis=1)
        return power

    def _places(self, directions: Vectors) -> Vectors:
        """Places on the axis of lags, one for each direction and pair: float64 ``(n, pairs)``."""
        places: Vectors = directions @ self._ways.T / LAG + self._last
        return places

    def _correlate(self, channels: NDArray[np.float32]) -> Vectors:
        """Return the correlation of each pair at each lag, float64 ``(pairs, lags)``, in [-1, 1]."""
        begins = np.arange(0, len(channels) - FRAME + 1, FRAME // 2)
        frames = channels.T[:, begins[:, None] + np.arange(FRAME)] * _WINDOW
        spectra = fft.rfft(frames)[..., self._band]
        size = (np.abs(spectra) + np.float32(1e-10)) ** np.float32(1 - WHITENING)
        whitened = spectra / np.abs(spectra).clip(1e-10) * size
        cross = np.zeros((len(self._pairs), FRAME // 2 + 1), np.complex64)
        cross[:, self._band] = [(whitened[j] * whitened[i].conj()).sum(axis=0) for i, j in self._pairs]
        weight = np.array([(size[i] * size[j]).sum() for i, j in self._pairs], np.float64)
        lags = fft.irfft(cross, FINER * FRAME) * (FINER * FRAME / 2)
        around = np.concatenate((lags[:, -self._last:], lags[:, :self._last + 1]), axis=1)
        correlations: Vectors = around / weight[:, None]
        return correlations


class PowerMap:
    """How much sound comes from each direction.

    Parameters
    ----------
    array
        That heard it.
    correlations
        Of its pairs, see `Array.steer`.

    Attributes
    ----------
    array
        That heard it.
    on_grid
        `towards` the array's grid, float64 ``(n,)``.
    contrast
        By how much the best direction stands out: 0 where it is as good as any, 1 for a plane wave alone.
        Sound without a direction has less than 0.04, a source in a room with 0.3 s of reverberation more than
        0.12.
    """

    def __init__(self, array: Array, correlations: Vectors) -> None:
        power = array.steer(correlations)
        top = float(power.max())
        self._mean, self._span = float(power.mean()), max(top - float(power.mean()), 1e-9)
        self.array = array
        self._correlations = correlations
        self.on_grid: Vectors = (power - self._mean) / self._span
        self.contrast = self._span / max(1.0 - self._mean, 1e-9)

    def towards(self, directions: Vectors) -> Vectors:
        """Power from directions, unit vectors ``(n, 3)`` in the array's frame.

        Returns
        -------
        float64 ``(n,)``
            1 for the best of the grid, 0 for the mean of all.
        """
        return (self.array.steer(self._correlations, directions) - self._mean) / self._span


_WINDOW = np.hanning(FRAME + 1)[:-1].astype(np.float32)


def _checked(places: Vectors) -> Vectors:
    if places.ndim != 2 or places.shape[1] != 3 or len(places) < 2 or not np.isfinite(places).all():
        raise InputError('audio.array must place two or more microphones, each by three finite numbers: '
                         'x, y and z in metres.')
    for one, other in combinations(range(len(places)), 2):
        apart = float(np.linalg.norm(places[one] - places[other]))
        if not CLOSEST <= apart <= FARTHEST:
            raise InputError(f'audio.array places the microphones {one} and {other} {apart:g} m apart, which '
                             f'must be {CLOSEST:g} to {FARTHEST:g} m: give each its own place, in metres.')
    return places


def _fibonacci_sphere(count: int) -> Vectors:
    """Directions evenly on the sphere, float64 ``(count, 3)``, on a spiral that turns by the golden ratio."""
    number = np.arange(count) + 0.5
    z = 1 - 2 * number / count
    turn = math.pi * (1 + math.sqrt(5)) * number
    across = np.sqrt(1 - z * z)
    return np.stack([across * np.cos(turn), across * np.sin(turn), z], axis=1)


def _copies(places: Vectors) -> Vectors:
    """Return matrices ``(k, 3, 3)`` from a direction to those that sound like it, the first the identity."""
    _, extent, axes = np.linalg.svd(places, full_matrices=True)
    extent = np.append(extent, np.zeros(3 - len(extent)))
    dimensions = int((extent > FLAT * extent[0]).sum())
    if dimensions == 3:
        return np.eye(3)[None]
    if dimensions == 2:
        return np.stack([np.eye(3), np.eye(3) - 2 * np.outer(axes[2], axes[2])])
    return np.stack([_turn(axes[0], angle) for angle in np.arange(12) * math.pi / 6])


def _turn(axis: Vectors, angle: float) -> Vectors:
    """Rotation matrix about a unit axis (Rodrigues)."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    turn: Vectors = np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross
    return turn
