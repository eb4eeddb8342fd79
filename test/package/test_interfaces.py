"""The messages have the fields of the packages they stand in for, so that both ends talk to each other."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HYPOTHESES = 'sequence<vision_msgs/ObjectHypothesisWithPose>'
FIELDS = {
    'audio_common_msgs/AudioData': {'data': 'sequence<uint8>'},
    'audio_common_msgs/AudioDataStamped': {
        'header': 'std_msgs/Header', 'audio': 'audio_common_msgs/AudioData'
    },
    'audio_common_msgs/AudioInfo': {
        'channels': 'uint8', 'sample_rate': 'uint32', 'sample_format': 'string', 'bitrate': 'uint32',
        'coding_format': 'string',
    },
    'tf2_msgs/TFMessage': {'transforms': 'sequence<geometry_msgs/TransformStamped>'},
    'vision_msgs/Point2D': {'x': 'double', 'y': 'double'},
    'vision_msgs/Pose2D': {'position': 'vision_msgs/Point2D', 'theta': 'double'},
    'vision_msgs/BoundingBox2D': {'center': 'vision_msgs/Pose2D', 'size_x': 'double', 'size_y': 'double'},
    'vision_msgs/BoundingBox3D': {'center': 'geometry_msgs/Pose', 'size': 'geometry_msgs/Vector3'},
    'vision_msgs/ObjectHypothesis': {'class_id': 'string', 'score': 'double'},
    'vision_msgs/ObjectHypothesisWithPose': {
        'hypothesis': 'vision_msgs/ObjectHypothesis', 'pose': 'geometry_msgs/PoseWithCovariance'
    },
    'vision_msgs/Detection2D': {
        'header': 'std_msgs/Header', 'results': HYPOTHESES, 'bbox': 'vision_msgs/BoundingBox2D',
        'id': 'string',
    },
    'vision_msgs/Detection2DArray': {
        'header': 'std_msgs/Header', 'detections': 'sequence<vision_msgs/Detection2D>'
    },
    'vision_msgs/Detection3D': {
        'header': 'std_msgs/Header', 'results': HYPOTHESES, 'bbox': 'vision_msgs/BoundingBox3D',
        'id': 'string',
    },
    'vision_msgs/Detection3DArray': {
        'header': 'std_msgs/Header', 'detections': 'sequence<vision_msgs/Detection3D>'
    },
}  # fmt: skip


@pytest.mark.parametrize('name', FIELDS)
def test_fields_in_their_order(name: str) -> None:
    package, message = name.split('/')
    fields = getattr(import_module(f'{package}.msg'), message).get_fields_and_field_types()
    assert list(fields.items()) == list(FIELDS[name].items())


def test_every_definition_is_checked() -> None:
    definitions = {f'{path.parts[-3]}/{path.stem}' for path in (ROOT / 'interfaces').rglob('*.msg')}
    assert definitions == set(FIELDS)


def test_colcon_leaves_them_alone() -> None:
    assert (ROOT / 'interfaces' / 'COLCON_IGNORE').is_file()
