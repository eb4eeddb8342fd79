"""The doctor says what is there, and what to do about what is not."""

import shutil
import sys

import pytest
from sensor_msgs.msg import CompressedImage
from typer.testing import CliRunner

from ros2_avloc.cli import app
from ros2_avloc.share import bundle_path


@pytest.fixture
def doctor(domain, monkeypatch):
    """Ask the doctor, on the domain of the tests; lines are long enough for a sentence."""
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain))
    monkeypatch.setenv('COLUMNS', '300')

    def ask(*options):
        result = CliRunner().invoke(app, ['doctor', *options])
        lines = [line.split(maxsplit=1) for line in result.output.splitlines()]
        return result.exit_code, {line[0]: line[1].strip() for line in lines if len(line) == 2}, result.output

    return ask


def test_where_nobody_publishes_it_says_what_to_start(doctor):
    code, said, output = doctor('--wait', '0')
    assert code == 1
    assert said['camera'].startswith('lacking') and said['microphone'].startswith('lacking')
    assert said['calibration'].startswith('not here')
    assert 'Start its driver, such as audio_capture' in output
    assert said['messages'].startswith('found') and said['model'].startswith('found')
    assert said['onnxruntime'].startswith('found') and 'fp32 on CPU' in said['onnxruntime']


def test_topics_of_another_name_are_found_and_named(doctor, make_client):
    make_client(image='head/image_raw', audio='ear/sound')
    code, said, output = doctor()
    assert code == 0, output
    assert said['camera'] == 'found     /head/image_raw'
    assert 'Launch with image:=/head/image_raw\n' in _bare(output)
    assert 'Launch with audio:=/ear/sound\n' in _bare(output)


def test_a_camera_that_only_sends_jpeg_is_taken_so(doctor, make_client):
    asker = make_client(image='unused')
    asker.node.destroy_publisher(asker.image_publisher)
    asker.node.create_publisher(CompressedImage, 'head/image/compressed', 5)
    _, _, output = doctor()
    assert 'Launch with image:=/head/image image_transport:=compressed\n' in _bare(output)


def test_a_damaged_model_is_lacking(doctor, tmp_path):
    shutil.copytree(bundle_path('avolnet'), tmp_path / 'odd')
    (tmp_path / 'odd' / 'weights.bin').write_bytes(b'')
    code, said, output = doctor('--wait', '0', '--bundle', str(tmp_path / 'odd'))
    assert code == 1
    assert said['model'].startswith('lacking') and 'weights.bin' in output
    assert 'Traceback' not in output


def test_without_ros_it_says_how_to_have_it(doctor, monkeypatch):
    monkeypatch.setitem(sys.modules, 'rclpy.utilities', None)
    code, said, output = doctor('--wait', '0')
    assert code == 1
    assert said['ROS'].startswith('2') and 'rclpy cannot be used' in output
    assert 'camera' not in said


def _bare(output):
    return '\n'.join(line.rstrip() for line in output.splitlines()) + '\n'
