"""Recordings with known truth: a frame shows its number, and noise tells where in the sound a second lies."""

from fractions import Fraction
from types import SimpleNamespace

import av
import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from ros2_avloc.recordings.bag_reader import DEFINITIONS

WIDTH, HEIGHT = 96, 64
NS = 1_000_000_000
ZERO = NS
"""Stamp of the beginning of a video file."""


def picture_of(number):
    """Show a number as ten bars, black or white, on the upper half; the lower half is grey."""
    rgb = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    for bit in range(10):
        rgb[:HEIGHT // 2, 9 * bit:9 * bit + 9] = 235 if number >> bit & 1 else 20
    return rgb


def number_of(rgb):
    return sum(int(rgb[HEIGHT // 4, 9 * bit + 4].mean() > 128) << bit for bit in range(10))


def noise_of(seconds, rate=48_000, seed=0):
    """Return noise below 3 kHz at any rate: the same wave, float32, RMS 0.1."""
    rng = np.random.default_rng(seed)
    spectrum = np.zeros(round(48_000 * seconds) // 2 + 1, complex)
    bins = int(3_000 * seconds)
    spectrum[1:bins] = rng.standard_normal(bins - 1) + 1j * rng.standard_normal(bins - 1)
    count = round(rate * seconds)
    wave = np.fft.irfft(spectrum[:count // 2 + 1], count) * count
    return (0.1 * wave / np.sqrt(2 * np.square(np.abs(spectrum)).sum())).astype(np.float32)


def write_video(path, times, *, sound=None, rate=48_000, sound_begins=0.0, codecs=('libx264', 'aac'), gop=12,
                options=None, channels=1):
    """Write a file whose frame k shows k at ``times[k]`` (s)."""
    with av.open(str(path), 'w') as container:
        pictures = heard = None
        if times is not None:
            pictures = container.add_stream(codecs[0], rate=25)
            pictures.width, pictures.height, pictures.pix_fmt = WIDTH, HEIGHT, 'yuv420p'
            pictures.codec_context.time_base = Fraction(1, 30_000)
            pictures.gop_size = gop
            pictures.options = {'crf': '16', 'preset': 'veryfast'} if options is None else options
        if sound is not None:
            heard = container.add_stream(codecs[1], rate=rate, layout='stereo' if channels == 2 else 'mono')
            if 'pcm' not in codecs[1]:
                heard.bit_rate = 192_000
        for number, time in enumerate(() if times is None else times):
            frame = av.VideoFrame.from_ndarray(picture_of(number), format='rgb24')
            frame.pts, frame.time_base = round(30_000 * time), Fraction(1, 30_000)
            container.mux(pictures.encode(frame))
        if pictures is not None:
            container.mux(pictures.encode(None))
        if heard is not None:
            resampler = av.AudioResampler(format=heard.codec_context.format, layout=heard.layout, rate=rate)
            for begin in range(0, len(sound), 1000):
                cut = sound[begin:begin + 1000]
                frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(np.vstack([cut] * channels)), 'fltp',
                                                   'stereo' if channels == 2 else 'mono')
                frame.rate, frame.time_base = rate, Fraction(1, rate)
                frame.pts = round(sound_begins * rate) + begin
                for converted in resampler.resample(frame):
                    container.mux(heard.encode(converted))
            container.mux(heard.encode(None))
    return path


def lag_of(heard, truth):
    """Return by how many samples `heard` is later than `truth`, and how alike they are then."""
    size = 1 << 18
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(truth, size))
    correlation = np.fft.irfft(spectrum, size)
    lag = int(np.argmax(correlation))
    lag = lag - size if lag > size // 2 else lag
    return lag, correlation.max() / (np.linalg.norm(heard) * np.linalg.norm(truth))


class Bags:
    """Writes rosbag2 recordings with frames and audio as the simulator sends them."""

    def __init__(self):
        self.types = get_typestore(Stores.ROS2_JAZZY)
        for name, text in DEFINITIONS.items():
            self.types.register(get_types_from_msg(text, name))

    def message(self, kind, *fields):
        return self.types.types[kind](*fields)

    def header(self, stamp, frame='camera'):
        time = self.message('builtin_interfaces/msg/Time', stamp // NS, stamp % NS)
        return self.message('std_msgs/msg/Header', time, frame)

    def image(self, stamp, rgb):
        return self.message('sensor_msgs/msg/Image', self.header(stamp), *rgb.shape[:2], 'rgb8', 0,
                            3 * rgb.shape[1], rgb.reshape(-1))

    def audio(self, stamp, samples):
        data = np.clip(samples * 32_767, -32_768, 32_767).astype('<i2').view(np.uint8)
        return self.message('audio_common_msgs/msg/AudioDataStamped', self.header(stamp, ''),
                            self.message('audio_common_msgs/msg/AudioData', data))

    def info(self, rate=48_000, channels=1):
        return self.message('audio_common_msgs/msg/AudioInfo', channels, rate, 'S16LE', rate * 16, 'wave')

    def write(self, path, messages, storage='mcap'):
        """Write ``(topic, received, message)`` in order of receipt."""
        plugin = {'mcap': StoragePlugin.MCAP, 'sqlite3': StoragePlugin.SQLITE3}[storage]
        with Writer(path, version=9, storage_plugin=plugin) as bag:
            connections = {}
            for topic, received, message in sorted(messages, key=lambda entry: entry[1]):
                kind = message.__msgtype__
                if topic not in connections:
                    connections[topic] = bag.add_connection(topic, kind, typestore=self.types)
                bag.write(connections[topic], received, self.types.serialize_cdr(message, kind))
        return path

    def scene(self, sound, *, rate=48_000, begin=100 * NS, chunk=1024, frame_rate=15, card_rate=None,
              lost=(), late=3_000_000):
        """Messages of a camera and a microphone; `card_rate` is what the sound card counts in a second."""
        card_rate = card_rate or rate
        messages = [('/audio_info', begin, self.info(rate))]
        for number in range(len(sound) // chunk):
            stamp = begin + int(number * chunk * NS / card_rate)
            if number not in lost:
                cut = sound[number * chunk:(number + 1) * chunk]
                received = stamp + int(chunk * NS / card_rate) + late
                messages.append(('/audio', received, self.audio(stamp, cut)))
        for number in range(int(len(sound) / card_rate * frame_rate)):
            stamp = begin + number * NS // frame_rate
            messages.append(('/camera/image_raw', stamp + late, self.image(stamp, picture_of(number))))
        return messages


@pytest.fixture(scope='session')
def bags():
    return Bags()


# Tests import nothing from one another, so they are given what they need.
@pytest.fixture(scope='session')
def truth():
    return SimpleNamespace(picture_of=picture_of, number_of=number_of, noise_of=noise_of, lag_of=lag_of,
                           write_video=write_video, ZERO=ZERO, NS=NS)
