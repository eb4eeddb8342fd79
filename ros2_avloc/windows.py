"""Pairs frames with the second of audio that belongs to them.

A frame waits until its second has arrived. Of the frames whose second is complete the newest wins; those that
it passes over are dropped. Nothing is queued behind a slow network: whoever asks gets the newest there is.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Literal, TypeVar

from ros2_avloc.audio.sound import Missing, Sound
from ros2_avloc.audio.timeline import Timeline

T = TypeVar('T')
Alignment = Literal['trailing', 'centered']

MAX_WAITING = 32
"""Frames that wait at most: 200 MB of 1920×1080 rgb8."""

MAX_UNHEARD = 8
"""Frames that wait at most before the first audio, the newest. Audio that begins has no second for a frame
that was there before it, unless it was long on the way."""

_NS = 1_000_000_000
_HALF_SECOND = _NS // 2

JUMP = _NS
"""Times that step back by more (ns) are another pass of a bag or simulation; by less, messages have overtaken
each other."""


@dataclass(frozen=True)
class Window(Generic[T]):
    """A frame and its second of audio.

    Attributes
    ----------
    item
        What was offered.
    stamp
        Capture time of the frame, ns of the ROS clock.
    sound
        The second up to the stamp, or around it.
    """

    item: T
    stamp: int
    sound: Sound


class Drop(Enum):
    """Why a frame did not become a window."""

    NO_AUDIO = 'no audio'
    """Nothing was heard, or not far enough back."""
    HOLE_IN_AUDIO = 'hole in audio'
    """Samples of its second were lost on the way."""
    AUDIO_LATE = 'audio late'
    """Its second did not come in time, or too many frames waited for theirs."""
    BUSY = 'busy'
    """Its second was there, but a frame at least as new was taken."""
    RATE_LIMIT = 'rate limit'
    """More frames came than ``window.max_rate``."""


_CAUSES = {
    Missing.NO_AUDIO: Drop.NO_AUDIO,
    Missing.HOLE: Drop.HOLE_IN_AUDIO,
    Missing.NOT_YET: Drop.AUDIO_LATE,
}


@dataclass(frozen=True)
class _Waiting(Generic[T]):
    stamp: int
    item: T
    offered: int


class Windows(Generic[T]):
    """Collects frames and gives out windows. Every frame becomes one window or one count in `drops`.

    At most `MAX_WAITING` frames wait. Where audio is later than that, they are thinned out, so that windows
    come more rarely, but come.

    One thread at a time may use it, together with its timeline.

    Parameters
    ----------
    timeline
        Where the audio is.
    alignment
        ``'trailing'``: the second up to the frame. ``'centered'``: the second around it, as in the paper,
        half a second later. May be set while running.
    max_rate
        Windows per second, by the stamps of the frames; 0: no limit. May be set while running.
    timeout
        Seconds of ROS time that a frame waits for audio (half a second more when centred), from when it is
        offered: the stamps may be of another time, as those of a bag.

    Attributes
    ----------
    drops
        How many frames were dropped, by cause.
    """

    def __init__(self, timeline: Timeline, *, alignment: Alignment, max_rate: float, timeout: float) -> None:
        self.alignment: Alignment = alignment
        self.drops: Counter[Drop] = Counter()
        self._timeline = timeline
        self._timeout = round(timeout * _NS)
        self._waiting: list[_Waiting[T]] = []
        self._limit = RateLimit(max_rate)
        self._newest: int | None = None
        self._admitted: int | None = None
        self._taken: int | None = None
        self._now: int | None = None
        self._interval = 0
        self._latest: int | None = None
        self._step = 0

    @property
    def max_rate(self) -> float:
        """Windows per second at most; 0: no limit."""
        return self._limit.max_rate

    @max_rate.setter
    def max_rate(self, max_rate: float) -> None:
        self._limit = RateLimit(max_rate)

    @property
    def waiting(self) -> int:
        """How many frames wait for their audio."""
        return len(self._waiting)

    def offer(self, stamp: int, item: T, now: int) -> None:
        """Take a frame; `stamp` and `now` are ns of the ROS clock."""
        self._watch_clock(now)
        if self._newest is not None and stamp < self._newest - JUMP:
            self._start_anew()
        self._newest = stamp if self._newest is None else max(stamp, self._newest)
        if self._taken is not None and stamp <= self._taken:
            self.drops[Drop.BUSY] += 1
        elif not self._limit.admits(stamp):
            self.drops[Drop.RATE_LIMIT] += 1
        else:
            self._interval = 0 if self._admitted is None else max(stamp - self._admitted, 0)
            self._admitted = stamp if self._admitted is None else max(stamp, self._admitted)
            insort(self._waiting, _Waiting(stamp, item, now), key=lambda frame: frame.stamp)
            self._make_room()

    def take(self, now: int) -> Window[T] | None:
        """Return the newest frame whose second is complete, or None.

        Older frames are dropped, and so are those whose second can no longer come; newer ones wait on.
        """
        self._watch_clock(now)
        waiting, self._waiting = self._waiting, []
        for place in reversed(range(len(waiting))):
            frame = waiting[place]
            second = self._second(frame)
            if isinstance(second, Sound):
                self._drop_all(waiting[:place])
                self._taken = frame.stamp
                return Window(frame.item, frame.stamp, second)
            if self._may_come(second) and now - frame.offered <= self._patience:
                self._waiting.insert(0, frame)
            else:
                self.drops[_CAUSES[second]] += 1
        return None

    def upcoming(self) -> T | None:
        """Return the item of the frame that will be taken when sound comes next, or None.

        It is taken that as much comes as last time. Where another frame will be there by then, None: that
        one will be taken.
        """
        latest = self._timeline.latest
        if latest is None:
            return None
        if latest != self._latest:
            self._step = latest - (latest if self._latest is None else self._latest)
            self._latest = latest
        due = latest + self._step - self._delay
        frames = [frame for frame in self._waiting if frame.stamp <= due]
        if not frames:
            return None
        newest = frames[-1]
        passed_over = newest.stamp == self._admitted and 0 < self._interval <= due - newest.stamp
        return None if passed_over else newest.item

    @property
    def _delay(self) -> int:
        return _HALF_SECOND if self.alignment == 'centered' else 0

    @property
    def _patience(self) -> int:
        return self._timeout + self._delay

    def _second(self, frame: _Waiting[T]) -> Sound | Missing:
        return self._timeline.second(frame.stamp + self._delay)

    def _may_come(self, missing: Missing) -> bool:
        """Whether more audio could complete the second: holes stay, and so does what was never heard."""
        return missing is Missing.NOT_YET or (missing is Missing.NO_AUDIO and self._timeline.latest is None)

    def _make_room(self) -> None:
        if self._timeline.latest is None and len(self._waiting) > MAX_UNHEARD:
            self._drop(self._waiting.pop(0))
        elif len(self._waiting) > MAX_WAITING:
            self._drop(self._waiting.pop(self._least_missed()))

    def _least_missed(self) -> int:
        """Return the place of the frame whose neighbours are closest to each other; the ends stay."""
        stamps = [frame.stamp for frame in self._waiting]
        return min(range(1, len(stamps) - 1), key=lambda place: stamps[place + 1] - stamps[place - 1])

    def _drop_all(self, frames: list[_Waiting[T]]) -> None:
        for frame in frames:
            self._drop(frame)

    def _drop(self, frame: _Waiting[T]) -> None:
        """Count a frame under what its second lacked; nothing, if it was only passed over."""
        second = self._second(frame)
        self.drops[Drop.BUSY if isinstance(second, Sound) else _CAUSES[second]] += 1

    def _watch_clock(self, now: int) -> None:
        if self._now is not None and now < self._now - JUMP:
            self._start_anew()
        self._now = now

    def _start_anew(self) -> None:
        """Forget the time before a jump back; the audio of the frames that wait will not come any more."""
        self._drop_all(self._waiting)
        self._waiting = []
        self._newest = self._admitted = self._taken = None
        self._limit = RateLimit(self.max_rate)


class RateLimit:
    """Lets through at most `max_rate` frames per second of their stamps (0: all), on average.

    Frames are due at equal intervals. One may come up to a quarter of an interval early, and one that comes
    late does not move those after it: so neither jitter nor an input just faster than the limit halves the
    rate, as comparing with the last frame would. After a pause of an interval the intervals start anew.
    """

    def __init__(self, max_rate: float) -> None:
        self.max_rate = max_rate
        self._interval = _NS / max_rate if max_rate > 0 else 0.0
        self._due: float | None = None

    def admits(self, stamp: int) -> bool:
        """Say whether the frame may pass, and count it if so."""
        if not self._interval:
            return True
        if self._due is None or stamp >= self._due + self._interval:
            self._due = stamp
        elif stamp < self._due - self._interval / 4:
            return False
        self._due += self._interval
        return True
