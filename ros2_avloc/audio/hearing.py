"""From chunks, as messages bring them, to the timeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ros2_avloc.audio.block import Block
from ros2_avloc.audio.channels import microphones, mix
from ros2_avloc.audio.chunk import AudioFormat, Chunk
from ros2_avloc.audio.decoded import Decoded, Decoder
from ros2_avloc.audio.pcm import PcmDecoder
from ros2_avloc.audio.timeline import Timeline
from ros2_avloc.errors import InputError


class Hearing:
    """Decodes chunks, mixes their channels and feeds the timeline.

    A stamp of 0 or below is a header that nobody filled in: such a chunk counts as unstamped. A change
    of format starts the timeline anew, which its status counts among the restarts.

    Parameters
    ----------
    select
        Indices of the channels to mix; empty means all.
    stamp_at
        Whether a stamp is the time of a chunk's first sample or of its end. Drivers that stamp after
        a blocking read stamp the end.
    seconds
        Audio that the timeline keeps.
    array
        Microphones of an array whose channels the timeline keeps too; 0: none.
    """

    def __init__(self, *, select: Sequence[int] = (), stamp_at: Literal['start', 'end'] = 'start',
                 seconds: float = 10.0, array: int = 0) -> None:
        self.timeline = Timeline(seconds)
        self._select = tuple(select)
        self._stamp_at = stamp_at
        self._array = array
        self._format: AudioFormat | None = None
        self._decoder: Decoder | None = None

    def hear(self, chunk: Chunk) -> None:
        """Take the next chunk.

        Raises
        ------
        InputError
            If the chunk cannot be used. Then it changes nothing; the next one may be good.
        """
        changed = self._decoder is None or not _same(chunk.format, self._format)
        decoder = _open(chunk.format) if changed or self._decoder is None else self._decoder
        decoded = decoder.decode(_bytes(chunk))
        samples = mix(decoded.samples, self._select)
        channels = microphones(decoded.samples, self._select, self._array) if self._array else None
        if changed:
            self.timeline.restart()
            self._format, self._decoder = chunk.format, decoder
        if len(samples):
            time, position = self._timed(chunk, decoded)
            source: Literal['header', 'arrival'] = 'arrival' if _unstamped(chunk) else 'header'
            self.timeline.append(Block(samples, decoded.sample_rate, time, position, chunk.arrival, source,
                                       channels))

    def _timed(self, chunk: Chunk, decoded: Decoded) -> tuple[int, float]:
        """Return the chunk's time and the position of its samples that the time belongs to."""
        if chunk.stamp is None or _unstamped(chunk):
            return chunk.arrival, decoded.end
        return chunk.stamp, decoded.end if self._stamp_at == 'end' else decoded.begin


def _unstamped(chunk: Chunk) -> bool:
    return chunk.stamp is None or chunk.stamp <= 0


def _same(one: AudioFormat, other: AudioFormat | None) -> bool:
    """Whether one decoder serves both; an mp3 stream says its rate and channels itself."""
    return one == other or (other is not None and one.coding == other.coding == 'mp3')


def _open(audio_format: AudioFormat) -> Decoder:
    if audio_format.coding == 'mp3':
        return _open_mp3()
    if audio_format.coding == 'pcm':
        return PcmDecoder(audio_format)
    raise InputError(f'The audio coding {audio_format.coding!r} is not known: use pcm or mp3.')


def _open_mp3() -> Decoder:
    # PyAV is wanted for mp3 alone; a robot that sends PCM needs none.
    try:
        from ros2_avloc.audio.mp3 import Mp3Decoder
    except ImportError:
        raise InputError('The audio is mp3, for which PyAV is missing: install python3-av, or start '
                         'audio_capture with format:=wave.') from None
    return Mp3Decoder()


def _bytes(chunk: Chunk) -> memoryview:
    """Return the bytes of a chunk, without a copy where they lie in one piece."""
    try:
        view = memoryview(chunk.data)  # type: ignore[arg-type]
    except TypeError:
        raise InputError(f'An audio chunk holds {type(chunk.data).__name__} instead of bytes: '
                         f'look at the audio driver.') from None
    castable = view.c_contiguous and view.nbytes and view.format[0] not in '<>'
    return view.cast('B') if castable else memoryview(view.tobytes())
