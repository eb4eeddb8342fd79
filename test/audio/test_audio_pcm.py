from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ros2_avloc.audio.chunk import AudioFormat
from ros2_avloc.audio.formats import SAMPLE_FORMATS, audio_format, sample_format
from ros2_avloc.audio.pcm import PcmDecoder, decode_pcm
from ros2_avloc.errors import InputError

BITS = {'U8': 8, 'S8': 8, 'S16': 16, 'S24': 24, 'S32': 32}
INTEGERS = [name for name in SAMPLE_FORMATS if name[0] != 'F']


def pcm(name: str, channels: int = 1, rate: int = 16_000) -> AudioFormat:
    return AudioFormat('pcm', name, rate, channels)


def encoded(values: list[int], name: str) -> bytes:
    """Bytes of integer samples, by Python's own conversion."""
    width = BITS[name.rstrip('BLE')] // 8
    order = 'big' if name.endswith('BE') else 'little'
    zero = 128 if name == 'U8' else 0
    return b''.join((value + zero).to_bytes(width, order, signed=not zero) for value in values)


@pytest.mark.parametrize('name', INTEGERS)
@given(data=st.data())
def test_integers_come_out_as_their_fraction_of_full_scale(name: str, data: st.DataObject) -> None:
    full = 1 << (BITS[name.rstrip('BLE')] - 1)
    values = data.draw(st.lists(st.integers(-full, full - 1), min_size=1, max_size=40))
    got = decode_pcm(encoded(values, name), pcm(name))
    assert got.dtype == np.float32 and got.shape == (len(values), 1)
    assert np.allclose(got[:, 0], np.array(values) / full, atol=2.0 ** -24)


@pytest.mark.parametrize(('name', 'dtype'), [('F32LE', '<f4'), ('F32BE', '>f4')])
@given(values=arrays(np.float32, st.integers(1, 40), elements=st.floats(-1, 1, width=32)))
def test_floats_come_out_as_they_are(name: str, dtype: str, values: np.ndarray) -> None:
    assert np.array_equal(decode_pcm(values.astype(dtype).tobytes(), pcm(name))[:, 0], values)


@pytest.mark.parametrize(('name', 'lowest', 'silence'), [
    ('U8', b'\x00', b'\x80'), ('S16LE', b'\x00\x80', b'\x00\x00'), ('S16BE', b'\x80\x00', b'\x00\x00'),
    ('S24LE', b'\x00\x00\x80', b'\x00\x00\x00'), ('S24BE', b'\x80\x00\x00', b'\x00\x00\x00')])
def test_ends_of_the_range(name: str, lowest: bytes, silence: bytes) -> None:
    assert decode_pcm(lowest + silence, pcm(name))[:, 0].tolist() == [-1.0, 0.0]


def test_channels_are_interleaved() -> None:
    values = np.arange(12, dtype='<i2') * 100
    got = decode_pcm(values.tobytes(), pcm('S16LE', channels=3))
    assert np.allclose(got, values.reshape(4, 3) / 32768)


def test_little_endian_floats_are_not_copied() -> None:
    data = np.linspace(-1, 1, 100, dtype='<f4')
    assert np.shares_memory(decode_pcm(data.tobytes(), pcm('F32LE')), data) is False
    assert np.shares_memory(decode_pcm(memoryview(data).cast('B'), pcm('F32LE')), data)


def test_floats_that_are_no_sound_are_tamed() -> None:
    values = np.array([np.nan, np.inf, -np.inf, 7.0, 0.5], '<f4')
    assert decode_pcm(values.tobytes(), pcm('F32LE'))[:, 0].tolist() == [0.0, 1.0, -1.0, 1.0, 0.5]


def test_length_that_is_no_whole_number_of_samples_is_named() -> None:
    with pytest.raises(InputError, match=r'1023 bytes .* S16LE samples of 2 channels \(4 bytes each\)'):
        decode_pcm(bytes(1023), pcm('S16LE', channels=2))


def test_empty_chunk_is_refused() -> None:
    with pytest.raises(InputError, match='empty'):
        decode_pcm(b'', pcm('S16LE'))


@given(st.binary(max_size=300), st.sampled_from(SAMPLE_FORMATS), st.integers(1, 9))
def test_any_bytes_give_sound_or_an_input_error(data: bytes, name: str, channels: int) -> None:
    try:
        got = decode_pcm(data, pcm(name, channels))
    except InputError:
        return
    assert np.isfinite(got).all() and np.abs(got).max() <= 1 and got.shape[1] == channels


@pytest.mark.parametrize(('spelling', 'name'), [
    ('s16le', 'S16LE'), ('S16', 'S16LE'), ('int16', 'S16LE'), ('float32', 'F32LE'), (' F32LE ', 'F32LE'),
    ('signed_24', 'S24LE'), ('S24_3LE', 'S24LE'),
    (0x08, 'S16LE'), (0x01, 'F32LE'), (0x20, 'U8'), (0x02, 'S32LE')])
def test_spellings_of_sample_formats(spelling: str | int, name: str) -> None:
    assert sample_format(spelling) == name


@pytest.mark.parametrize('spelling', ['', 'S12LE', 'mp3', 0, 3, 'S24_32LE'])
def test_unknown_sample_format_is_named(spelling: str | int) -> None:
    with pytest.raises(InputError, match='is not known'):
        sample_format(spelling)


def test_audio_format_of_audio_capture() -> None:
    assert audio_format('wave', 'S16LE', 16_000, 2) == AudioFormat('pcm', 'S16LE', 16_000, 2)
    assert audio_format('mp3', 'S16LE', 16_000, 2).coding == 'mp3'


@pytest.mark.parametrize(('coding', 'rate', 'channels', 'match'), [
    ('opus', 16_000, 1, 'opus'), ('wave', 7_999, 1, '7999 Hz'), ('wave', 192_001, 1, '192001 Hz'),
    ('wave', 16_000, 0, '0 channels')])
def test_impossible_audio_format_is_refused(coding: str, rate: int, channels: int, match: str) -> None:
    with pytest.raises(InputError, match=match):
        audio_format(coding, 'S16LE', rate, channels)


@pytest.mark.parametrize('audio', [pcm('S16LE', rate=0), pcm('S16LE', channels=0), pcm('S17LE')])
def test_decoder_refuses_impossible_formats(audio: AudioFormat) -> None:
    with pytest.raises(InputError):
        PcmDecoder(audio)
