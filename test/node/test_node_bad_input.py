"""Whatever arrives on a topic is reported once in a sentence, counted, and changes nothing else."""

from __future__ import annotations

import re
from array import array

import pytest
from audio_common_msgs.msg import AudioData, AudioDataStamped
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus
from sensor_msgs.msg import CameraInfo, Image

BAD_IMAGES = {
    'unknown encoding': ({'encoding': 'infrared7'}, "unknown encoding 'infrared7'"),
    'truncated': ({'data': array('B', bytes(1000))}, 'was the message cut off'),
    'empty': ({'height': 0, 'width': 0, 'step': 0, 'data': array('B')}, 'is empty'),
    'short rows': ({'step': 7}, 'must have rows of at least'),
}


def bad(client, part):
    """How many bad messages the diagnostics count."""
    return int(client.values(part)['bad']) if part in client.statuses else 0


def goes_on(client):
    """Frames that are sent from now on go through."""
    heatmaps = client.listen(Image, '/avloc/heatmap')
    now = client.now()
    client.until(lambda: heatmaps[-1].header.stamp.sec * 10**9 + heatmaps[-1].header.stamp.nanosec > now)


@pytest.mark.parametrize('case', BAD_IMAGES)
def test_images_that_cannot_be_read(client, node, case):
    changes, sentence = BAD_IMAGES[case]
    before = bad(client, 'camera')

    def send(image):
        for field, value in changes.items():
            setattr(image, field, value)
        client.image_publisher.publish(image)

    client.send_image = send
    client.until(lambda: bad(client, 'camera') >= before + 3)
    client.send_image = client.image_publisher.publish
    assert node.log.count(sentence) == 1
    assert client.statuses['camera'].level == DiagnosticStatus.WARN
    assert any(sentence in value for value in client.values('camera').values())
    goes_on(client)


@pytest.mark.parametrize(('stamp', 'sentence'), [
    (Time(), 'The image has no stamp'),
    (Time(sec=-5), 'is no time'),
    (Time(sec=2**31 - 1), 'A stamp lay'),
])
def test_stamps_of_images_that_cannot_be(client, node, stamp, sentence):
    before = bad(client, 'camera')
    image = Image(height=420, width=560, encoding='rgb8', step=1680, data=array('B', bytes(420 * 1680)))
    image.header.stamp = stamp
    client.image_publisher.publish(image)
    client.until(lambda: bad(client, 'camera') > before)
    assert node.log.count(sentence) == 1
    goes_on(client)


@pytest.mark.parametrize(('content', 'sentence'), [(b'', 'empty'), (b'odd', '3 bytes')])
def test_audio_of_a_length_that_cannot_be(client, node, content, sentence):
    before = bad(client, 'audio')
    for _ in range(3):
        message = AudioDataStamped(audio=AudioData(data=array('B', content)))
        message.header.stamp = client.node.get_clock().now().to_msg()
        client.audio_publisher.publish(message)
    client.until(lambda: bad(client, 'audio') >= before + 3)
    assert sum('audio: ' in line and sentence in line for line in node.log.splitlines()) == 1
    goes_on(client)


def test_an_audio_stamp_that_cannot_be_shifts_nothing(client, node):
    before, restarts = bad(client, 'audio'), client.values('audio')['timeline restarts']
    chunk = client.send_chunk
    client.send_chunk = lambda stamp: (chunk(stamp + 10**17), setattr(client, 'send_chunk', chunk))
    client.until(lambda: bad(client, 'audio') > before)
    seconds, = (float(found) for found in re.findall(r'audio: A stamp lay ([0-9.]+) s after', node.log))
    assert seconds == pytest.approx(1e8, abs=1)
    assert client.values('audio')['timeline restarts'] == restarts
    goes_on(client)


def test_a_camera_info_that_describes_no_camera(client, node):
    publisher = client.node.create_publisher(CameraInfo, 'camera_info', 5)
    info = CameraInfo(width=560, height=420, distortion_model='fancy', d=[0.1],
                      k=[500.0, 0.0, 280.0, 0.0, 500.0, 210.0, 0.0, 0.0, 1.0])

    def arrives():
        publisher.publish(info)
        return "distortion model 'fancy'" in node.log
    client.until(arrives)
    goes_on(client)
    assert node.log.count("distortion model 'fancy'") == 1


def test_nothing_of_it_was_a_defect(client, node):
    assert client.values('windows')['defects'] == '0'
    assert 'Traceback' not in node.log
    assert node.lives
