"""The whole chain, with signals whose truth is known."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ros2_avloc.audio.chunk import AudioFormat, Chunk
from ros2_avloc.audio.hearing import Hearing
from ros2_avloc.audio.sound import SAMPLE_RATE, Missing, Sound
from ros2_avloc.errors import InputError

T0 = 1_700_000_000_000_000_000
MS = 1_000_000
SECOND = 1_000_000_000
RATES = [8_000, 11_025, 16_000, 44_100, 48_000, 96_000, 192_000]


def ns(seconds: float) -> int:
    return round(seconds * SECOND)


def pcm(rate: int, channels: int = 1) -> AudioFormat:
    return AudioFormat('pcm', 'S16LE', rate, channels)


def impulses(rate: int, seconds: float, *times: float) -> NDArray[np.int16]:
    samples = np.zeros(round(rate * seconds), np.int16)
    for time in times:
        samples[round(time * rate)] = 30_000
    return samples


def chunks(samples: NDArray[np.int16], rate: int, length: int, *, drift_ppm: float = 0.0,
           begin: int = T0) -> list[Chunk]:
    """Cut samples of a card that drifts into chunks; stamped with the first sample, received at the end."""
    card = rate * (1 + drift_ppm * 1e-6)
    return [Chunk(samples[i:i + length].tobytes(), pcm(rate),
                  begin + ns(i / card), begin + ns((i + length) / card))
            for i in range(0, len(samples) - length + 1, length)]


def jittered(stream: Iterable[Chunk], spread: float, seed: int = 0) -> list[Chunk]:
    rng = np.random.default_rng(seed)
    return [replace(chunk, stamp=chunk.stamp + ns(rng.uniform(-spread, spread))) for chunk in stream]


def unstamped(stream: Iterable[Chunk], delay: float, seed: int = 0) -> list[Chunk]:
    """Without headers, each delivered late by up to `delay`, in order."""
    rng, last, late = np.random.default_rng(seed), 0, []
    for chunk in stream:
        last = max(last, chunk.arrival + ns(rng.uniform(0, delay)))
        late.append(replace(chunk, stamp=None, arrival=last))
    return late


def hear(stream: Iterable[Chunk], **settings: object) -> Hearing:
    hearing = Hearing(**settings)  # type: ignore[arg-type]
    for chunk in stream:
        hearing.hear(chunk)
    return hearing


def sound(hearing: Hearing, until: float) -> Sound:
    got = hearing.timeline.second(T0 + ns(until))
    assert isinstance(got, Sound), got
    return got


def heard_at(hearing: Hearing, near: float) -> float:
    """Time in s after T0 of the loudest sample around `near`, by the public interface alone.

    An end is rounded down to 5 ms; the ROS time at which it moves on is that of its last sample.
    """
    until = T0 + ns(near + 0.3)
    got = hearing.timeline.second(until)
    assert isinstance(got, Sound), got
    low, high = until, until + 6 * MS
    while high - low > 1000:
        middle = (low + high) // 2
        later = hearing.timeline.second(middle)
        low, high = (middle, high) if isinstance(later, Sound) and later.end == got.end else (low, middle)
    end = (high - T0) * 1e-9 - 240 / SAMPLE_RATE
    return end - (len(got.samples) - np.argmax(np.abs(got.samples))) / SAMPLE_RATE


@pytest.mark.parametrize('rate', RATES)
@pytest.mark.parametrize('length', [160, 1024, 4800])
def test_stamped_impulse_is_where_it_was(rate: int, length: int) -> None:
    stream = chunks(impulses(rate, 3.5, 2.0), rate, length)
    assert heard_at(hear(stream), 2.0) == pytest.approx(2.0, abs=1e-4)


@pytest.mark.parametrize('rate', [16_000, 44_100])
@pytest.mark.parametrize('length', [160, 1024])
@pytest.mark.parametrize('seed', range(3))
def test_stamps_that_jitter_by_5_ms(rate: int, length: int, seed: int) -> None:
    stream = jittered(chunks(impulses(rate, 5.5, 4.0), rate, length), 5e-3, seed)
    assert heard_at(hear(stream), 4.0) == pytest.approx(4.0, abs=2e-3)


@pytest.mark.parametrize('rate', [16_000, 48_000])
@pytest.mark.parametrize('length', [160, 1024, 4800])
@pytest.mark.parametrize('seed', range(3))
def test_unstamped_impulse_with_10_ms_of_random_delay(rate: int, length: int, seed: int) -> None:
    stream = unstamped(chunks(impulses(rate, 6.5, 5.0), rate, length), 10e-3, seed)
    assert heard_at(hear(stream), 5.0) == pytest.approx(5.0, abs=15e-3)


@settings(max_examples=20, deadline=None)
@given(lengths=st.lists(st.integers(1, 3000), min_size=5, max_size=30), drift=st.integers(-200, 200))
def test_chunks_of_any_length(lengths: list[int], drift: int) -> None:
    rate, samples, hearing, at, place = 16_000, impulses(16_000, 3.5, 2.0), Hearing(), 0, 0
    while at < len(samples):
        length = lengths[place % len(lengths)] if sum(lengths) > 3000 else 160
        piece = samples[at:at + length]
        stamp = T0 + ns(at / rate / (1 + drift * 1e-6))
        hearing.hear(Chunk(piece.tobytes(), pcm(rate), stamp, stamp))
        at, place = at + len(piece), place + 1
    assert heard_at(hearing, 2.0) == pytest.approx(2.0 / (1 + drift * 1e-6), abs=2e-3)


def test_samples_are_what_was_sent() -> None:
    noise = np.random.default_rng(0).integers(-9000, 9000, 48_000 * 3, dtype=np.int16)
    got = sound(hear(chunks(noise, 48_000, 480)), 2.0)
    assert got.end == 96_000 and got.epoch == 0
    assert np.array_equal(got.samples, noise[got.end - 48_240:got.end].astype(np.float32) / 32768)


def test_successive_seconds_share_columns() -> None:
    noise = np.random.default_rng(0).integers(-9000, 9000, 16_000 * 4, dtype=np.int16)
    hearing = hear(jittered(chunks(noise, 16_000, 1024), 3e-3))
    one, other = sound(hearing, 2.5), sound(hearing, 2.8)
    moved = other.end - one.end
    assert one.end % 240 == 0 and moved % 240 == 0 and moved > 0
    assert np.array_equal(one.samples[moved:], other.samples[:-moved])


@pytest.mark.parametrize('drift_ppm', [200, -200])
def test_drift_is_followed_for_ten_minutes(drift_ppm: float) -> None:
    rate, length, hearing, errors = 8_000, 4_000, Hearing(), []
    card = rate * (1 + drift_ppm * 1e-6)
    silence, click = np.zeros(length, '<i2'), np.zeros(length, '<i2')
    click[0] = 30_000
    rng = np.random.default_rng(2)
    for index in range(1200):
        begin = index * length / card
        stamp = T0 + ns(begin + rng.uniform(-1e-3, 1e-3))
        piece = click if index % 60 == 30 else silence
        hearing.hear(Chunk(piece.tobytes(), pcm(rate), stamp, stamp + SECOND // 2))
        if index % 60 == 33:
            true = (index - 3) * length / card
            errors.append(abs(heard_at(hearing, true) - true))
    assert max(errors[1:]) < 2e-3
    assert max(errors[10:]) < 1e-3
    assert hearing.timeline.status.drift_ppm == pytest.approx(drift_ppm, abs=10)


@pytest.mark.parametrize('lost', [1, 3, 20])
@pytest.mark.parametrize('length', [160, 1024])
@pytest.mark.parametrize('spread', [0.0, 1e-3])
def test_a_loss_shifts_nothing_after_it_and_stays_a_hole(lost: int, length: int, spread: float) -> None:
    rate = 16_000
    stream = jittered(chunks(impulses(rate, 8.0, 6.0), rate, length), spread)
    at = 2 * rate // length
    hearing = hear(stream[:at] + stream[at + lost:])
    gone = at * length / rate, (at + lost) * length / rate
    assert heard_at(hearing, 6.0) == pytest.approx(6.0, abs=5e-4)
    assert hearing.timeline.status.lost_samples == lost * length * 3
    assert hearing.timeline.status.restarts == 0
    assert isinstance(hearing.timeline.second(T0 + ns(gone[0] - 0.01)), Sound)
    assert hearing.timeline.second(T0 + ns(gone[0] + 0.02)) is Missing.HOLE
    assert hearing.timeline.second(T0 + ns(gone[1] + 0.98)) is Missing.HOLE
    assert isinstance(hearing.timeline.second(T0 + ns(gone[1] + 1.02)), Sound)


@pytest.mark.parametrize('seed', range(5))
def test_a_loss_that_is_as_small_as_the_jitter_is_seen_too(seed: int) -> None:
    stream = jittered(chunks(impulses(16_000, 8.0, 6.0), 16_000, 160), 5e-3, seed)
    hearing = hear(stream[:300] + stream[301:])
    assert hearing.timeline.status.lost_samples == 480
    assert heard_at(hearing, 6.0) == pytest.approx(6.0, abs=2e-3)


def test_lost_samples_within_a_stream_are_as_long_as_the_stamps_say() -> None:
    rate = 16_000
    samples = impulses(rate, 6.0, 4.5)
    before, after = chunks(samples[:2 * rate], rate, 1000), chunks(samples[2 * rate + 333:], rate, 1000)
    moved = [replace(chunk, stamp=chunk.stamp + ns(2 + 333 / rate)) for chunk in after]
    hearing = hear(before + moved)
    assert heard_at(hearing, 4.5) == pytest.approx(4.5, abs=5e-4)
    assert hearing.timeline.status.lost_samples == pytest.approx(999, abs=1)


def test_large_loss_without_stamps_is_a_hole() -> None:
    rate = 16_000
    stream = unstamped(chunks(impulses(rate, 9.0, 7.5), rate, 1024), 5e-3)
    hearing = hear(stream[:40] + stream[50:])
    assert hearing.timeline.status.lost_samples == pytest.approx(10 * 1024 * 3, abs=0.01 * 48_000)
    assert heard_at(hearing, 7.5) == pytest.approx(7.5, abs=15e-3)
    assert hearing.timeline.second(T0 + ns(3.0)) is Missing.HOLE


@pytest.mark.parametrize('twice', [1, 3])
def test_repeated_chunks_are_dropped_and_counted(twice: int) -> None:
    rate, length = 16_000, 1024
    stream = jittered(chunks(impulses(rate, 6.0, 4.0), rate, length), 1e-3)
    hearing = hear(stream[:30] + stream[30 - twice:])
    assert heard_at(hearing, 4.0) == pytest.approx(4.0, abs=1e-3)
    status = hearing.timeline.status
    assert (status.repeated_samples, status.lost_samples, status.restarts) == (twice * length * 3, 0, 0)


@pytest.mark.parametrize('stamp_at', ['start', 'end'])
def test_stamp_of_the_end(stamp_at: str) -> None:
    rate, length = 16_000, 1600
    stream = [replace(chunk, stamp=chunk.arrival) for chunk in chunks(impulses(rate, 4.0, 2.0), rate, length)]
    expected = 2.0 if stamp_at == 'end' else 2.1
    assert heard_at(hear(stream, stamp_at=stamp_at), 2.0) == pytest.approx(expected, abs=1e-3)


def test_a_bag_that_loops_starts_a_new_epoch() -> None:
    rate = 16_000
    stream = chunks(impulses(rate, 4.0, 2.0), rate, 1024)
    hearing = hear(stream + [replace(chunk, arrival=chunk.arrival + 4 * SECOND) for chunk in stream])
    assert heard_at(hearing, 2.0) == pytest.approx(2.0, abs=1e-4)
    assert sound(hearing, 2.5).epoch == hearing.timeline.status.restarts == 1


@pytest.mark.parametrize('jump', [60.0, -60.0, 1e6, -1e6])
def test_a_jump_of_time_starts_a_new_epoch(jump: float) -> None:
    rate = 16_000
    stream = chunks(impulses(rate, 4.0), rate, 1024)
    moved = [replace(chunk, stamp=chunk.stamp + ns(jump)) for chunk in stream]
    hearing = hear(stream + moved)
    assert hearing.timeline.second(T0 + ns(2.0)) is not Missing.HOLE
    got = hearing.timeline.second(T0 + ns(jump + 2.0))
    assert isinstance(got, Sound) and got.epoch == 1


@pytest.mark.parametrize('absurd', [0, -5, 1, T0 * 5, T0 + 20 * SECOND, T0 - 20 * SECOND])
def test_single_absurd_stamps_change_nothing(absurd: int) -> None:
    rate = 16_000
    stream = chunks(impulses(rate, 5.0, 4.0), rate, 1024)
    for place in (10, 20, 21, 40):
        stream[place] = replace(stream[place], stamp=absurd)
    hearing = hear(stream)
    assert hearing.timeline.status.stamp_source == 'header' and hearing.timeline.status.restarts == 0
    assert heard_at(hearing, 4.0) == pytest.approx(4.0, abs=1e-3)


def test_stream_whose_stamps_nobody_filled_in_counts_as_unstamped() -> None:
    rate = 16_000
    stream = [replace(chunk, stamp=0) for chunk in chunks(impulses(rate, 4.0, 2.0), rate, 1024)]
    hearing = hear(stream)
    assert hearing.timeline.status.stamp_source == 'arrival'
    assert heard_at(hearing, 2.0) == pytest.approx(2.0, abs=1e-3)


def test_what_is_not_there_says_why() -> None:
    hearing = Hearing()
    assert hearing.timeline.second(T0) is Missing.NO_AUDIO and hearing.timeline.latest is None
    hearing = hear(chunks(impulses(48_000, 1.5), 48_000, 480))
    assert hearing.timeline.latest == pytest.approx(T0 + ns(1.5), abs=1000)
    assert hearing.timeline.second(T0 + ns(0.9)) is Missing.NO_AUDIO
    assert isinstance(hearing.timeline.second(T0 + ns(1.4)), Sound)
    assert hearing.timeline.second(T0 + ns(1.6)) is Missing.NOT_YET


def test_old_audio_is_forgotten() -> None:
    hearing = hear(chunks(impulses(8_000, 8.0), 8_000, 800), seconds=3.0)
    assert hearing.timeline.status.seconds_kept == pytest.approx(3.0)
    assert hearing.timeline.second(T0 + ns(3.0)) is Missing.NO_AUDIO
    assert isinstance(hearing.timeline.second(T0 + ns(7.0)), Sound)


def test_change_of_format_starts_anew() -> None:
    first = chunks(impulses(16_000, 3.0), 16_000, 1024)
    then = chunks(impulses(44_100, 3.0, 2.0), 44_100, 1024)
    moved = [replace(chunk, stamp=chunk.stamp + 3 * SECOND) for chunk in then]
    hearing = hear(first + moved)
    assert hearing.timeline.status.restarts == 1 and hearing.timeline.status.sample_rate == 44_100
    assert heard_at(hearing, 5.0) == pytest.approx(5.0, abs=1e-3)


@pytest.mark.parametrize('bad', [
    Chunk(b'', pcm(16_000), T0, T0),
    Chunk(b'\x00', pcm(16_000), T0, T0),
    Chunk(bytes(2048), pcm(100), T0, T0),
    Chunk(bytes(2048), pcm(16_000, channels=0), T0, T0),
    Chunk(bytes(2048), AudioFormat('opus', '', 16_000, 1), T0, T0),
    Chunk(bytes(2048), AudioFormat('pcm', 'S12', 16_000, 1), T0, T0),
    Chunk([1, 2], pcm(16_000), T0, T0),  # type: ignore[arg-type]
])
def test_a_bad_chunk_changes_nothing(bad: Chunk) -> None:
    stream = chunks(impulses(16_000, 4.0, 2.0), 16_000, 1024)
    hearing = Hearing()
    for place, chunk in enumerate(stream):
        hearing.hear(chunk)
        if place % 10 == 5:
            with pytest.raises(InputError):
                hearing.hear(bad)
    assert heard_at(hearing, 2.0) == pytest.approx(2.0, abs=1e-4)
    status = hearing.timeline.status
    assert (status.restarts, status.lost_samples, status.repeated_samples) == (0, 0, 0)


def test_selected_channels_are_heard() -> None:
    rate = 16_000
    noise, click = np.random.default_rng(0).integers(-9000, 9000, 3 * rate), impulses(rate, 3.0, 2.0)
    both = np.stack((noise, click, click), axis=1).astype('<i2')
    stream = [replace(chunk, data=both[i * 1000:(i + 1) * 1000].tobytes(), format=pcm(rate, 3))
              for i, chunk in enumerate(chunks(click, rate, 1000))]
    got = sound(hear(stream, select=(1, 2)), 2.5).samples
    assert np.count_nonzero(np.abs(got) > 0.5) >= 1 and np.median(np.abs(got)) == 0
    with pytest.raises(InputError, match='channel 3'):
        hear(stream, select=(3,))


@pytest.mark.parametrize('pack', [bytes, memoryview, bytearray, lambda data: np.frombuffer(data, '<i2'),
                                  lambda data: np.frombuffer(data, '>i2'),
                                  lambda data: np.repeat(np.frombuffer(data, '<i2'), 2)[::2]])
def test_any_buffer_is_taken(pack: Callable[[bytes], object]) -> None:
    stream = [replace(chunk, data=pack(bytes(chunk.data)))
              for chunk in chunks(impulses(16_000, 3.0, 2.0), 16_000, 1024)]
    assert heard_at(hear(stream), 2.0) == pytest.approx(2.0, abs=1e-4)


@pytest.mark.parametrize('rate', [16_000, 44_100, 48_000])
@pytest.mark.parametrize('stamped', [True, False])
@pytest.mark.parametrize('begin', [0, 1234])
def test_mp3_in_chunks_of_random_length_is_aligned(encode_mp3: Callable[..., list[bytes]], rate: int,
                                                   stamped: bool, begin: int) -> None:
    samples = np.zeros((1, 7 * rate), np.int16)
    samples[0, 5 * rate] = 25_000
    frames = encode_mp3(samples, rate)
    data = b''.join(frames)
    per_second = len(data) / (len(frames) * (1152 if rate >= 32_000 else 576)) * rate
    rng, hearing, at = np.random.default_rng(5), Hearing(), begin
    while at < len(data):
        length = int(rng.integers(1, 900))
        stamp = T0 + ns(at / per_second) if stamped else None
        arrival = T0 + ns((at + length) / per_second + rng.uniform(0, 5e-3))
        hearing.hear(Chunk(data[at:at + length], AudioFormat('mp3', '', 0, 0), stamp, arrival))
        at += length
    assert heard_at(hearing, 5.0) == pytest.approx(5.0, abs=2e-3 if stamped else 15e-3)
    assert hearing.timeline.status.restarts == 0


def test_status_tells_the_truth() -> None:
    stream = chunks(impulses(16_000, 20.0), 16_000, 1024, drift_ppm=100)
    late = [replace(chunk, arrival=chunk.arrival + 30 * MS) for chunk in jittered(stream, 3e-3)]
    status = hear(late).timeline.status
    assert status.stamp_source == 'header' and status.sample_rate == 16_000
    assert status.drift_ppm == pytest.approx(100, abs=60)
    assert status.jitter_ms == pytest.approx(3 / np.sqrt(3), rel=0.4)
    assert status.skew_ms == pytest.approx(30, abs=2)
    assert status.seconds_kept == pytest.approx(10)


def test_a_first_stamp_that_is_absurd_is_got_over() -> None:
    stream = chunks(impulses(16_000, 4.0, 2.0), 16_000, 1024)
    hearing = hear([replace(stream[0], stamp=9 * 10 ** 18), *stream[1:]])
    assert heard_at(hearing, 2.0) == pytest.approx(2.0, abs=1e-4)


def test_time_that_jumps_back_starts_anew_without_stamps_too() -> None:
    stream = unstamped(chunks(impulses(16_000, 4.0, 2.0), 16_000, 1024), 5e-3)
    hearing = hear(stream + stream)
    assert hearing.timeline.status.restarts == 1
    assert heard_at(hearing, 2.0) == pytest.approx(2.0, abs=15e-3)


def test_delivery_that_stalls_loses_nothing() -> None:
    stream = unstamped(chunks(impulses(16_000, 6.0, 4.0), 16_000, 1024), 5e-3)
    stalled = [replace(chunk, arrival=T0 + ns(2.6)) if ns(2.0) < chunk.arrival - T0 < ns(2.6) else chunk
               for chunk in stream]
    hearing = hear(stalled)
    assert hearing.timeline.status.lost_samples == hearing.timeline.status.restarts == 0
    assert heard_at(hearing, 4.0) == pytest.approx(4.0, abs=15e-3)


def test_read_only_floats_are_resampled() -> None:
    samples = impulses(16_000, 3.0, 2.0).astype('<f4') / 32768
    floats = AudioFormat('pcm', 'F32LE', 16_000, 1)
    stream = [Chunk(samples[i:i + 1000].tobytes(), floats, T0 + ns(i / 16_000), T0)
              for i in range(0, 48_000, 1000)]
    assert heard_at(hear(stream), 2.0) == pytest.approx(2.0, abs=1e-4)


FAULTS = st.lists(st.tuples(
    st.sampled_from(['lose', 'repeat', 'absurd', 'late', 'unstamp', 'swap', 'garbage']),
    st.integers(0, 60), st.integers(1, 12)), max_size=8)


@settings(max_examples=40, deadline=None)
@given(faults=FAULTS, length=st.sampled_from([160, 1024]), stamped=st.booleans())
def test_after_any_faults_clean_audio_is_where_it_was(
        faults: list[tuple[str, int, int]], length: int, stamped: bool) -> None:
    rate = 16_000
    clean = chunks(impulses(rate, 8.0, 7.0), rate, length)
    clean = clean if stamped else unstamped(clean, 2e-3)
    head, tail = clean[:3 * rate // length], clean[3 * rate // length:]
    for fault, at, count in faults:
        some = head[at:at + count]
        head[at:at + count] = {
            'lose': lambda some: [],
            'repeat': lambda some: some + some,
            'absurd': lambda some: [replace(chunk, stamp=T0 * 4) for chunk in some],
            'late': lambda some: [replace(chunk, arrival=some[-1].arrival + 300 * MS) for chunk in some],
            'unstamp': lambda some: [replace(chunk, stamp=None) for chunk in some],
            'swap': lambda some: some[::-1],
            'garbage': lambda some: [replace(chunk, data=bytes(range(251)) * 2) for chunk in some],
        }[fault](some)
    hearing = hear(head + tail)
    assert heard_at(hearing, 7.0) == pytest.approx(7.0, abs=2e-3 if stamped else 15e-3)


def test_mp3_without_pyav_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, 'ros2_avloc.audio.mp3', raising=False)
    monkeypatch.setitem(sys.modules, 'av', None)
    with pytest.raises(InputError, match='install python3-av'):
        Hearing().hear(Chunk(bytes(100), AudioFormat('mp3', '', 0, 0), T0, T0))
