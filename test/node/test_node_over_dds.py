"""The node in its own process, over DDS: topics, types, QoS, parameters, and what it publishes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PointStamped, PoseArray, PoseWithCovarianceStamped
from rcl_interfaces.msg import Parameter as ParameterMsg
from rcl_interfaces.msg import ParameterType, ParameterValue
from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters, SetParameters
from rclpy.qos import ReliabilityPolicy
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from vision_msgs.msg import Detection2DArray, Detection3DArray
from visualization_msgs.msg import Marker, MarkerArray

from ros2_avloc.attention.bearing import angle
from ros2_avloc.attention.track import PAUSE
from ros2_avloc.node.settings import START, Settings, entries
from ros2_avloc.vision.camera import Camera

HFOV = Settings().camera_hfov
CAMERA = Camera.from_hfov(560, 420, HFOV)
LAMP = (199.5, 209.5)

OUTPUTS = {
    '/avloc/heatmap': 'sensor_msgs/msg/Image',
    '/avloc/overlay': 'sensor_msgs/msg/Image',
    '/avloc/overlay/compressed': 'sensor_msgs/msg/CompressedImage',
    '/avloc/sources': 'vision_msgs/msg/Detection2DArray',
    '/avloc/tracks': 'vision_msgs/msg/Detection3DArray',
    '/avloc/bearings': 'geometry_msgs/msg/PoseArray',
    '/avloc/attended': 'geometry_msgs/msg/PoseWithCovarianceStamped',
    '/avloc/attended_point': 'geometry_msgs/msg/PointStamped',
    '/avloc/markers': 'visualization_msgs/msg/MarkerArray',
    '/diagnostics': 'diagnostic_msgs/msg/DiagnosticArray',
}

INPUTS = {
    '/image': 'sensor_msgs/msg/Image',
    '/camera_info': 'sensor_msgs/msg/CameraInfo',
    '/audio': 'audio_common_msgs/msg/AudioDataStamped',
    '/audio_info': 'audio_common_msgs/msg/AudioInfo',
}


def stamp_of(message):
    return message.header.stamp.sec * 10**9 + message.header.stamp.nanosec


def xyz(point):
    return [point.x, point.y, point.z]


def ahead(pose):
    """The +X axis of a pose."""
    turn = pose.orientation
    return Rotation.from_quat([turn.x, turn.y, turn.z, turn.w]).apply([1, 0, 0])


def set_parameter(client, name, value):
    kinds = {bool: ('bool_value', ParameterType.PARAMETER_BOOL),
             float: ('double_value', ParameterType.PARAMETER_DOUBLE),
             str: ('string_value', ParameterType.PARAMETER_STRING)}
    field, kind = kinds[type(value)]
    parameter = ParameterMsg(name=name, value=ParameterValue(type=kind, **{field: value}))
    return client.call(SetParameters, '/avloc/set_parameters', parameters=[parameter]).results[0]


def test_topics_types_and_qos(client, node):
    published = dict(client.node.get_publisher_names_and_types_by_node('avloc', '/'))
    subscribed = dict(client.node.get_subscriber_names_and_types_by_node('avloc', '/'))
    for topic, kind in OUTPUTS.items():
        assert published[topic] == [kind]
        infos = client.node.get_publishers_info_by_topic(topic)
        info, = [info for info in infos if info.node_name == 'avloc']
        assert info.qos_profile.reliability == ReliabilityPolicy.RELIABLE
    for topic, kind in INPUTS.items():
        assert subscribed[topic] == [kind]
        info, = client.node.get_subscriptions_info_by_topic(topic)
        assert info.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT


def test_a_heatmap_is_of_the_frame_whose_stamp_it_bears(client):
    columns = [100, 300, 460]
    client.lamp = lambda number: (columns[number % 3], 210)
    heatmaps = client.listen(Image, '/avloc/heatmap')
    heatmaps.clear()
    client.until(lambda: len(heatmaps) >= 12)
    client.lamp = lambda number: (200, 210)
    for message in heatmaps:
        assert (message.encoding, message.height, message.width, message.step) == ('32FC1', 14, 14, 56)
        assert message.header.frame_id == 'camera_optical'
        heatmap = np.frombuffer(message.data, np.float32).reshape(14, 14)
        column = np.average(np.arange(14), weights=heatmap.max(axis=0))
        x, _ = client.lamps[stamp_of(message)]
        assert heatmap.max() > 0.9
        assert (column + 0.5) * 40 == pytest.approx(x, abs=25)


def test_sources_tracks_and_the_attended_one_point_at_the_lamp(client):
    kinds = {'sources': Detection2DArray, 'tracks': Detection3DArray, 'bearings': PoseArray,
             'attended': PoseWithCovarianceStamped, 'attended_point': PointStamped}
    heard = {name: client.listen(kind, f'/avloc/{name}') for name, kind in kinds.items()}
    ray = CAMERA.rays([LAMP])[0]
    client.until(lambda: any(angle(ahead(message.pose.pose), ray) < 0.03 for message in heard['attended']))
    for messages in heard.values():
        messages.clear()
    common = client.until(
        lambda: set.intersection(*(set(map(stamp_of, messages)) for messages in heard.values())))
    sources, tracks, bearings, attended, point = (
        next(message for message in messages if stamp_of(message) in common) for messages in heard.values())
    detection, = sources.detections
    centre = detection.bbox.center.position
    assert (centre.x, centre.y) == pytest.approx(LAMP, abs=20)
    assert detection.results[0].hypothesis.class_id == 'sound_source'
    assert detection.results[0].hypothesis.score > 0.9
    number, = [number for number, track in enumerate(tracks.detections) if track.id == detection.id]
    for pose in (tracks.detections[number].results[0].pose.pose, bearings.poses[number], attended.pose.pose):
        assert angle(ahead(pose), ray) < 0.03
        assert (pose.position.x, pose.position.y, pose.position.z) == (0, 0, 0)
    np.testing.assert_allclose(xyz(point.point), 2 * ray, atol=0.06)
    frames = {message.header.frame_id for message in (sources, tracks, bearings, attended, point)}
    assert frames == {'camera_optical'}


def test_the_covariance_is_of_turns_across_the_bearing(client):
    attended = client.listen(PoseWithCovarianceStamped, '/avloc/attended')
    pose = client.until(lambda: attended)[-1].pose
    covariance = np.reshape(pose.covariance, (6, 6))
    assert not covariance[:3].any()
    assert np.allclose(covariance[3:, 3:] @ ahead(pose.pose), 0, atol=1e-9)
    none, least, most = np.linalg.eigvalsh(covariance[3:, 3:])
    assert none == pytest.approx(0, abs=1e-9)
    assert 0.001 < np.sqrt(least) <= np.sqrt(most) < 0.2


def test_silence_has_no_source_and_nothing_is_attended(client):
    sources = client.listen(Detection2DArray, '/avloc/sources')
    attended = client.listen(PoseWithCovarianceStamped, '/avloc/attended')
    client.loud = False
    sources.clear()
    client.until(lambda: sources and not sources[-1].detections)
    client.until(lambda: len(sources) > 30 and not any(message.detections for message in sources[-20:]))
    last = stamp_of(sources[-20]) + round(PAUSE * 1e9)
    assert not [message for message in attended if stamp_of(message) > last]
    client.loud = True
    client.until(lambda: sources[-1].detections and stamp_of(attended[-1]) > last)


def test_overlays_are_pictures_of_the_frame(client):
    overlays = client.listen(Image, '/avloc/overlay')
    compressed = client.listen(CompressedImage, '/avloc/overlay/compressed')
    overlay = client.until(lambda: overlays)[0]
    assert (overlay.encoding, overlay.width, overlay.height) == ('bgr8', 560, 420)
    assert stamp_of(overlay) in client.lamps
    jpeg = client.until(lambda: compressed)[0]
    assert 'jpeg' in jpeg.format
    assert cv2.imdecode(np.frombuffer(jpeg.data, np.uint8), cv2.IMREAD_COLOR).shape == (420, 560, 3)
    for topic in ('/avloc/overlay', '/avloc/overlay/compressed'):
        client.unlisten(topic)


def test_markers_show_and_mark_the_attended_track(client):
    messages = client.listen(MarkerArray, '/avloc/markers')

    def shown():
        """The markers of the track that is attended, once that is the lamp's."""
        for message in messages:
            ids = {marker.id for marker in message.markers if 'attended' in marker.text}
            markers = {marker.ns: marker for marker in message.markers if marker.id in ids}
            if markers and np.allclose(xyz(markers['rays'].points[1]), 2 * CAMERA.rays([LAMP])[0], atol=0.1):
                return markers
        return None

    markers = client.until(shown)
    assert set(markers) == {'rays', 'cones', 'rims', 'labels'}
    assert {marker.action for marker in markers.values()} == {Marker.ADD}
    assert {marker.type for marker in markers.values()} == {
        Marker.ARROW, Marker.TRIANGLE_LIST, Marker.LINE_STRIP, Marker.TEXT_VIEW_FACING}
    assert all(marker.lifetime.sec >= 1 for marker in markers.values())


def test_every_parameter_is_declared_and_described(client):
    names = client.call(ListParameters, '/avloc/list_parameters').result.names
    assert {entry.name for entry in entries()} <= set(names)
    table = list(entries())
    descriptors = client.call(DescribeParameters, '/avloc/describe_parameters',
                              names=[entry.name for entry in table]).descriptors
    for entry, descriptor in zip(table, descriptors, strict=True):
        assert entry.description.lower() in descriptor.description.lower()
        assert descriptor.read_only == (entry.changes == START)
        assert all(choice in descriptor.additional_constraints for choice in entry.choices)
        if isinstance(entry.default, float):
            span, = descriptor.floating_point_range
            assert (span.from_value, span.to_value) == (entry.low, entry.high)
    values = client.call(GetParameters, '/avloc/get_parameters',
                         names=['window.timeout', 'audio.select']).values
    assert values[0].double_value == 2.0
    assert values[1].type == ParameterType.PARAMETER_INTEGER_ARRAY
    assert list(values[1].integer_array_value) == []


def test_a_parameter_with_a_star_takes_effect_at_once(client):
    heatmaps = client.listen(Image, '/avloc/heatmap')
    assert set_parameter(client, 'heatmap.upsample', True).successful
    large = client.until(lambda: heatmaps[-1].width == 560 and heatmaps[-1])
    assert (large.height, large.step, len(large.data)) == (420, 4 * 560, 4 * 560 * 420)
    assert set_parameter(client, 'heatmap.upsample', False).successful
    sources = client.listen(Detection2DArray, '/avloc/sources')
    assert set_parameter(client, 'sources.threshold', 0.999).successful
    client.until(lambda: not sources[-1].detections)
    assert set_parameter(client, 'sources.threshold', 0.0).successful
    client.until(lambda: sources[-1].detections)
    points = client.listen(PointStamped, '/avloc/attended_point')
    assert set_parameter(client, 'attention.distance', 10.0).successful
    client.until(lambda: points and points[-1].point.z > 5)
    assert set_parameter(client, 'attention.distance', 2.0).successful


@pytest.mark.parametrize(('name', 'value', 'reason'), [
    ('window.alignment', 'left', "cannot be 'left'; it is one of trailing, centered"),
    ('sources.threshold', 1.5, 'out of range'),
    ('model.bundle', '/elsewhere', 'may change only while the node is unconfigured'),
    ('autostart', False, 'read-only'),
])
def test_what_cannot_be_set_is_refused_with_the_reason(client, name, value, reason):
    result = set_parameter(client, name, value)
    assert not result.successful
    assert reason in result.reason


def test_centered_windows_come_half_a_second_later_and_rates_can_be_limited(client):
    heatmaps = client.listen(Image, '/avloc/heatmap')
    assert set_parameter(client, 'window.alignment', 'centered').successful
    heatmaps.clear()
    client.until(lambda: len(heatmaps) > 3)
    assert client.now() - stamp_of(heatmaps[-1]) > 0.4e9
    assert set_parameter(client, 'window.alignment', 'trailing').successful
    assert set_parameter(client, 'window.max_rate', 2.0).successful
    client.until(lambda: client.values('windows')['dropped: rate limit'] not in ('', '0'))
    heatmaps.clear()
    client.until(lambda: len(heatmaps) > 3)
    assert np.diff([stamp_of(message) for message in heatmaps[1:]]).min() > 0.3e9
    assert set_parameter(client, 'window.max_rate', 0.0).successful


def test_diagnostics_say_what_runs(client):
    client.until(lambda: set(client.statuses) == {'engine', 'camera', 'audio', 'windows', 'attention'}
                 and all(status.level == DiagnosticStatus.OK for status in client.statuses.values()))
    engine, audio, windows = (client.values(part) for part in ('engine', 'audio', 'windows'))
    assert (engine['engine'], engine['precision'], engine['state']) == ('onnxruntime', 'fp32', 'active')
    assert engine['bundle'].startswith('lamp ')
    assert audio['topic'] == '/audio'
    assert audio['type'] == 'AudioDataStamped'
    assert audio['times from'] == 'header'
    assert audio['format'] == 'S16LE, 16000 Hz, 1 channels (parameters)'
    assert float(audio['rate (Hz)']) == pytest.approx(50, rel=0.3)
    assert 0 < float(windows['latency p50 (ms)']) < float(windows['latency p99 (ms)']) < 5000
    assert windows['defects'] == '0'
    attention = client.values('attention')
    assert client.statuses['attention'].message.startswith(f'Track {attention["attended track"]} is attended')
    azimuth = np.degrees(np.arctan2(-CAMERA.rays([LAMP])[0][0], CAMERA.rays([LAMP])[0][2]))
    assert float(attention['azimuth (deg, left positive)']) == pytest.approx(azimuth, abs=3)
    assert attention['frame'] == 'camera_optical'


def test_diagnostics_say_why_nothing_is_attended(client):
    client.loud = False
    client.until(lambda: client.values('attention')['attended track'] == 'none')
    status = client.statuses['attention']
    assert status.level == DiagnosticStatus.OK
    assert status.message == f'Nothing is attended: {client.values("attention")["why"]}.'
    client.loud = True
    client.until(lambda: client.values('attention')['attended track'] not in ('', 'none'))


def test_audio_that_falls_silent_is_missed_then_stale_and_well_again(client):
    send_chunk = client.send_chunk
    client.send_chunk = lambda stamp: None
    client.until(lambda: client.statuses['audio'].level == DiagnosticStatus.WARN)
    assert client.statuses['audio'].message.startswith('No audio for ')
    assert client.statuses['audio'].message.endswith(' s on /audio, which has 1 publisher.')
    client.until(lambda: client.statuses['audio'].level == DiagnosticStatus.STALE)
    client.until(lambda: client.statuses['windows'].level == DiagnosticStatus.STALE)
    assert client.statuses['camera'].level == DiagnosticStatus.OK
    client.send_chunk = send_chunk
    client.until(lambda: {status.level for status in client.statuses.values()} == {DiagnosticStatus.OK})


def test_a_calibrated_camera_counts_more_than_the_field_of_view(client):
    publisher = client.node.create_publisher(CameraInfo, 'camera_info', 5)
    points = client.listen(PointStamped, '/avloc/attended_point')
    half = Camera.from_hfov(560, 420, HFOV / 2)
    focal = half.focal[0]
    info = CameraInfo(width=560, height=420, distortion_model='plumb_bob', d=[0.0] * 5,
                      k=[focal, 0.0, 279.5, 0.0, focal, 209.5, 0.0, 0.0, 1.0])
    expected = 2 * half.rays([LAMP])[0]

    def arrives():
        publisher.publish(info)
        return points and abs(points[-1].point.x - expected[0]) < 0.03
    client.until(arrives)
    client.until(lambda: client.values('camera')['camera'] == 'calibrated by camera_info')


def test_the_log_is_without_errors(client, node):
    assert node.lives
    assert 'ERROR' not in node.log
    assert 'Traceback' not in node.log
