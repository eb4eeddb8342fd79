"""Which kind sounds how: the table of recipes, and the two functions that use it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.errors import InputError
from ros2_avloc.simulation.sounds import formant, harmonic, modal, noise, plucked
from ros2_avloc.simulation.sounds.shaping import Samples, level, samples_in

Recipe = Callable[[np.random.Generator, int], Samples]
"""Makes ``n`` samples; all variety comes from the generator."""

RECIPES: dict[str, Recipe] = {
    'bell': modal.bell,
    'drum': modal.drum,
    'siren': harmonic.siren,
    'alarm_clock': harmonic.alarm_clock,
    'telephone': harmonic.telephone,
    'kettle': noise.kettle,
    'engine': noise.engine,
    'bird': harmonic.bird,
    'guitar': plucked.guitar,
    'flute': harmonic.flute,
    'robot': harmonic.robot,
    'loudspeaker': formant.loudspeaker,
    'dog': formant.dog,
    'piano': plucked.piano,
}
"""The sound of each kind of object."""

NEGATIVE_RECIPES: dict[str, Recipe] = {
    'silence': noise.white,
    'white_noise': noise.white,
    'pink_noise': noise.pink,
    'brown_noise': noise.brown,
    'hum': noise.hum,
    'wind': noise.wind,
    'rain': noise.rain,
    'crowd': formant.crowd,
    'footsteps': noise.footsteps,
    'traffic': noise.traffic,
}
"""Sounds that no object of a scene makes."""

NEGATIVES = tuple(NEGATIVE_RECIPES)
"""Names of the sounds that no object of a scene makes."""


def synthesise(kind: str, rng: np.random.Generator, seconds: float) -> NDArray[np.float32]:
    """Return the sound of a kind of object, as it is heard close by and without a room.

    It sounds nearly all the time: no gap is longer than about 0.35 s. Pitch, tempo, timbre and
    articulation come from ``rng``, so that the same state gives the same sound.

    Parameters
    ----------
    kind
        One of ``KINDS``.
    rng
        Where the variety comes from.
    seconds
        Length, more than 0.

    Returns
    -------
    float32 ``(round(48000 * seconds),)``, mono at 48 kHz, peak between 0.5 and 1.

    Raises
    ------
    InputError
        If the kind is unknown or the length is not positive.
    """
    recipe = _recipe(RECIPES, kind, 'kind of object')
    return _finished(recipe(rng, _length(seconds)), rng.uniform(0.5, 0.99))


def negative(name: str, rng: np.random.Generator, seconds: float) -> NDArray[np.float32]:
    """Return a sound that no object of a scene makes.

    Parameters
    ----------
    name
        One of ``NEGATIVES``. ``'silence'`` is the self-noise of a microphone, -80 to -54 dB at its peaks.
    rng
        Where the variety comes from.
    seconds
        Length, more than 0.

    Returns
    -------
    float32 ``(round(48000 * seconds),)``, mono at 48 kHz, peak between 0.5 and 1 except for silence.

    Raises
    ------
    InputError
        If the name is unknown or the length is not positive.
    """
    recipe = _recipe(NEGATIVE_RECIPES, name, 'negative sound')
    sound = recipe(rng, _length(seconds))
    peak = 10 ** rng.uniform(-4, -2.7) if name == 'silence' else rng.uniform(0.5, 0.99)
    return _finished(sound, peak)


def _recipe(table: dict[str, Recipe], name: str, what: str) -> Recipe:
    if name not in table:
        raise InputError(f'there is no {what} named {name!r}; choose one of {", ".join(table)}')
    return table[name]


def _length(seconds: float) -> int:
    if not seconds > 0 or samples_in(seconds) < 1:
        raise InputError(f'a sound of {seconds} s cannot be made; ask for a positive length')
    return samples_in(seconds)


def _finished(sound: Samples, peak: float) -> NDArray[np.float32]:
    return (peak * level(sound - sound.mean())).astype(np.float32)
