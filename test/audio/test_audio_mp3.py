from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ros2_avloc.audio.chunk import AudioFormat
from ros2_avloc.audio.mp3 import CODEC_DELAY, NO_FRAME_LIMIT, Mp3Decoder
from ros2_avloc.audio.mp3_frames import Splitter, frame_header
from ros2_avloc.audio.pcm import PcmDecoder
from ros2_avloc.errors import InputError

Encode = Callable[..., list[bytes]]
LAME_GAIN = 0.95  # LAME scales its input by default
RATES = [16_000, 22_050, 44_100, 48_000]


def tone(rate: int, seconds: float = 2.0, channels: int = 1) -> NDArray[np.int16]:
    wave = 8000 * np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate)
    return np.tile(wave.astype(np.int16), (channels, 1))


def impulse(rate: int, at: float) -> NDArray[np.int16]:
    samples = np.zeros((1, 2 * rate), np.int16)
    samples[0, int(at * rate)] = 20_000
    return samples


def random_cuts(data: bytes, seed: int = 0, longest: int = 900) -> list[bytes]:
    rng, cuts, at = np.random.default_rng(seed), [], 0
    while at < len(data):
        length = int(rng.integers(1, longest))
        cuts.append(data[at:at + length])
        at += length
    return cuts


def decoded(pieces: list[bytes]) -> NDArray[np.float32]:
    decoder = Mp3Decoder()
    blocks = [decoder.decode(piece).samples for piece in pieces]
    return np.concatenate([block for block in blocks if len(block)])


@pytest.mark.parametrize('rate', RATES)
def test_headers_of_lame(encode_mp3: Encode, rate: int) -> None:
    for frame in encode_mp3(tone(rate, channels=2), rate):
        header = frame_header(frame)
        assert header is not None
        assert (header.length, header.sample_rate, header.channels) == (len(frame), rate, 2)


@pytest.mark.parametrize('channels', [1, 2])
@pytest.mark.parametrize('rate', RATES)
def test_cuts_do_not_change_the_sound(encode_mp3: Encode, rate: int, channels: int) -> None:
    frames = encode_mp3(tone(rate, channels=channels), rate)
    whole = decoded(frames)
    assert whole.shape[1] == channels
    assert np.array_equal(decoded(random_cuts(b''.join(frames))), whole)


@pytest.mark.parametrize('rate', RATES)
def test_tone_is_heard(encode_mp3: Encode, rate: int) -> None:
    heard = decoded(encode_mp3(tone(rate), rate))[:, 0]
    expected = LAME_GAIN * tone(rate)[0, :len(heard) - CODEC_DELAY] / 32768
    middle = slice(rate // 4, rate)
    assert np.abs(heard[CODEC_DELAY:][middle] - expected[middle]).max() < 0.002


@pytest.mark.parametrize('rate', RATES)
def test_delay_of_the_codec(encode_mp3: Encode, rate: int) -> None:
    heard = decoded(encode_mp3(impulse(rate, 1.0), rate))[:, 0]
    assert np.argmax(np.abs(heard)) == rate + CODEC_DELAY


@pytest.mark.parametrize('rate', RATES)
def test_positions_say_when_a_chunk_began(encode_mp3: Encode, rate: int) -> None:
    frames = encode_mp3(tone(rate), rate)
    data = b''.join(frames)
    header = frame_header(frames[0])
    assert header is not None
    decoder, fed, heard = Mp3Decoder(), 0, 0
    for piece in random_cuts(data, longest=3000):
        got = decoder.decode(piece)
        if len(got.samples):
            # A chunk that began after `fed` bytes began that part of the stream's time after its start.
            began = fed / len(data) * len(frames) * header.samples
            assert heard + got.begin - CODEC_DELAY == pytest.approx(began, abs=header.samples)
            assert got.end > got.begin and got.sample_rate == rate
        fed, heard = fed + len(piece), heard + len(got.samples)


@given(start=st.integers(0, 5000), seed=st.integers(0, 100))
def test_splitter_joins_anywhere(start: int, seed: int) -> None:
    body = bytes(range(100)) * 5
    stream = (b'\xff\xfb\x90\xc4' + body[:413]) * 14  # 128 kbit/s at 44.1 kHz, 417 bytes a frame
    splitter = Splitter()
    frames = [frame for piece in random_cuts(stream[start:], seed) for frame in splitter.feed(piece)]
    expected = (len(stream) - start) // 417
    assert len(frames) == (expected if expected > 1 else 0)
    assert all(frame == stream[:417] for _, frame in frames)


def test_sound_comes_back_after_damage(encode_mp3: Encode) -> None:
    rate = 44_100
    data = bytearray(b''.join(encode_mp3(tone(rate, 3.0), rate)))
    rng = np.random.default_rng(4)
    for at in rng.integers(5_000, 15_000, 60):
        data[at] ^= int(rng.integers(1, 256))
    del data[16_000:16_123]
    heard = decoded(random_cuts(bytes(data)))[:, 0]
    assert 2.0 * rate < len(heard) <= 3.1 * rate
    last = heard[-rate:-rate // 4]
    assert np.sqrt(np.mean(last ** 2)) == pytest.approx(LAME_GAIN * 8000 / 32768 / np.sqrt(2), rel=0.02)


def test_stream_that_changes_its_rate(encode_mp3: Encode) -> None:
    decoder = Mp3Decoder()
    rates = []
    for rate, channels in ((44_100, 2), (16_000, 1)):
        for frame in encode_mp3(tone(rate, channels=channels), rate):
            got = decoder.decode(frame)
            rates += [got.sample_rate] if len(got.samples) else []
    assert rates[0] == 44_100 and rates[-1] == 16_000 and sorted(rates, reverse=True) == rates


@pytest.mark.parametrize('seed', range(3))
def test_pcm_is_not_taken_for_mp3(seed: int) -> None:
    noise = np.random.default_rng(seed).integers(-32768, 32767, 3 * NO_FRAME_LIMIT, dtype=np.int16).tobytes()
    decoder = Mp3Decoder()
    with pytest.raises(InputError, match='said to be mp3, but no mp3 frame'):
        for piece in random_cuts(noise):
            assert len(decoder.decode(piece).samples) == 0


def test_empty_chunk_is_refused() -> None:
    with pytest.raises(InputError, match='empty'):
        Mp3Decoder().decode(b'')


@pytest.mark.parametrize('rate', RATES)
@pytest.mark.parametrize('cut', ['frames', 'anywhere'])
def test_mp3_is_not_taken_for_pcm(encode_mp3: Encode, rate: int, cut: str) -> None:
    frames = encode_mp3(tone(rate), rate)
    decoder = PcmDecoder(AudioFormat('pcm', 'U8', 16_000, 1))  # any length is whole samples
    pieces, taken = frames if cut == 'frames' else random_cuts(b''.join(frames)), 0
    with pytest.raises(InputError, match='is an mp3 stream: set audio.format to mp3'):
        for piece in pieces:
            decoder.decode(piece)
            taken += len(piece)
    assert taken == 0 if cut == 'frames' else taken < 4 * 1441


@pytest.mark.parametrize('width', [320, 960, 2048])
def test_loud_noise_is_not_taken_for_mp3(width: int) -> None:
    noise = np.random.default_rng(9).integers(0, 256, 400_000, dtype=np.uint8).tobytes()
    decoder = PcmDecoder(AudioFormat('pcm', 'S16LE', 48_000, 1))
    for at in range(0, len(noise) - width, width):
        assert len(decoder.decode(noise[at:at + width]).samples) == width // 2


@given(st.binary(max_size=3000))
def test_any_bytes_are_survived(data: bytes) -> None:
    for decoder in (Mp3Decoder(), PcmDecoder(AudioFormat('pcm', 'U8', 8_000, 1))):
        try:
            assert np.isfinite(decoder.decode(data).samples).all()
        except InputError as error:
            assert str(error).count('\n') == 0
