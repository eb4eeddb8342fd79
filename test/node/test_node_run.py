"""A recording comes out of ``avloc run`` as the node would have answered it."""

from __future__ import annotations

import math
import os
import re
import signal
from collections import defaultdict

import av
import numpy as np
import pytest
from audio_common_msgs.msg import AudioData, AudioDataStamped, AudioInfo
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CameraInfo
from typer.testing import CliRunner

from ros2_avloc.attention.bearing import direction
from ros2_avloc.cli import app
from ros2_avloc.messages.stamps import SECOND, to_nanoseconds
from ros2_avloc.node.images import to_image
from ros2_avloc.node.messages import header, type_name
from ros2_avloc.recordings.bag import BagWriter
from ros2_avloc.recordings.bag_reader import BagReader
from ros2_avloc.recordings.film import Film
from ros2_avloc.recordings.video import VideoWriter
from ros2_avloc.share import message_folders
from ros2_avloc.simulation.scene import Scene

BEGIN, RATE, LENGTH, CHUNK = 100 * SECOND, 5, 4, 4_800
WIDTH, HEIGHT = 320, 240
STAMPS = [BEGIN + number * SECOND // RATE for number in range(LENGTH * RATE)]
YAW = -0.08
"""Of the camera, rad: what sounds is at the side, where a wrong field of view would tell a wrong bearing."""

BROKEN = 13
"""Place of a frame that says that it is larger than it is."""


@pytest.fixture(scope='module')
def scene():
    return Scene(5, width=WIDTH, height=HEIGHT, script='alarm_clock 0 inf')


def pcm(samples):
    return np.rint(np.clip(samples, -1, 1) * 32_767).astype('<i2').tobytes()


@pytest.fixture(scope='module')
def recorded(scene, tmp_path_factory):
    """What a camera and a microphone send before an alarm clock; one frame is broken."""
    path = tmp_path_factory.mktemp('recorded') / 'kitchen'
    with BagWriter(path, share=message_folders()) as bag:
        def write(topic, stamp, message):
            bag.write(topic, type_name(type(message)), stamp, serialize_message(message))

        write('/audio_info', BEGIN, AudioInfo(channels=1, sample_rate=48_000, sample_format='S16LE',
                                              coding_format='wave'))
        (fx, fy), (cx, cy) = scene.camera.focal, scene.camera.centre
        write('/camera/camera_info', BEGIN, CameraInfo(
            header=header('eye', BEGIN), width=WIDTH, height=HEIGHT, distortion_model='plumb_bob',
            d=[0.0] * 5, k=[fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0]))
        for number, stamp in enumerate(STAMPS):
            image = to_image(scene.frame(number / RATE, YAW), 'rgb8', header('eye', stamp))
            image.height *= 2 if number == BROKEN else 1
            write('/camera/image_raw', stamp, image)
        for number in range(LENGTH * 48_000 // CHUNK):
            stamp = BEGIN + number * CHUNK * SECOND // 48_000
            data = AudioData(data=pcm(scene.audio(number * CHUNK, CHUNK)))
            write('/audio', stamp, AudioDataStamped(header=header('eye', stamp), audio=data))
    return path


def run(*arguments):
    return CliRunner().invoke(app, ['run', *map(str, arguments)])


def answers(out):
    """Return the messages by topic."""
    found = defaultdict(list)
    with BagReader(out / 'bag') as bag:
        for topic, received, message in bag.messages(bag.topics):
            found[topic].append((received, message))
    return found


@pytest.fixture(scope='module')
def done(recorded, tmp_path_factory):
    out = tmp_path_factory.mktemp('done') / 'out'
    return run(recorded, out), out


def test_every_frame_that_was_heard_is_answered_at_its_time(done):
    result, out = done
    assert result.exit_code == 0, result.output
    found = answers(out)
    stamps = [to_nanoseconds(message.header.stamp) for _, message in found['/avloc/heatmap']]
    heard = [stamp for number, stamp in enumerate(STAMPS) if number >= RATE + 1 and number != BROKEN]
    assert stamps[-len(heard) + 1:] == heard[1:] and len(stamps) <= len(heard) + 1
    assert [received for received, _ in found['/avloc/heatmap']] == stamps
    for topic in ('sources', 'tracks', 'bearings', 'markers'):
        assert [received for received, _ in found[f'/avloc/{topic}']] == stamps
    assert '/avloc/overlay' not in found
    assert f'{len(stamps)} of {len(STAMPS)} frames localised' in result.output
    assert 'Left out (1): pictures that cannot be read. The first: ' in result.output
    assert 'Camera: calibrated by camera_info.' in result.output


def test_what_sounds_is_attended_in_its_direction(done, scene):
    """The camera is the recording's own: by the default field of view the bearing would be 6 degrees off."""
    errors = []
    for stamp, message in answers(done[1])['/avloc/attended']:
        truth, = (one for one in scene.truth((stamp - BEGIN) / SECOND, YAW) if one.sounding)
        box = scene.camera.rays(np.array([truth.box[:2]]))[0]
        q = message.pose.pose.orientation
        told = direction((q.x, q.y, q.z, q.w))
        errors.append(math.degrees(math.acos(min(1.0, float(told @ box / np.linalg.norm(box))))))
    assert len(errors) >= 8
    assert np.median(errors) < 3


def test_the_video_shows_every_readable_frame_and_is_heard(done, scene):
    with av.open(str(done[1] / 'overlay.mp4')) as container:
        frames = [frame.time for frame in container.decode(video=0)]
    wanted = [number / RATE for number in range(len(STAMPS)) if number != BROKEN]
    np.testing.assert_allclose(frames, wanted, atol=1e-3)
    with av.open(str(done[1] / 'overlay.mp4')) as container:
        blocks = list(container.decode(audio=0))
        heard = np.concatenate([block.to_ndarray()[0] for block in blocks])
        begins = round(float(blocks[0].time) * 48_000)
    truth = scene.audio(0, 3 * 48_000)
    heard = np.pad(heard, (max(0, begins), 0))[:len(truth)]
    best = np.correlate(np.pad(heard, 4_000), truth, 'valid')
    lag = int(np.argmax(best)) - 4_000
    likeness = best.max() / (np.linalg.norm(heard) * np.linalg.norm(truth))
    assert abs(lag) < 500, 'the sound is a hundredth of a second off'
    assert likeness > 0.9


def test_parameters_are_those_of_the_node(recorded, tmp_path):
    (tmp_path / 'robot.yaml').write_text(
        '/**:\n  ros__parameters:\n    window.max_rate: 2.5\n    sources: {threshold: 0.000001, max: 9}\n'
        '    other: 3\n')
    result = run(recorded, tmp_path / 'out', '--params-file', tmp_path / 'robot.yaml',
                 '-p', 'window.alignment:=centered', '-p', 'sources.max:=1', '-p', 'target_frame:=map')
    assert result.exit_code == 0, result.output
    found = answers(tmp_path / 'out')
    stamps = [received for received, _ in found['/avloc/heatmap']]
    assert 'Left out (10): frames more than window.max_rate' in result.output
    assert np.diff(stamps).min() >= 0.39 * SECOND
    assert stamps[0] <= BEGIN + 0.85 * SECOND
    assert {len(message.detections) for _, message in found['/avloc/sources']} == {1}
    assert 'Not heeded, see docs/run.md: target_frame.' in result.output


def test_a_video_file_is_run_too(tmp_path, scene):
    with VideoWriter(tmp_path / 'clock.mp4', WIDTH, HEIGHT, RATE, sound=True) as video:
        for number in range(2 * RATE):
            bgr = np.ascontiguousarray(scene.frame(number / RATE, 0.0)[..., ::-1])
            video.write(bgr, BEGIN + number * SECOND // RATE)
        video.hear(scene.audio(0, 2 * 48_000))
    result = run(tmp_path / 'clock.mp4', tmp_path / 'deep' / 'out')
    assert result.exit_code == 0, result.output
    heatmaps = answers(tmp_path / 'deep' / 'out')['/avloc/heatmap']
    assert 3 <= len(heatmaps) <= RATE
    assert {message.header.frame_id for _, message in heatmaps} == {'camera_optical_frame'}


def test_a_calibration_that_is_none_is_said_and_the_field_of_view_taken(scene, tmp_path):
    with BagWriter(tmp_path / 'odd', share=message_folders()) as bag:
        for number in range(2 * RATE):
            stamp = BEGIN + number * SECOND // RATE
            for topic, message in (
                    ('/camera/camera_info', CameraInfo(k=[9.0] * 9)),
                    ('/camera/image_raw', to_image(scene.frame(0.0, 0.0), 'rgb8', header('eye', stamp))),
                    ('/audio', AudioDataStamped(header=header('eye', stamp), audio=AudioData(
                        data=pcm(np.zeros(16_000 // RATE)))))):
                bag.write(topic, type_name(type(message)), stamp, serialize_message(message))
    result = run(tmp_path / 'odd', tmp_path / 'out')
    assert result.exit_code == 0, result.output
    assert 'camera_info says no size' in result.output and 'camera.hfov says 1.050 rad' in result.output
    assert 'in 0% of them something in view sounds. Tracks attended to: 0.' in result.output


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_what_was_seen_is_kept_when_it_is_stopped(recorded, tmp_path, monkeypatch, number):
    """It stops itself, at its tenth frame."""
    draw, shown = Film.show, []

    def stopping(film, bgr, stamp):
        draw(film, bgr, stamp)
        shown.append(stamp)
        if len(shown) == 10:
            os.kill(os.getpid(), number)

    monkeypatch.setattr(Film, 'show', stopping)
    before = signal.getsignal(signal.SIGTERM)
    result = run(recorded, tmp_path / 'out')
    assert result.exit_code not in (0, 1)
    assert signal.getsignal(signal.SIGTERM) is before
    localised = len(answers(tmp_path / 'out')['/avloc/heatmap'])
    assert localised >= 3 and f'{localised} of 20 frames localised' in result.output
    with av.open(str(tmp_path / 'out' / 'overlay.mp4')) as container:
        assert len(list(container.decode(video=0))) == 10


def one_sentence(result, words):
    """Hold that a mistake is said without a traceback."""
    assert result.exit_code == 1
    assert re.search(words, ' '.join(result.output.split())), result.output
    assert 'Traceback' not in result.output


def test_mistakes_are_said_in_a_sentence(recorded, tmp_path):
    one_sentence(run(tmp_path / 'none.mp4', tmp_path / 'out'), 'none.mp4 does not exist')
    one_sentence(run(recorded, recorded), 'kitchen is there already; name another folder')
    (tmp_path / 'file').touch()
    one_sentence(run(recorded, tmp_path / 'file' / 'out'), 'out cannot be made .*name another')
    out = tmp_path / 'out'
    one_sentence(run(recorded, out, '-p', 'sources.treshold:=0.5'), 'sources.treshold.*NAME:=VALUE')
    one_sentence(run(recorded, out, '-p', 'sources.max:=many'), 'sources.max cannot be .many.')
    one_sentence(run(recorded, out, '-p', 'sources.max:=0'), 'lies between 1 and 100')
    one_sentence(run(recorded, out, '--params-file', tmp_path / 'no.yaml'), 'no.yaml cannot be read')
    assert not out.exists()


def test_a_recording_without_sound_is_said_to_be_one(tmp_path, scene):
    path = tmp_path / 'mute.mp4'
    with VideoWriter(path, WIDTH, HEIGHT, RATE) as video:
        for number in range(4):
            video.write(np.zeros((HEIGHT, WIDTH, 3), np.uint8), number * SECOND // RATE)
    one_sentence(run(path, tmp_path / 'out'), 'No frame of .*mute.mp4 has its second of sound')
    assert not (tmp_path / 'out').exists()


def test_parameters_of_messages_are_said_not_to_be_heeded_by_videos(tmp_path, scene):
    path = tmp_path / 'clock.mkv'
    with VideoWriter(path, WIDTH, HEIGHT, RATE, sound=True) as video:
        video.write(np.zeros((HEIGHT, WIDTH, 3), np.uint8), 0)
        video.write(np.zeros((HEIGHT, WIDTH, 3), np.uint8), 3 * SECOND // 2)
        video.hear(scene.audio(0, 2 * 48_000))
    result = run(path, tmp_path / 'out', '-p', 'audio.offset:=0.1', '-p', 'model.engine:=tensorrt')
    assert result.exit_code == 0, result.output
    assert 'Not heeded, see docs/run.md: audio.offset.' in result.output
    assert re.search('TensorRT|tensorrt', result.output)
