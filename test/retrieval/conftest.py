"""Recordings of which all is known, and an embedder that goes by colour and pitch (red is low)."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import cv2
import numpy as np
import onnx.parser
import pytest
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from ros2_avloc.model.bundle import EmbedderBundle, write_bundle
from ros2_avloc.model.embedder import open_embedder
from ros2_avloc.model.golden import GoldenEmbeddings
from ros2_avloc.model.manifest import Calibration
from ros2_avloc.recordings.bag import BagWriter
from ros2_avloc.recordings.bag_reader import DEFINITIONS
from ros2_avloc.simulation.scene import Scene

RATE = 48_000
NS = 1_000_000_000
INTERFACES = Path(__file__).resolve().parents[2] / 'interfaces'
HERTZ = {'red': 500, 'green': 3_000, 'blue': 9_000}
RGB = {'red': (200, 20, 20), 'green': (20, 200, 20), 'blue': (20, 20, 200)}

GRAPHS = {
    'vision': """<ir_version: 8, opset_import: ["" : 17]>
        colour (float[1, 3, 224, 224] image) => (float[1, 16] embedding) {
            small = AveragePool <kernel_shape = [56, 56], strides = [56, 56]> (image)
            bright = Add (small, one)
            flat = Flatten (bright)
            mixed = MatMul (flat, weights)
            embedding = LpNormalization <axis = 1, p = 2> (mixed)
        }""",
    'sound': """<ir_version: 8, opset_import: ["" : 17]>
        pitch (float[1, 1, 257, 200] spectrogram) => (float[1, 16] embedding) {
            mean = AveragePool <kernel_shape = [1, 200]> (spectrogram)
            loud = Add (mean, one)
            peak = Relu (loud)
            flat = Flatten (peak)
            mixed = MatMul (flat, weights)
            embedding = LpNormalization <axis = 1, p = 2> (mixed)
        }""",
}


def weights_of(rng):
    """The first three of 16 numbers are colour or pitch; the others tell the modalities apart."""
    seen = 0.05 * rng.standard_normal((3 * 16, 16))
    heard = 0.05 * rng.standard_normal((257, 16))
    for number in range(3):
        seen[16 * number:16 * (number + 1), number] += 1
    for number, (first, last) in enumerate(((0, 10), (20, 50), (80, 120))):
        heard[first:last, number] += 1
    return {'vision': seen.astype(np.float32), 'sound': heard.astype(np.float32)}


def make_bundle(directory, seed=5):
    rng = np.random.default_rng(seed)
    models = {}
    for name, weights in weights_of(rng).items():
        models[name] = onnx.parser.parse_model(GRAPHS[name])
        one = np.array(1, np.float32)
        models[name].graph.initializer.extend(
            [numpy_helper.from_array(weights, 'weights'), numpy_helper.from_array(one, 'one')])
    image = rng.uniform(-1, 1, (1, 3, 224, 224)).astype(np.float32)
    spectrogram = rng.uniform(-2, 2, (257, 200)).astype(np.float32)
    seen = ReferenceEvaluator(models['vision']).run(None, {'image': image})[0]
    heard = ReferenceEvaluator(models['sound']).run(None, {'spectrogram': spectrogram[None, None]})[0]
    parts = {f'{name}_fp32.onnx': model.SerializeToString() for name, model in models.items()}
    write_bundle(directory, name='colour and pitch', parts=parts | {'MODEL_CARD.md': b'# Made for tests\n'},
                 training={}, golden=GoldenEmbeddings(image, spectrogram, seen, heard),
                 calibration=Calibration(0.5, 1.0, slope=-8.0, offset=8.0))
    return EmbedderBundle.load(directory)


def tone(hertz, seconds, level=0.3):
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(RATE * seconds)) / RATE)).astype(np.float32)


def write(path, pictures, sound, rate=10):
    """Write a file of pictures (RGB, or none) and sound (mono, 48 kHz, or none)."""
    with av.open(str(path), 'w') as container:
        video = audio = None
        if pictures is not None:
            video = container.add_stream('libx264', rate=rate, options={'crf': '12', 'preset': 'veryfast'})
            video.height, video.width = pictures[0].shape[:2]
            video.pix_fmt = 'yuv420p'
        if sound is not None:
            codec = {'.wav': 'pcm_s16le', '.flac': 'flac'}.get(path.suffix, 'aac')
            audio = container.add_stream(codec, rate=RATE, layout='mono')
        for number, rgb in enumerate(pictures or ()):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format='rgb24')
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(video.encode(frame))
        if sound is not None:
            write_sound(container, audio, sound)
        for stream in filter(None, (video, audio)):
            container.mux(stream.encode(None))
    return path


def write_sound(container, stream, sound):
    resampler = av.AudioResampler(format=stream.codec_context.format, layout=stream.layout, rate=RATE)
    frame = av.AudioFrame.from_ndarray(sound[None], 'fltp', 'mono')
    frame.rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), 0
    for converted in [*resampler.resample(frame), *resampler.resample(None)]:
        container.mux(stream.encode(converted))


def video(path, colour, seconds=4.0, sound='own'):
    """A picture of one colour whose brightness grows, with the tone that belongs to it."""
    pictures = [np.full((48, 64, 3), RGB[colour], np.uint8) + np.uint8(number) for number in
                range(round(10 * seconds))]
    return write(path, pictures, tone(HERTZ[colour], seconds) if isinstance(sound, str) else sound)


def photo(path, colour):
    bgr = np.full((60, 90, 3), RGB[colour][::-1], np.uint8)
    assert cv2.imwrite(str(path), bgr)
    return path


def film(path, kind, seed, seconds=4.0, rate=5):
    """A simulated thing that sounds the whole time."""
    scene = Scene(seed, objects=[kind], width=160, height=120, script='all')
    pictures = [scene.frame(number / rate) for number in range(round(rate * seconds))]
    return write(path, pictures, scene.audio(0, round(RATE * seconds)), rate)


def bag(path, *colours, seconds=4, begin=100 * NS):
    """A rosbag2 recording of one colour with its tone; with more colours, under /1, /2 … too."""
    types = get_typestore(Stores.ROS2_JAZZY)
    for name, text in DEFINITIONS.items():
        types.register(get_types_from_msg(text, name))

    def message(kind, *fields):
        return types.types[kind](*fields)

    def header(stamp):
        time = message('builtin_interfaces/msg/Time', stamp // NS, stamp % NS)
        return message('std_msgs/msg/Header', time, '')

    info = message('audio_common_msgs/msg/AudioInfo', 1, RATE, 'S16LE', RATE * 16, 'wave')
    items = [(begin, '/audio_info', info)]
    for place, colour in enumerate(colours):
        rgb = np.full((48, 64, 3), RGB[colour], np.uint8)
        heard = (32_767 * tone(HERTZ[colour], seconds)).astype('<i2').reshape(-1, 1_600)
        below = f'/{place}' if place else ''
        for number, block in enumerate(heard):
            stamp = begin + number * NS // 30
            sound = message('audio_common_msgs/msg/AudioData', block.view(np.uint8).copy())
            items.append((stamp + NS // 30, f'{below}/audio',
                          message('audio_common_msgs/msg/AudioDataStamped', header(stamp), sound)))
            if number % 3 == 0:
                image = message('sensor_msgs/msg/Image', header(stamp), 48, 64, 'rgb8', 0, 192,
                                rgb.reshape(-1))
                items.append((stamp, f'{below}/image', image))
    with BagWriter(path, share=[INTERFACES]) as writer:
        for received, topic, one in sorted(items, key=lambda item: item[0]):
            kind = one.__msgtype__
            writer.write(topic, kind, received, bytes(types.serialize_cdr(one, kind)))


@pytest.fixture(scope='session')
def make():
    """What makes recordings; tests import nothing from one another."""
    return SimpleNamespace(write=write, bag=bag, video=video, photo=photo, tone=tone, film=film,
                           bundle=make_bundle, HERTZ=HERTZ, RGB=RGB, RATE=RATE)


@pytest.fixture(scope='session')
def avenet(tmp_path_factory):
    """A bundle that knows colours and pitches."""
    return make_bundle(tmp_path_factory.mktemp('avenet'))


@pytest.fixture(scope='session')
def embedder(avenet):
    """The bundle, opened."""
    return open_embedder(avenet, library='onnxruntime')


@pytest.fixture(scope='session')
def recordings(tmp_path_factory):
    """Three videos, each in a folder of its own depth."""
    folder = tmp_path_factory.mktemp('recordings')
    (folder / 'deep' / 'er').mkdir(parents=True)
    video(folder / 'red.mp4', 'red')
    video(folder / 'deep' / 'green.mkv', 'green')
    video(folder / 'deep' / 'er' / 'blue.mp4', 'blue')
    return folder


@pytest.fixture
def folder(recordings, tmp_path):
    """A copy of them, to be changed."""
    return Path(shutil.copytree(recordings, tmp_path / 'recordings'))
