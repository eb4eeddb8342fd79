"""The kinds of things that sound in the simulated world, in fixed order: sounds and looks share it."""

from __future__ import annotations

KINDS: tuple[str, ...] = (
    'bell',
    'drum',
    'siren',
    'alarm_clock',
    'telephone',
    'kettle',
    'engine',
    'bird',
    'guitar',
    'flute',
    'robot',
    'loudspeaker',
    'dog',
    'piano',
)
