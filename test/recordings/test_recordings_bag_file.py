"""A rosbag2 recording gives the frames, and the seconds that a robot would have heard."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rosbags.typesys import get_types_from_msg

from ros2_avloc.audio.chunk import AudioFormat, Chunk
from ros2_avloc.audio.hearing import Hearing
from ros2_avloc.audio.listening import Listening
from ros2_avloc.audio.sound import SOUND_SAMPLES, Missing, Sound
from ros2_avloc.errors import InputError
from ros2_avloc.messages.stamps import to_nanoseconds
from ros2_avloc.recordings.bag_file import BagFile
from ros2_avloc.recordings.topics import Topics, choose_topics
from ros2_avloc.simulation.faults import Faults
from ros2_avloc.simulation.scene import Scene

BEGIN = 100_000_000_000
HALF = 500_000_000


@pytest.fixture(scope='module', params=['mcap', 'sqlite3'])
def plain(request, bags, truth, tmp_path_factory):
    path = tmp_path_factory.mktemp('bags') / 'bag'
    return BagFile(bags.write(path, bags.scene(truth.noise_of(6.0)), request.param))


def test_frames_and_seconds_are_those_that_were_sent(plain, truth):
    whole = truth.noise_of(6.0)
    assert plain.begin == BEGIN
    np.testing.assert_array_equal(plain.stamps, BEGIN + np.arange(90) * truth.NS // 15)
    audible = plain.audible(plain.stamps + HALF)
    # 6 s less the rest of a chunk; the clock learns from stamps that are cut to whole ns.
    assert audible.tolist() == [1.005 <= number / 15 + 0.5 <= 5.99 for number in range(90)]
    for until, second in zip(plain.stamps + HALF, plain.sounds(plain.stamps + HALF), strict=True):
        assert isinstance(second, Sound) == (1.005 <= (until - BEGIN) / 1e9 <= 5.99)
        if isinstance(second, Sound):
            assert -0.5 <= (until - BEGIN) * 48 / 1_000_000 - second.end < 240.5
            sent = whole[second.end - SOUND_SAMPLES:second.end]
            np.testing.assert_allclose(second.samples, sent, atol=1e-4)


@settings(max_examples=10, deadline=None)
@given(wanted=st.lists(st.integers(0, 89), min_size=1, max_size=6))
def test_any_frames_in_any_order(plain, truth, wanted):
    frames = list(plain.frames(wanted))
    assert [truth.number_of(frame.rgb) for frame in frames] == wanted
    assert [frame.stamp for frame in frames] == plain.stamps[wanted].tolist()
    assert {frame.frame_id for frame in frames} == {'camera'}


def test_a_second_is_what_the_robot_heard_whatever_happened_to_the_audio(tmp_path, bags, truth):
    """A fast card, jittering stamps, lost chunks and another rate: its seconds are the live ones."""
    rng = np.random.default_rng(5)
    sound, lost = truth.noise_of(20.0, 16_000), {100, 101, 180}
    messages = bags.scene(sound, rate=16_000, card_rate=16_004, chunk=512, lost=lost)
    for topic, _, message in messages:
        if topic == '/audio':
            message.header.stamp.nanosec = int(np.clip(
                message.header.stamp.nanosec + rng.normal(0, 2e6), 0, 999_999_999))
    bag = BagFile(bags.write(tmp_path / 'bag', messages))
    live, heard, waiting = Hearing(), {}, bag.stamps + HALF
    for item in bag.arrivals():
        if isinstance(item, Chunk):
            live.hear(item)
            done = [until for until in waiting if not isinstance(live.timeline.second(int(until)), Missing)
                    or live.timeline.second(int(until)) is Missing.HOLE]
            heard |= {int(until): live.timeline.second(int(until)) for until in done}
            waiting = [until for until in waiting if int(until) not in heard]
    assert live.timeline.status.lost_samples == 3 * 512 * 3
    holes = 0
    for until, second in heard.items():
        again, = bag.sounds([until])
        if isinstance(second, Missing):
            assert not bag.audible(np.array([until]))[0]
            assert isinstance(again, Missing)
            holes += 1
            continue
        assert bag.audible(np.array([until]))[0]
        # Between two chunks the clock's line is taken for straight: an end may be rounded to the next 5 ms.
        assert abs(again.end - second.end) <= 240
        overlap = SOUND_SAMPLES - 240
        shift = again.end - second.end
        one, other = (second.samples[max(shift, 0):], again.samples[max(-shift, 0):])
        np.testing.assert_array_equal(one[:overlap], other[:overlap])
    assert holes >= 15


def test_when_time_starts_over_both_passes_can_be_heard(tmp_path, bags, truth):
    first = bags.scene(truth.noise_of(4.0), begin=200 * truth.NS)
    second = bags.scene(truth.noise_of(4.0, seed=1), begin=100 * truth.NS)
    later = 110 * truth.NS
    bag = BagFile(bags.write(tmp_path / 'bag', first + [
        (topic, received + later, message) for topic, received, message in second]))
    assert len(bag.stamps) == 120
    for begin, seed in ((100, 1), (200, 0)):
        heard, = bag.sounds([begin * truth.NS + 2 * truth.NS])
        sent = truth.noise_of(4.0, seed=seed)[96_000 - SOUND_SAMPLES:96_000]
        lag, alike = truth.lag_of(heard.samples, sent)
        assert (abs(lag) <= 2, alike > 0.99) == (True, True)


def test_audio_can_begin_late_and_end_early(tmp_path, bags, truth):
    messages = [(topic, received, message) for topic, received, message in bags.scene(truth.noise_of(6.0))
                if topic != '/audio' or 2 * truth.NS < received - BEGIN < 5 * truth.NS]
    bag = BagFile(bags.write(tmp_path / 'bag', messages))
    found = list(bag.sounds((BEGIN + np.array([25, 35, 45, 55]) * HALF // 5).tolist()))
    assert [one if isinstance(one, Missing) else 'heard' for one in found] == [
        Missing.NO_AUDIO, 'heard', 'heard', Missing.NOT_YET]


def test_what_lacks_one_of_the_two_can_be_opened(tmp_path, bags, truth):
    both = bags.scene(truth.noise_of(2.0))
    blind = BagFile(bags.write(tmp_path / 'blind', [entry for entry in both if 'audio' in entry[0]]))
    assert len(blind.stamps) == 0
    assert blind.begin > BEGIN
    deaf = BagFile(bags.write(tmp_path / 'deaf', [entry for entry in both if 'camera' in entry[0]]))
    assert not deaf.audible(deaf.stamps).any()
    assert list(deaf.sounds([BEGIN])) == [Missing.NO_AUDIO]


def test_the_settings_say_the_format_where_the_recording_does_not(tmp_path, bags, truth):
    messages = [entry for entry in bags.scene(truth.noise_of(3.0, 8_000), rate=8_000)
                if entry[0] != '/audio_info']
    slow = Listening(AudioFormat('pcm', 'S16LE', 8_000, 1))
    bag = BagFile(bags.write(tmp_path / 'bag', messages), listening=slow)
    heard, = bag.sounds([BEGIN + 4 * HALF])
    lag, alike = truth.lag_of(heard.samples, truth.noise_of(3.0)[96_000 - SOUND_SAMPLES:96_000])
    assert (abs(lag) <= 3, alike > 0.99) == (True, True)


OTHER_AUDIO = {
    'audio_common_msgs/msg/AudioStamped': 'std_msgs/Header header\naudio_common_msgs/Audio audio\n',
    'audio_common_msgs/msg/Audio':
        'audio_common_msgs/AudioData audio_data\naudio_common_msgs/AudioInfo info\n',
    'audio_common_msgs/msg/AudioData':
        'float32[] float32_data\nint32[] int32_data\nint16[] int16_data\nint8[] int8_data\n'
        'uint8[] uint8_data\n',
    'audio_common_msgs/msg/AudioInfo': 'int32 format\nint32 channels\nint32 rate\nint32 chunk\n',
}
"""Of mgonzs13/audio_common, whose messages have the names of the other package's."""


def test_audio_of_the_other_package_is_read_by_its_own_definitions(tmp_path, bags, truth):
    other = type(bags)()
    other.types = type(other.types)()
    other.types.register({name: bags.types.fielddefs[name] for name in (
        'std_msgs/msg/Header', 'builtin_interfaces/msg/Time')})
    for name, text in OTHER_AUDIO.items():
        other.types.register(get_types_from_msg(text, name))
    whole, messages = truth.noise_of(3.0), []
    empty = {'float32_data': 'f4', 'int32_data': 'i4', 'int16_data': 'i2', 'int8_data': 'i1',
             'uint8_data': 'u1'}
    for number in range(140):
        fields = {name: np.zeros(0, kind) for name, kind in empty.items()}
        fields['float32_data'] = whole[number * 1024:(number + 1) * 1024]
        audio = other.message('audio_common_msgs/msg/Audio',
                              other.message('audio_common_msgs/msg/AudioData', *fields.values()),
                              other.message('audio_common_msgs/msg/AudioInfo', 1, 1, 48_000, 1024))
        stamp = BEGIN + number * 1024 * truth.NS // 48_000
        messages.append(('/mic', stamp, other.message('audio_common_msgs/msg/AudioStamped',
                                                      other.header(stamp), audio)))
    heard, = BagFile(other.write(tmp_path / 'bag', messages)).sounds([BEGIN + 4 * HALF])
    np.testing.assert_allclose(heard.samples, whole[96_000 - SOUND_SAMPLES:96_000], atol=1e-6)


def test_a_simulated_scene_is_read_as_it_was(tmp_path, bags, truth):
    scene, faults = Scene(3, objects=2, width=96, height=64), Faults(drift=100.0)
    sound = scene.audio(0, 144_000)
    messages = bags.scene(sound, card_rate=faults.card_rate)
    bag = BagFile(bags.write(tmp_path / 'bag', messages))
    heard, = bag.sounds([BEGIN + 5 * HALF])
    assert abs(heard.end - 2.5 * faults.card_rate) <= 300
    np.testing.assert_allclose(heard.samples, sound[heard.end - SOUND_SAMPLES:heard.end], atol=1e-4)


TOPICS = {
    '/cam/image_raw': 'sensor_msgs/msg/Image',
    '/cam/camera_info': 'sensor_msgs/msg/CameraInfo',
    '/cam/image_raw/compressed': 'sensor_msgs/msg/CompressedImage',
    '/avloc/heatmap': 'sensor_msgs/msg/Image',
    '/mic/audio': 'audio_common_msgs/msg/AudioData',
    '/mic/audio_info': 'audio_common_msgs/msg/AudioInfo',
    '/other/audio_info': 'audio_common_msgs/msg/AudioInfo',
}


def test_topics_are_found_by_type_and_by_what_lies_beside_them():
    assert choose_topics(TOPICS) == Topics('/cam/image_raw', '/mic/audio', '/mic/audio_info',
                                           '/cam/camera_info')
    assert choose_topics(TOPICS, image='/avloc/heatmap').image == '/avloc/heatmap'
    compressed = {name: kind for name, kind in TOPICS.items() if kind != 'sensor_msgs/msg/Image'}
    assert choose_topics(compressed).image == '/cam/image_raw/compressed'
    assert choose_topics(compressed | {'/avloc/heatmap': 'sensor_msgs/msg/Image'}).image \
        == '/cam/image_raw/compressed', 'what a node published is no camera'
    assert choose_topics({}).image == ''


def test_what_cannot_be_chosen_is_named():
    with pytest.raises(InputError, match='no topic /cam of type .* it has /avloc/heatmap, /cam/image_raw'):
        choose_topics(TOPICS, image='/cam')
    with pytest.raises(InputError, match='several audio topics .*name the one'):
        choose_topics(TOPICS | {'/second': 'audio_common_msgs/msg/AudioDataStamped'})


@pytest.mark.parametrize('harm', ['cut', 'noise', 'absent', 'no metadata', 'empty'])
def test_damage_is_told_in_one_sentence(tmp_path, bags, truth, harm):
    path = bags.write(tmp_path / 'bag', bags.scene(truth.noise_of(2.0)))
    storage = next(path.glob('*.mcap'))
    content = bytearray(storage.read_bytes())
    if harm == 'cut':
        storage.write_bytes(content[:len(content) // 2])
    elif harm == 'noise':
        noise = np.random.default_rng(0).integers(0, 256, len(content) - 6000, np.uint8)
        content[1000:-5000] = noise.tobytes()
        storage.write_bytes(content)
    elif harm == 'empty':
        storage.write_bytes(b'')
    elif harm == 'absent':
        storage.unlink()
    else:
        (path / 'metadata.yaml').unlink()
    with pytest.raises(InputError, match='bag.* cannot be read as a rosbag2 recording .*leave it out'):
        BagFile(path)


def test_a_single_file_of_a_recording_can_be_read(tmp_path, bags, truth):
    path = bags.write(tmp_path / 'bag', bags.scene(truth.noise_of(2.0)))
    assert len(BagFile(next(path.glob('*.mcap'))).stamps) == 30


def test_one_bad_message_is_passed_over(tmp_path, bags, truth):
    messages = bags.scene(truth.noise_of(3.0))
    images = [message for topic, _, message in messages if topic == '/camera/image_raw']
    images[4].encoding = 'unknown'
    images[9].header.stamp.sec = images[9].header.stamp.nanosec = 0
    bag = BagFile(bags.write(tmp_path / 'bag', messages))
    assert len(bag.stamps) == 44
    assert sum(not isinstance(item, Chunk) for item in bag.arrivals()) == 43
    with pytest.raises(InputError, match='bag: .*unknown'):
        list(bag.frames([4]))


def test_frames_whose_stamps_cannot_be_are_left_out_and_counted(tmp_path, bags, truth):
    messages = bags.scene(truth.noise_of(3.0), frame_rate=10)
    images = [entry for entry in messages if entry[0] == '/camera/image_raw']
    same = to_nanoseconds(images[10][2].header.stamp)
    for place, stamp in ((0, truth.NS), (7, 0), (20, 10 ** 18), (11, same)):
        images[place][2].header = bags.header(stamp)
    bag = BagFile(bags.write(tmp_path / 'bag', messages))
    assert len(bag.stamps) == len(images) - 4
    assert (np.diff(bag.stamps) > 0).all() and np.ptp(bag.stamps) < 3 * truth.NS
    assert +bag.unused == {'frames without a stamp': 1, 'frames with the stamp of another': 1,
                           'frames whose stamps do not fit those around them': 2}
    assert len(list(bag.frames(range(len(bag.stamps))))) == len(bag.stamps)
