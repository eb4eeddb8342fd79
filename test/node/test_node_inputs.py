"""Every kind of input that a robot may have, over DDS."""

from __future__ import annotations

import time
from array import array

import av
import cv2
import numpy as np
from audio_common_msgs.msg import AudioData, AudioInfo
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.qos import qos_profile_sensor_data
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String

SECOND = 10**9


def to_time(nanoseconds):
    return Time(sec=nanoseconds // SECOND, nanosec=nanoseconds % SECOND)


def stamp_of(message):
    return message.header.stamp.sec * SECOND + message.header.stamp.nanosec


def test_compressed_images_and_audio_without_stamps(start_node, make_client, lamp_bundle):
    node = start_node(model__bundle=lamp_bundle, model__engine='onnxruntime', image_transport='compressed')
    client = make_client(image='unused', audio='unused_too')
    images = client.node.create_publisher(CompressedImage, 'image/compressed', 5)
    audio = client.node.create_publisher(AudioData, 'audio', 50)

    def send_compressed(image):
        pixels = np.frombuffer(image.data, np.uint8).reshape(image.height, image.width, 3)
        jpeg = cv2.imencode('.jpg', pixels)[1].tobytes()
        images.publish(CompressedImage(header=image.header, format='jpeg', data=array('B', jpeg)))

    client.send_image = send_compressed
    client.send_chunk = lambda stamp: audio.publish(AudioData(data=client.hum()))
    client.start()
    heatmaps = client.listen(Image, '/avloc/heatmap')
    heatmap = client.until(lambda: heatmaps)[0]
    assert np.frombuffer(heatmap.data, np.float32).max() > 0.9
    client.until(lambda: client.statuses['audio'].level == DiagnosticStatus.OK)
    assert client.values('audio')['type'] == 'AudioData'
    assert client.values('audio')['times from'] == 'arrival'
    assert client.values('camera')['topic'] == '/image/compressed'
    assert node.stop() == 0


def test_audio_info_says_the_format_and_audio_waits_for_it(start_node, make_client, lamp_bundle):
    start_node(model__bundle=lamp_bundle, model__engine='onnxruntime')
    client = make_client()
    info = client.node.create_publisher(AudioInfo, 'audio_info', 5)
    client.RATE = 44_100
    client.start()
    client.until(lambda: client.statuses and client.values('audio')['format'] == 'audio_info is awaited')
    heatmaps = client.listen(Image, '/avloc/heatmap')
    assert not heatmaps
    message = AudioInfo(channels=1, sample_rate=44_100, sample_format='S16LE', coding_format='wave')

    def told():
        info.publish(message)
        return client.values('audio')['format'] == 'S16LE, 44100 Hz, 1 channels (audio_info)'
    client.until(told)
    heatmap = client.until(lambda: heatmaps)[-1]
    assert np.frombuffer(heatmap.data, np.float32).max() > 0.9
    assert float(client.values('audio')['clock drift (ppm)']) < 5000


def mp3_pieces(seconds, rate, length):
    """White noise as an mp3 stream, cut where audio_capture would: anywhere."""
    codec = av.CodecContext.create('libmp3lame', 'w')
    codec.sample_rate, codec.layout, codec.format, codec.bit_rate = rate, 'mono', 's16p', 128_000
    samples = np.random.default_rng(0).uniform(-16_000, 16_000, (1, seconds * rate)).astype(np.int16)
    stream = b''
    for start in range(0, samples.shape[1] - 1151, 1152):
        frame = av.AudioFrame.from_ndarray(samples[:, start:start + 1152], format='s16p', layout='mono')
        frame.sample_rate = rate
        stream += b''.join(bytes(packet) for packet in codec.encode(frame))
    return [stream[start:start + length] for start in range(0, len(stream), length)]


def test_mp3_as_audio_capture_sends_it_by_default(start_node, make_client, lamp_bundle):
    node = start_node(model__bundle=lamp_bundle, model__engine='onnxruntime')
    client = make_client()
    info = client.node.create_publisher(AudioInfo, 'audio_info', 5)
    client.CHUNK = 0.02
    pieces = iter(mp3_pieces(30, 44_100, round(128_000 / 8 * client.CHUNK)))
    client.hum = lambda: array('B', next(pieces))
    client.start()
    heatmaps = client.listen(Image, '/avloc/heatmap')

    def told():
        info.publish(AudioInfo(channels=1, sample_rate=44_100, sample_format='S16LE', coding_format='mp3'))
        return client.values('audio')['format'] == 'mp3 (audio_info)'
    client.until(told)
    client.until(lambda: heatmaps and np.frombuffer(heatmaps[-1].data, np.float32).max() > 0.9)
    client.until(lambda: client.statuses['windows'].level == DiagnosticStatus.OK)
    assert 'Traceback' not in node.log


def test_a_loop_of_simulated_time(start_node, make_client, lamp_bundle):
    """Time starts over twice; each time is told once, and frames go through again."""
    node = start_node(model__bundle=lamp_bundle, model__engine='onnxruntime', use_sim_time=True)
    client = make_client()
    clock = client.node.create_publisher(Clock, '/clock', 10)
    heatmaps = client.listen(Image, '/avloc/heatmap')
    clock_time = {'now': 0}
    client.now = lambda: clock_time['now']
    play = client.play

    def tick():
        clock_time['now'] += SECOND // 100
        clock.publish(Clock(clock=to_time(clock_time['now'])))
        play()

    client.play = tick
    for _ in range(3):
        clock_time['now'] = 1000 * SECOND
        client.start()
        heatmaps.clear()
        client.until(lambda: len(heatmaps) > 10)
        assert all(1000 * SECOND < stamp_of(message) <= clock_time['now'] for message in heatmaps)
    client.until(lambda: client.values('windows')['jumps back in time'] == '2')
    assert 'Time has jumped back by' in node.log
    assert node.log.count('everything starts anew') <= 2
    assert 'Traceback' not in node.log


def test_a_looping_bag_with_stamps_of_another_day(start_node, make_client, lamp_bundle):
    node = start_node(model__bundle=lamp_bundle, model__engine='onnxruntime')
    client = make_client()
    heatmaps = client.listen(Image, '/avloc/heatmap')
    recorded = client.now() - 86_400 * SECOND
    for _ in range(2):
        began = client.now()
        client.now = lambda began=began: recorded + time.time_ns() - began
        client.start()
        heatmaps.clear()
        client.until(lambda: len(heatmaps) > 30)
        assert all(recorded < stamp_of(message) <= client.now() for message in heatmaps)
        client.now = time.time_ns
    client.until(lambda: client.values('windows')['jumps back in time'] == '1')
    assert node.log.count('everything starts anew') == 1
    client.until(lambda: 'use_sim_time' in client.statuses['windows'].message)
    assert client.values('camera')['bad'] == client.values('audio')['bad'] == '0'


def test_different_clocks_are_named(start_node, make_client, lamp_bundle):
    start_node(model__bundle=lamp_bundle, model__engine='onnxruntime')
    client = make_client()
    client.audio_clock_ahead = 3600 * SECOND - client.now()
    client.start()
    client.until(lambda: client.statuses and client.statuses['windows'].level == DiagnosticStatus.ERROR)
    message = client.statuses['windows'].message
    assert message.startswith('/image and /audio are stamped by different clocks: 20')
    assert '1970-01-01T01:00:' in message


def test_what_is_missing_is_named_with_its_topic(start_node, make_client, lamp_bundle):
    start_node('-r', 'image:=/front/image', model__bundle=lamp_bundle, model__engine='onnxruntime')
    client = make_client()
    client.until(lambda: client.statuses and 'No images yet' in client.statuses['camera'].message)
    assert client.statuses['camera'].message == 'No images yet on /front/image, which has no publisher.'
    assert client.statuses['camera'].level == DiagnosticStatus.STALE
    client.until(lambda: client.statuses['audio'].message == 'No audio yet on /audio, which has 1 publisher.')


def test_qos_that_does_not_fit_is_reported_with_both_policies(start_node, make_client, lamp_bundle):
    node = start_node('-p', 'qos_overrides./image.subscription.reliability:=reliable',
                      model__bundle=lamp_bundle, model__engine='onnxruntime')
    client = make_client(image='elsewhere')
    publisher = client.node.create_publisher(Image, 'image', qos_profile_sensor_data)
    client.until(lambda: 'offers reliability BEST_EFFORT, but qos_overrides asks for RELIABLE' in node.log)
    client.until(lambda: client.values('camera')['incompatible QoS'] == '1')
    assert '1 met with incompatible QoS' in client.statuses['camera'].message
    client.node.destroy_publisher(publisher)


def test_a_topic_that_is_no_audio_is_named(start_node, make_client, lamp_bundle):
    node = start_node(model__bundle=lamp_bundle, model__engine='onnxruntime')
    client = make_client(audio='elsewhere')
    client.node.create_publisher(String, 'audio', 5)
    client.until(lambda: 'audio: /audio carries std_msgs/msg/String, which is none of the audio messages'
                 in node.log)
    client.until(lambda: client.values('audio')['type'] == 'nobody publishes')
