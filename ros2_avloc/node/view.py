"""What the diagnostics are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ros2_avloc.model.engines.base import EngineIdentity
from ros2_avloc.node.mailbox import Stream
from ros2_avloc.node.settings import Settings
from ros2_avloc.node.statistics import Statistics


@dataclass(frozen=True)
class View:
    """What the diagnostics are about, at one moment.

    Attributes
    ----------
    state
        Of the lifecycle: ``'unconfigured'``, ``'inactive'``, ``'active'`` …
    failure
        Why the last transition failed; empty if it did not.
    settings
        Of the node.
    bundle
        Name and checksum of the model.
    engine, declined
        What runs, and why others do not; ``None`` while nothing is loaded.
    topics, publishers
        Resolved names of the inputs, and how many publishers each has.
    audio_type
        Message type of the audio; empty while nobody publishes any.
    lost
        Messages that found no room on the way to the worker.
    statistics
        Everything that is counted.
    building
        How the engine's build goes; empty while none does.
    lost_device
        That the device of the first engine was lost, and what runs instead; empty if it was not.
    """

    state: str
    failure: str
    settings: Settings
    bundle: str
    engine: EngineIdentity | None
    declined: tuple[str, ...]
    topics: Mapping[Stream, str]
    publishers: Mapping[Stream, int]
    audio_type: str
    lost: Mapping[Stream, int]
    statistics: Statistics
    building: str = ''
    lost_device: str = ''
