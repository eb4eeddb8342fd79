from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ros2_avloc.errors import AvlocError
from ros2_avloc.share import bundle_path, message_folders, share_path

ROOT = Path(__file__).parents[2]


def test_checkout_is_found_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / 'share' / 'ros2_avloc' / 'config').mkdir(parents=True)
    (tmp_path / 'share' / 'ros2_avloc' / 'config' / 'avloc.yaml').touch()
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path))
    assert share_path('config', 'avloc.yaml').samefile(ROOT / 'config' / 'avloc.yaml')


def test_prefix_of_ros_stands_in_for_what_the_checkout_lacks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first, second = tmp_path / 'first', tmp_path / 'second'
    for prefix in (first, second):
        (prefix / 'share' / 'ros2_avloc' / 'models' / 'other').mkdir(parents=True)
    monkeypatch.setenv('AMENT_PREFIX_PATH', f'{tmp_path / "empty"}:{first}:{second}')
    assert share_path('models', 'other') == first / 'share' / 'ros2_avloc' / 'models' / 'other'


def test_absent_file_is_named_in_one_sentence() -> None:
    with pytest.raises(AvlocError, match=r'^models/no_such_bundle is not part of this installation[^\n]*\.$'):
        share_path('models', 'no_such_bundle')


def test_a_bundle_that_is_not_shipped_is_asked_for_by_its_path() -> None:
    with pytest.raises(AvlocError, match=r'^models/mine is not part of this installation.*\./mine\.$'):
        bundle_path('mine')


def test_a_bundle_is_a_shipped_one_by_its_name_and_any_other_by_its_path(tmp_path: Path) -> None:
    assert bundle_path('avolnet') == share_path('models', 'avolnet')
    for path in ('./avolnet', 'models/mine', str(tmp_path)):
        assert bundle_path(path) == Path(path)


def test_messages_are_looked_for_where_ros_says_and_then_below_this_python(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv('AMENT_PREFIX_PATH', '/opt/first:/opt/second')
    assert message_folders() == [Path(p, 'share') for p in ('/opt/first', '/opt/second', sys.prefix)]


def test_installed_code_looks_under_its_prefix(tmp_path: Path) -> None:
    """A copy of the code outside any checkout takes the files of the installation."""
    code, shared = tmp_path / 'lib' / 'ros2_avloc', tmp_path / 'prefix' / 'share' / 'ros2_avloc' / 'config'
    code.mkdir(parents=True)
    shared.mkdir(parents=True)
    (shared / 'avloc.yaml').touch()
    for name in ('__init__.py', 'errors.py', 'share.py'):
        shutil.copy(ROOT / 'ros2_avloc' / name, code)
    script = 'from ros2_avloc.share import share_path; print(share_path("config", "avloc.yaml"))'
    found = subprocess.run(
        [sys.executable, '-c', script], cwd=code.parent, text=True, capture_output=True,
        env={'AMENT_PREFIX_PATH': str(tmp_path / 'prefix'), 'PATH': ''},
    )  # fmt: skip
    assert found.stdout.strip() == str(shared / 'avloc.yaml'), found.stderr
