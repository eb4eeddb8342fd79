"""The log-spectrogram that the networks hear.

"Objects that Sound" (Arandjelović & Zisserman, ECCV 2018, section 2) says: 1 s at 48 kHz, window
0.01 s, half-window overlap, 257 x 200. What it leaves open (window shape, FFT length, scale of power,
floor, normalisation) is pinned by :class:`AudioFrontEnd`; a bundle carries its settings, and weights
are valid with these settings alone.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from ros2_avloc.audio.sound import HOP, SAMPLE_RATE, SOUND_SAMPLES, Sound
from ros2_avloc.errors import BundleError, InputError

Spectrogram = NDArray[np.float32]


@dataclass(frozen=True)
class AudioFrontEnd:
    """Every choice between samples and spectrogram. Another value of any of them is another front end.

    Attributes
    ----------
    version
        Raised whenever the numbers that come out change.
    sample_rate
        In Hz.
    window
        Name of the window; ``'hann'`` is the periodic Hann window.
    window_samples, hop
        Length of the window, and distance between two columns, in samples.
    fft
        Length of the FFT; the windowed samples are padded with zeros at the end.
    columns
        Columns of the spectrogram; column k begins at sample ``hop * k`` of ``Sound.samples``.
    full_scale
        What has power 1: ``'sine'``, a sine of amplitude 1 on the centre of a bin.
    floor
        Power that is added before the logarithm.
    offset_db, scale_db
        value = (10 log10(power + floor) + offset_db) / scale_db.
    """

    version: int = 1
    sample_rate: int = SAMPLE_RATE
    window: str = 'hann'
    window_samples: int = 2 * HOP
    hop: int = HOP
    fft: int = 512
    columns: int = 200
    full_scale: str = 'sine'
    floor: float = 1e-8
    offset_db: float = 40.0
    scale_db: float = 20.0

    @property
    def bins(self) -> int:
        """Rows of the spectrogram, from 0 Hz to half the sample rate."""
        return self.fft // 2 + 1

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as a bundle stores them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> AudioFrontEnd:
        """Read what :meth:`as_dict` wrote.

        Raises
        ------
        BundleError
            If a setting is missing or unknown.
        """
        names = {field.name for field in fields(cls)}
        if names != set(settings):
            odd = ', '.join(sorted(names ^ set(settings)))
            raise BundleError(f'The audio front end of the bundle and of this code differ in the settings '
                              f'{odd}: use a bundle exported for this version.')
        return cls(**settings)


FRONT_END = AudioFrontEnd()
"""The front end that this code computes."""


def _scaled_window() -> NDArray[np.float32]:
    """Periodic Hann, scaled so that a sine of amplitude 1 on a bin gets magnitude 1."""
    phase = 2 * np.pi * np.arange(FRONT_END.window_samples) / FRONT_END.window_samples
    hann = 0.5 - 0.5 * np.cos(phase)
    scaled: NDArray[np.float32] = (2 * hann / hann.sum()).astype(np.float32)
    return scaled


_WINDOW = _scaled_window()
_PER_NEPER = np.float32(10 / np.log(10) / FRONT_END.scale_db)
_OFFSET = np.float32(FRONT_END.offset_db / FRONT_END.scale_db)


def _columns(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Columns of `samples`, one per row: float32 ``(len(samples) // 240 - 1, 257)``."""
    hops = samples[:len(samples) // FRONT_END.hop * FRONT_END.hop].reshape(-1, FRONT_END.hop)
    frames = np.hstack([hops[:-1], hops[1:]])  # a window is two hops
    frames *= _WINDOW
    spectrum = scipy.fft.rfft(frames, n=FRONT_END.fft, axis=1)
    power = np.square(spectrum.real)
    power += np.square(spectrum.imag)
    power += np.float32(FRONT_END.floor)
    # The natural logarithm of float32 is vectorised on every x86-64 processor, log10 is not.
    values: NDArray[np.float32] = np.log(power, out=power)
    values *= _PER_NEPER
    values += _OFFSET
    return values


def _checked(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    if samples.shape != (SOUND_SAMPLES,) or samples.dtype != np.float32:
        raise InputError(f'A spectrogram needs {SOUND_SAMPLES} float32 samples, '
                         f'not {samples.dtype} of shape {samples.shape}.')
    return samples


def spectrogram(samples: NDArray[np.float32]) -> Spectrogram:
    """Return the spectrogram of one second of sound.

    Parameters
    ----------
    samples
        Mono, float32 ``(48240,)`` in [-1, 1], as in ``Sound.samples``.

    Returns
    -------
    float32 ``(257, 200)``
        Row 0 is 0 Hz, row 256 is 24 kHz; -2 is silence (-80 dB), +2 a full-scale sine (0 dB).
        Only what is above full scale, or an offset (0 Hz), goes beyond +2.

    Raises
    ------
    InputError
        If `samples` has another shape or dtype.
    """
    return np.ascontiguousarray(_columns(_checked(samples)).T)


class SpectrogramStream:
    """Spectrograms of successive sounds; computes only the columns that the last one did not have."""

    def __init__(self) -> None:
        self._last: Spectrogram | None = None
        self._epoch = 0
        self._end = 0

    def spectrogram(self, sound: Sound) -> Spectrogram:
        """Return :func:`spectrogram` of ``sound.samples``, float32 ``(257, 200)``.

        Columns are kept where `sound` continues the last one: the same epoch, and an end less than
        one second later. Everything is computed anew otherwise. The array must not be written to: the next
        one is made from it.

        Raises
        ------
        InputError
            If ``sound.samples`` has another shape or dtype than ``(48240,)`` float32.
        """
        self._last = self._continued(_checked(sound.samples), self._new_columns(sound))
        self._epoch, self._end = sound.epoch, sound.end
        return self._last

    def _new_columns(self, sound: Sound) -> int:
        ahead, rest = divmod(sound.end - self._end, HOP)
        continues = rest == 0 and 0 <= ahead < FRONT_END.columns and sound.epoch == self._epoch
        return ahead if continues else FRONT_END.columns

    def _continued(self, samples: NDArray[np.float32], new: int) -> Spectrogram:
        if self._last is None or new == FRONT_END.columns:
            return spectrogram(samples)
        if new == 0:
            return self._last
        kept = FRONT_END.columns - new
        shifted = np.empty_like(self._last)
        shifted[:, :kept] = self._last[:, new:]
        shifted[:, kept:] = _columns(samples[HOP * kept:]).T
        return shifted
