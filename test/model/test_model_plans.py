"""The cache of plans: private, whole or not at all, built once."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ros2_avloc.errors import EngineError
from ros2_avloc.model.engines.plans import PlanCache, PlanKey, cache_directory

KEY = PlanKey('0' * 64, 'vision', 'fp16', '10.3.0', 'Orin', '8.7', 16)
PLAN = b'machine code'


@pytest.fixture
def warnings():
    return []


@pytest.fixture
def cache(tmp_path, warnings):
    return PlanCache(tmp_path / 'engines', warnings.append)


def test_returns_what_was_stored_to_the_same_key_alone(cache, warnings):
    assert cache.load(KEY) is None
    cache.store(KEY, PLAN, seconds=12.5)
    assert cache.load(KEY) == PLAN
    for field in ('bundle', 'graph', 'precision', 'library', 'gpu', 'capability', 'processors'):
        assert cache.load(replace(KEY, **{field: 'other'})) is None
    assert not warnings
    assert cache.entries()[KEY.name]['seconds'] == 12.5
    assert {path.name for path in cache.directory.iterdir()} == {f'{KEY.name}.plan', f'{KEY.name}.json'}


def test_files_and_directory_are_closed_to_others(cache):
    cache.store(KEY, PLAN)
    assert cache.directory.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o077 == 0 for path in cache.directory.iterdir())


@pytest.mark.parametrize('mode', [0o755, 0o770, 0o702, 0o777])
def test_a_directory_that_others_can_use_is_refused(tmp_path, mode):
    tmp_path.chmod(mode)
    with pytest.raises(EngineError, match='must belong to the user .* chmod 700'):
        PlanCache(tmp_path, print)


def test_a_directory_of_somebody_else_is_refused(tmp_path, monkeypatch):
    tmp_path.chmod(0o700)
    monkeypatch.setattr(os, 'geteuid', lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(EngineError, match='must belong to the user'):
        PlanCache(tmp_path, print)


def test_a_file_in_the_place_of_the_directory_is_refused(tmp_path):
    (tmp_path / 'engines').write_text('')
    with pytest.raises(EngineError, match='name another model.cache_dir'):
        PlanCache(tmp_path / 'engines', print)


def test_a_disk_that_takes_nothing_is_a_warning(warnings):
    cache = PlanCache(Path('/sys/kernel/engines'), warnings.append)
    with cache.locked(lambda: False, print):
        assert cache.load(KEY) is None
        cache.store(KEY, PLAN)
    assert warnings and all('every start builds anew' in warning for warning in warnings)


@pytest.mark.skipif(os.geteuid() == 0, reason='root can search every directory')
def test_a_directory_that_cannot_be_reached_is_a_warning(tmp_path, warnings):
    (tmp_path / 'closed').mkdir(mode=0)
    cache = PlanCache(tmp_path / 'closed' / 'engines', warnings.append)
    with cache.locked(lambda: False, print):
        assert cache.load(KEY) is None
    assert 'Permission denied' in warnings[0]


def test_a_file_system_without_locks_is_a_warning(cache, warnings, monkeypatch):
    def refuse(file, operation):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, 'flock', refuse)
    with cache.locked(lambda: False, print):
        cache.store(KEY, PLAN)
    assert cache.load(KEY) == PLAN
    assert warnings == [f'{cache.directory} cannot be locked (No locks available): others may build as well.']


def test_an_interrupted_write_leaves_the_old_plan(cache, monkeypatch):
    cache.store(KEY, PLAN)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, 'replace', interrupted)
    with pytest.raises(KeyboardInterrupt):
        cache.store(KEY, b'half of something else')
    assert cache.load(KEY) == PLAN
    assert {path.suffix for path in cache.directory.iterdir()} == {'.plan', '.json'}


def test_what_a_killed_writer_has_begun_is_removed_a_day_later(cache):
    code = ('import os, sys; from pathlib import Path; sys.path[:0] = sys.argv[2:]\n'
            'from ros2_avloc.model.engines.plans import PlanCache\n'
            'os.replace = lambda *_: os.abort()\n'
            'PlanCache(Path(sys.argv[1]), print).remember("trial", "went well")\n')
    subprocess.run([sys.executable, '-c', code, cache.directory, *sys.path], stderr=subprocess.DEVNULL)
    begun, = cache.directory.iterdir()
    mine = cache.directory / '.mine'
    mine.touch()
    for path, age in ((mine, 90_000), (begun, 80_000)):
        os.utime(path, (time.time() - age,) * 2)
    with cache.locked(lambda: False, print):
        assert begun.exists()
    os.utime(begun, (time.time() - 90_000,) * 2)
    with cache.locked(lambda: False, print):
        assert {path.name for path in cache.directory.iterdir()} == {'lock', '.mine'}


def test_timings_are_kept_for_all_plans_of_a_gpu_and_are_none_themselves(cache):
    cache.store_timings(KEY, b'timings')
    assert cache.load_timings(replace(KEY, bundle='1' * 64, graph='sound', precision='fp32')) == b'timings'
    assert cache.load_timings(replace(KEY, gpu='other')) is None
    assert not cache.entries()
    cache.remove_timings()
    assert not list(cache.directory.iterdir())


def test_a_plan_without_the_facts_of_its_time_is_not_used(cache, warnings):
    """As after a power cut between the two files."""
    cache.store(KEY, PLAN)
    facts = (cache.directory / f'{KEY.name}.json').read_bytes()
    cache.store(KEY, b'newer')
    (cache.directory / f'{KEY.name}.json').write_bytes(facts)
    assert cache.load(KEY) is None
    assert 'is damaged or of another origin; it is built again' in warnings[0]


HOLD = '''
import sys
from pathlib import Path
from ros2_avloc.model.engines.plans import PlanCache

with PlanCache(Path(sys.argv[1]), print).locked(lambda: False, print):
    print('held', flush=True)
    sys.stdin.read()
'''


@pytest.fixture
def other(cache):
    """Another process that holds the lock until its standard input ends."""
    with subprocess.Popen([sys.executable, '-c', HOLD, cache.directory], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b'held\n'
        yield process
        process.kill()


def test_a_second_process_waits_for_the_first(cache, other):
    said = []

    def waiting(sentence):
        said.append(sentence)
        if len(said) == 1:
            other.stdin.close()

    with cache.locked(lambda: False, waiting):
        assert said[0] == 'another process is building; waiting for it'
    assert other.wait(60) == 0


def test_waiting_can_be_cancelled_and_a_dead_process_holds_nothing(cache, other):
    with pytest.raises(EngineError, match='cancelled'), cache.locked(lambda: True, print):
        pytest.fail('the other process holds the lock')
    other.kill()
    other.wait(60)
    with cache.locked(lambda: False, lambda _: pytest.fail('nobody holds the lock')):
        pass


def test_plans_are_removed_by_name(cache):
    cache.store(KEY, PLAN)
    cache.remove(KEY.name)
    assert not list(cache.directory.iterdir())
    for name in (KEY.name, '../escape', ''):
        with pytest.raises(EngineError, match='holds no engine'):
            cache.remove(name)


def test_a_plan_that_vanishes_while_it_is_listed_is_left_out(cache):
    cache.store(KEY, PLAN)
    (cache.directory / 'gone.plan').symlink_to('nowhere')  # listed, but not there when it is looked at
    assert list(cache.entries()) == [KEY.name]


def test_the_directory_is_the_users_own_unless_named(monkeypatch, tmp_path):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    assert cache_directory(None) == tmp_path / 'ros2_avloc' / 'engines'
    monkeypatch.setenv('HOME', str(tmp_path))
    assert cache_directory(Path('~/mine')) == tmp_path / 'mine'
    monkeypatch.delenv('XDG_CACHE_HOME')
    assert cache_directory(None) == tmp_path / '.cache' / 'ros2_avloc' / 'engines'
