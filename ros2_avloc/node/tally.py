"""What came of a recording that was run through the pipeline, and how it is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from ros2_avloc.audio.sound import Missing
from ros2_avloc.errors import InputError
from ros2_avloc.messages.stamps import SECOND
from ros2_avloc.node.model import Model
from ros2_avloc.node.settings import Settings, entries
from ros2_avloc.pipeline import Result
from ros2_avloc.recordings.recording import Recording
from ros2_avloc.recordings.video_file import VideoFile

UNHEEDED = ('target_frame', 'audio.array')
"""Parameters that need transforms."""

UNHEEDED_OF_VIDEOS = ('audio.offset', 'audio.select', 'audio.stamp_at')
"""Parameters that say how messages are heard."""

LACKS = {Missing.NO_AUDIO: 'frames before the first whole second of sound',
         Missing.NOT_YET: 'frames after the last sound',
         Missing.HOLE: 'frames whose second of sound is not whole'}


@dataclass
class Tally:
    """What came of a recording.

    Attributes
    ----------
    localised, sounding
        Frames that were looked at, and those in which something sounds.
    attended
        Ids of the tracks that were attended to.
    left
        How many of what were left out, in words that say why.
    faults
        By the same words, the first error.
    stopped
        Whether somebody did not want to wait for the end.
    """

    localised: int = 0
    sounding: int = 0
    attended: set[int] = field(default_factory=set)
    left: Counter[str] = field(default_factory=Counter)
    faults: dict[str, str] = field(default_factory=dict)
    stopped: bool = False

    def count(self, result: Result) -> None:
        """Take down a frame that was looked at."""
        self.localised += 1
        self.sounding += bool(result.sources)
        if result.attended is not None:
            self.attended.add(result.attended.id)

    def lack(self, missing: Missing) -> None:
        """Take down a frame without its second of sound."""
        self.left[LACKS[missing]] += 1

    def fail(self, what: str, error: InputError) -> None:
        """Take down something that cannot be read, in the plural."""
        self.left[what] += 1
        self.faults.setdefault(what, str(error))

    def tell(self, recording: Recording, settings: Settings, model: Model, seconds: float,
             say: Callable[[str], None]) -> None:
        """Say what came of a recording, in `seconds` of work."""
        first, last = int(recording.stamps[0]), int(recording.stamps[-1])
        share = self.sounding / max(self.localised, 1)
        say(f'{self.localised} of {len(recording.stamps)} frames localised; in {share:.0%} of them something '
            f'in view sounds. Tracks attended to: {len(self.attended)}.')
        for what, count in (Counter(recording.unused) + self.left).items():
            fault = f'. The first: {self.faults[what]}' if what in self.faults else ''
            say(f'Left out ({count}): {what}{fault}')
        unheeded = [*UNHEEDED, *(UNHEEDED_OF_VIDEOS if isinstance(recording, VideoFile) else ())]
        changed = [entry.name for entry in entries() if entry.name in unheeded
                   and getattr(settings, entry.name.replace('.', '_')) != entry.default]
        if changed:
            say(f'Not heeded, see docs/run.md: {", ".join(changed)}.')
        runs = model.identity
        if settings.model_engine not in ('auto', runs.name):
            for sentence in model.declined:
                say(sentence)
        speed = '' if self.stopped else f', at {(last - first) / SECOND / seconds:.1f} times the speed'
        say(f'{model.bundle} ran on {runs.name} {runs.version}, {runs.precision}, {runs.device}{speed}.')
