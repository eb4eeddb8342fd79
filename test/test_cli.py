"""The command line says what is wrong in a sentence, and needs no torch to be asked."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from ros2_avloc.cli import app


def test_the_command_is_imported_without_torch_and_ros():
    code = ("import sys, ros2_avloc.cli; "
            "print(sorted({'torch', 'lightning', 'rclpy'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == '[]'


@pytest.fixture
def learning():
    """The libraries that the commands for learning need."""
    pytest.importorskip('torch')
    pytest.importorskip('lightning')


@pytest.mark.usefixtures('learning')
def test_a_missing_bundle_is_said_in_one_sentence(tmp_path):
    result = CliRunner().invoke(app, ['evaluate', '--bundle', str(tmp_path / 'none')])
    assert result.exit_code == 1
    assert 'bundle.json cannot be read' in result.output
    assert 'Traceback' not in result.output


@pytest.mark.usefixtures('learning')
def test_nothing_to_measure_is_said_in_one_sentence():
    result = CliRunner().invoke(app, ['evaluate'])
    assert result.exit_code == 1
    assert 'name a --bundle' in result.output


@pytest.mark.usefixtures('learning')
def test_a_file_that_is_no_checkpoint_is_said_in_one_sentence(tmp_path):
    (tmp_path / 'odd.ckpt').write_bytes(b'odd')
    result = CliRunner().invoke(app, ['export', str(tmp_path / 'odd.ckpt'), str(tmp_path / 'bundle')])
    assert result.exit_code == 1
    assert 'odd.ckpt is no checkpoint of avloc train, or is damaged' in result.output


@pytest.mark.usefixtures('learning')
def test_a_directory_that_is_no_pack_is_said_in_one_sentence(tmp_path):
    result = CliRunner().invoke(app, ['train', str(tmp_path / 'out'), '--pack', str(tmp_path)])
    assert result.exit_code == 1
    assert 'is no pack' in result.output
