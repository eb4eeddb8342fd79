"""Videos and bags of which it is told where things are become cases that say the same."""

import json
import re
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from typer.testing import CliRunner

from ros2_avloc.cli import app
from ros2_avloc.errors import InputError
from ros2_avloc.learning.bundling.graphs import export
from ros2_avloc.learning.measuring.boxed_videos import read_boxed_videos
from ros2_avloc.learning.measuring.bundles import recorded_sets
from ros2_avloc.learning.measuring.cases import SOUNDING
from ros2_avloc.learning.measuring.recorded import spaced
from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.learning.training.checkpoints import network_in
from ros2_avloc.model.manifest import Calibration
from ros2_avloc.recordings.bag_reader import DEFINITIONS

RATE, NS = 48_000, 1_000_000_000
INTERFACES = Path(__file__).parents[2] / 'interfaces'


def tone(hertz, seconds):
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(int(RATE * seconds)) / RATE)).astype(np.float32)


def pitch(samples):
    """Return the strongest frequency, Hz."""
    return np.argmax(np.abs(np.fft.rfft(samples))) * RATE / len(samples)


def write_video(path, hertz, seconds=4.0, rate=10):
    """A grey video with a tone, its frames ever lighter."""
    with av.open(str(path), 'w') as container:
        pictures = container.add_stream('libx264', rate=rate)
        pictures.width, pictures.height, pictures.pix_fmt = 160, 96, 'yuv420p'
        heard = container.add_stream('aac', rate=RATE, layout='mono')
        for number in range(int(seconds * rate)):
            frame = av.VideoFrame.from_ndarray(np.full((96, 160, 3), 20 + 5 * number, np.uint8), 'rgb24')
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        frame = av.AudioFrame.from_ndarray(tone(hertz, seconds)[None], 'fltp', 'mono')
        frame.rate = RATE
        container.mux([*heard.encode(frame), *heard.encode(None)])


def entry(file, label, *keys):
    return {'file': file, 'label': label, 'key_frames': [{'time': time, 'box': box} for time, box in keys]}


@pytest.fixture(scope='module')
def videos(tmp_path_factory):
    """Two videos: a flute that moves to the right, and a drum that stands still from 1 s to 2 s."""
    root = tmp_path_factory.mktemp('videos')
    write_video(root / 'one.mp4', 440)
    write_video(root / 'two.mp4', 1_000)
    entries = [entry('one.mp4', 'flute', (0, [0.0, 0.2, 0.2, 0.4]), (4, [0.8, 0.2, 0.2, 0.4])),
               entry('two.mp4', 'drum', (1, [0.5, 0.5, 0.5, 0.5]), (2, [0.5, 0.5, 0.5, 0.5]))]
    (root / 'boxes.json').write_text(json.dumps(entries))
    return root


@pytest.fixture(scope='module')
def cases(videos):
    material = recorded_sets(videos / 'boxes.json', None)['videos']
    made = list(material.cases())
    assert len(made) == material.count == material.origin['moments']
    return made


def test_boxes_move_linearly_between_key_frames(cases):
    flutes = [case.view.objects for case in cases if case.group == 'one.mp4']
    lefts = [left for ((_, (left, _, _, _)),) in flutes]
    # Every half second but where the second around the frame is not whole.
    assert lefts == pytest.approx([0.2 * time for time in np.arange(1.0, 3.6, 0.5)], abs=0.021)
    assert all(box[1:] == pytest.approx((0.2, 0.2, 0.4)) for ((_, box),) in flutes)


def test_nothing_is_asked_outside_of_the_key_frames(cases):
    assert len([case for case in cases if case.group == 'two.mp4']) == 3


def test_a_frame_is_heard_with_its_own_second_with_anothers_and_with_none(cases):
    hertz = {'flute': 440, 'drum': 1_000}
    for case in cases:
        (name, _), = case.view.objects
        own, strange, nameless = case.sounds
        assert (own.name, own.kind) == (name, SOUNDING)
        assert pitch(own.samples) == pytest.approx(hertz[name], abs=2)
        assert (strange.name, strange.kind) == (({'flute', 'drum'} - {name}).pop(), 'elsewhere')
        assert pitch(strange.samples) == pytest.approx(hertz[strange.name], abs=2)
        assert nameless.kind in ('silence', 'noise', 'hum')
    assert len({case.sounds[2].kind for case in cases}) == 3


def test_a_sound_from_elsewhere_is_of_another_recording(videos):
    """A flute, and later a drum, in one video; a bell in the other."""
    path, box = videos / 'later.json', [0.0, 0.2, 0.2, 0.4]
    first = [entry('one.mp4', 'flute', (0, box), (2, box)), entry('one.mp4', 'drum', (2.2, box), (4, box))]
    path.write_text(json.dumps([*first, entry('two.mp4', 'bell', (0, box), (4, box))]))
    strange = [(case.group, heard) for case in recorded_sets(path, None)['videos'].cases()
               for heard in case.sounds if heard.kind == 'elsewhere']
    assert {(group, heard.name) for group, heard in strange if group == 'one.mp4'} == {('one.mp4', 'bell')}
    assert {heard.name for group, heard in strange if group == 'two.mp4'} <= {'flute', 'drum', 'flute+drum'}
    path.write_text(json.dumps(first))
    alone = recorded_sets(path, None)['videos'].cases()
    assert {heard.kind for case in alone for heard in case.sounds}.isdisjoint({'elsewhere'})


def test_a_frame_is_the_one_of_its_time(cases):
    levels = [case.view.rgb.mean() for case in cases if case.group == 'one.mp4']
    assert np.diff(levels) == pytest.approx(np.full(len(levels) - 1, 25), abs=3)


@pytest.mark.parametrize(('content', 'words'), [
    ('[', 'cannot be read as JSON'), ('{}', 'no list of videos'), ('[{"file": "one.mp4"}]', 'lacks file'),
    ([entry('one.mp4', 'flute', (0, [0, 0, 300, 200]))], 'fractions'),
    ([entry('one.mp4', 'flute', (0, [0, 0, 1]))], 'fractions'),
    ([entry('one.mp4', 'flute', (0, 'left'))], 'lacks file'),
    ([entry('one.mp4', 'flute', (10 ** 400, [0, 0, 1, 1]))], 'lacks file'),
    ([entry('one.mp4', 'flute', (float('nan'), [0, 0, 1, 1]))], 'a time of one.mp4'),
    ([entry('one.mp4', 'flute', (0, [0, 0, 1, 1]), (1e300, [0, 0, 1, 1]))], 'a time of one.mp4'),
    ([entry('one.mp4', 'flute', (-1, [0, 0, 1, 1]))], 'a time of one.mp4'),
    ('[' * 100_000, 'cannot be read as JSON'),
    ([entry('none.mp4', 'flute', (0, [0, 0, 1, 1]))], 'does not exist')])
def test_what_is_wrong_with_the_boxes_is_said(videos, content, words):
    path = videos / 'wrong.json'
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(InputError, match=words):
        read_boxed_videos(path)


def test_a_video_of_less_than_a_second_cannot_be_measured_on(tmp_path):
    write_video(tmp_path / 'short.mp4', 440, seconds=0.6)
    (tmp_path / 'boxes.json').write_text(json.dumps([entry('short.mp4', 'a', (0, [0, 0, 1, 1]))]))
    with pytest.raises(InputError, match='whole second of sound'):
        recorded_sets(tmp_path / 'boxes.json', None)


def test_frames_nearest_to_the_steps_are_taken():
    stamps = np.array([0, 300, 600, 900, 1_200], np.int64) * 1_000_000
    assert spaced(stamps, 0, 1_200_000_000) == [0, 2, 3]
    assert spaced(stamps[:1], 0, 0) == [0]


class Types:
    """Messages of the simulator, written as a robot's recorder does."""

    def __init__(self):
        self.store = get_typestore(Stores.ROS2_JAZZY)
        for name, text in DEFINITIONS.items():
            self.store.register(get_types_from_msg(text, name))
        for path in sorted((INTERFACES / 'vision_msgs' / 'msg').glob('*.msg')):
            self.store.register(get_types_from_msg(path.read_text(), f'vision_msgs/msg/{path.stem}'))

    def __call__(self, kind, *fields):
        package, _, name = kind.partition('/')
        return self.store.types[f'{package}/msg/{name}'](*fields)

    def header(self, stamp):
        return self('std_msgs/Header', self('builtin_interfaces/Time', stamp // NS, stamp % NS), 'camera')

    def detection(self, header, name, x, score):
        # A box of 40 x 20 px around x, 30 in a picture of 100 x 60 px.
        pose = self('vision_msgs/Pose2D', self('vision_msgs/Point2D', x, 30.0), 0.0)
        covariance = self('geometry_msgs/PoseWithCovariance', self(
            'geometry_msgs/Pose', self('geometry_msgs/Point', 0.0, 0.0, 0.0),
            self('geometry_msgs/Quaternion', 0.0, 0.0, 0.0, 1.0)), np.zeros(36))
        hypothesis = self('vision_msgs/ObjectHypothesisWithPose', self(
            'vision_msgs/ObjectHypothesis', name, score), covariance)
        return self('vision_msgs/Detection2D', header, [hypothesis],
                    self('vision_msgs/BoundingBox2D', pose, 40.0, 20.0), name)

    def truth(self, stamp, sounding):
        header = self.header(stamp)
        seen = [self.detection(header, name, x, float(name in sounding))
                for name, x in (('dog', 19.5), ('bell', 79.5))]
        return self('vision_msgs/Detection2DArray', header, seen)


@pytest.fixture(scope='module')
def bag(tmp_path_factory):
    """Six seconds at 10 Hz: the dog sounds for three, then nothing in view does."""
    types, path, begin = Types(), tmp_path_factory.mktemp('bags') / 'bag', 100 * NS
    messages = []
    for number in range(60):
        stamp = begin + number * NS // 10
        rgb = np.full((60, 100, 3), number, np.uint8)
        messages.append(('/camera/image_raw', stamp, types(
            'sensor_msgs/Image', types.header(stamp), 60, 100, 'rgb8', 0, 300, rgb.reshape(-1))))
        messages.append(('/simulator/truth', stamp, types.truth(stamp, ('dog',) if number < 30 else ())))
        samples = (32_767 * tone(440, 0.1) * (number < 30)).astype('<i2').view(np.uint8)
        messages.append(('/audio', stamp + NS // 10, types(
            'audio_common_msgs/AudioDataStamped', types.header(stamp),
            types('audio_common_msgs/AudioData', samples))))
    messages.append(('/audio_info', begin, types('audio_common_msgs/AudioInfo', 1, RATE, 'S16LE', 16 * RATE,
                                                 'wave')))
    with Writer(path, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connections = {}
        for topic, received, message in sorted(messages, key=lambda one: one[1]):
            kind = message.__msgtype__
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, kind, typestore=types.store)
            writer.write(connections[topic], received, types.store.serialize_cdr(message, kind))
    return path


def test_a_bag_tells_where_things_are_and_what_sounds(bag):
    material = recorded_sets(None, bag)['bags']
    cases = list(material.cases())
    assert len(cases) == material.count >= 6
    for case in cases:
        boxes = dict(case.view.objects)
        assert boxes['dog'] == pytest.approx((0.0, 20.5 / 60, 0.4, 20 / 60))
        assert boxes['bell'] == pytest.approx((0.6, 20.5 / 60, 0.4, 20 / 60))
        number = int(case.view.rgb[0, 0, 0])
        assert not 25 < number < 35  # there the second around the frame holds both
        own = case.sounds[0]
        assert (own.name, own.kind) == (('dog', SOUNDING) if number < 30 else ('', 'silence'))
        if number < 30:
            assert pitch(own.samples) == pytest.approx(440, abs=2)


def test_a_bag_without_truth_is_refused(bag, tmp_path):
    types = Types()
    with Writer(tmp_path / 'bag', version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        info = types('audio_common_msgs/AudioInfo', 1, RATE, 'S16LE', 16 * RATE, 'wave')
        connection = writer.add_connection('/audio_info', info.__msgtype__, typestore=types.store)
        writer.write(connection, 1, types.store.serialize_cdr(info, info.__msgtype__))
    with pytest.raises(InputError, match='/truth'):
        recorded_sets(None, tmp_path / 'bag')


@pytest.fixture(scope='module')
def bundle(tmp_path_factory):
    """A small network that knows nothing."""
    directory = tmp_path_factory.mktemp('models') / 'small'
    torch.manual_seed(1)
    thresholds = {'avc': 0.5, 'area': 0.4, 'fitted_on': ['simulated']}
    export(AVOLNet(2, 8).eval(), directory, name='small', calibration=Calibration(0.4, 1.0),
           image=np.zeros((1, 3, 224, 224), np.float32), spectrogram=np.zeros((257, 200), np.float32),
           training={}, model_card='', thresholds=thresholds)
    return directory


def evaluated(bundle, tmp_path, *source):
    """Measure with the command; return the figures of the one set, and the report."""
    asked = ['evaluate', '--bundle', str(bundle), '--no-simulated', '--json', str(tmp_path / 'out.json')]
    result = CliRunner().invoke(app, [*asked, *source])
    assert result.exit_code == 0, result.output
    sets = json.loads((tmp_path / 'out.json').read_text())['sets']
    assert list(sets) == [source[0].removeprefix('--')]
    html = (tmp_path / 'out.html').read_text()
    assert html.count('data:image/jpeg;base64,') >= 2
    return next(iter(sets.values())), re.findall('<h2>(.*?)</h2>', html)


def test_the_command_measures_on_videos(videos, bundle, cases, tmp_path):
    figures, titles = evaluated(bundle, tmp_path, '--videos', str(videos / 'boxes.json'))
    assert titles == ['Videos']
    assert (figures['origin']['files'], figures['origin']['moments']) == (['one.mp4', 'two.mp4'], len(cases))
    assert figures['localisation']['1']['n'] == figures['false_positives']['elsewhere']['n'] == len(cases)
    assert set(figures['by_category']) == {'flute', 'drum'}
    for name in ('f_loc', 'f_auc', 'kept'):
        low, high = figures[name]['interval']
        assert 0 <= low <= high <= 1


def test_the_command_measures_on_bags(bag, bundle, tmp_path):
    figures, titles = evaluated(bundle, tmp_path, '--bags', str(bag))
    assert titles == ['Recordings of the simulator']
    assert figures['origin']['files'] == [bag.name]
    assert figures['localisation']['2']['n'] == figures['by_category']['dog']['kept']['n'] > 2
    assert 'elsewhere' not in figures['false_positives']  # there is no other bag
    assert figures['false_positives']['silence']['n'] > 2
    assert figures['kept']['interval'] == [None, None]


def test_the_command_learns_from_videos_and_bags(videos, bag, tmp_path):
    asked = ['train', str(tmp_path / 'run'), '--videos', str(videos), '--bags', str(bag.parent), '--rung',
             'label-free', '--simulated-share', '0', '--steps', '4', '--stage', 'avc=2', '--width', '4',
             '--batch', '8']
    result = CliRunner().invoke(app, [*asked, '--workers', '1'])
    assert result.exit_code == 0, result.output
    recipe = json.loads((tmp_path / 'run' / 'recipe.json').read_text())
    learned = recipe['learned_from']
    assert (learned['videos'], learned['bags']) == ([videos.name], [bag.parent.name])
    assert not (learned['simulated'] or learned['packs'] or learned['categories'] or learned['teachers'])
    network = network_in(tmp_path / 'run' / 'avc' / 'last.ckpt')
    assert isinstance(network, AVOLNet) and network.width == 4
