"""The index is kept whole: what is written is read, and nothing else."""

import os

import numpy as np
import pytest

from ros2_avloc.errors import InputError
from ros2_avloc.retrieval.library import (
    DamagedError,
    Entry,
    Identity,
    Library,
    identify,
    read_library,
    write_library,
)
from ros2_avloc.retrieval.moments import Moments


def entry(name, count, seed=0):
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((2, count, 8)).astype(np.float32)
    vectors[1, ::2] = np.nan
    levels = rng.standard_normal(count).astype(np.float32)
    moments = Moments(np.arange(count, dtype=np.int64), *vectors, levels)
    return Entry(Identity(name, 10, 20), 30, moments)


def same(one, other):
    assert (one.sha256, one.every) == (other.sha256, other.every)
    assert [(e.identity, e.begin) for e in one.entries] == [(e.identity, e.begin) for e in other.entries]
    for mine, others in zip(one.entries, other.entries, strict=True):
        for name, array in vars(mine.moments).items():
            np.testing.assert_array_equal(array, getattr(others.moments, name))
            assert array.dtype == getattr(others.moments, name).dtype


@pytest.mark.parametrize('entries', [(), (entry('a', 3), entry('süd/b.mp4', 1, 1), entry('c', 4, 2))])
def test_what_is_written_is_read(entries, tmp_path):
    library = Library('sha', 0.5, entries)
    write_library(library, tmp_path / 'index.npz')
    same(read_library(tmp_path / 'index.npz'), library)
    assert [path.name for path in tmp_path.iterdir()] == ['index.npz']


def test_no_file_is_nothing(tmp_path):
    assert read_library(tmp_path / 'none.npz') is None


def test_a_byte_that_changed_is_noticed_wherever_it_is(tmp_path):
    path = tmp_path / 'index.npz'
    write_library(Library('sha', 1.0, (entry('a', 40),)), path)
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    # Of 5 kB nearly all are content; bytes of the zip's own book-keeping may mean nothing.
    noticed = 0
    for place in rng.choice(len(whole), 60, replace=False):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1:])
        try:
            same(read_library(path), Library('sha', 1.0, (entry('a', 40),)))
        except (DamagedError, InputError):
            noticed += 1
    assert noticed > 45


@pytest.mark.parametrize('content', [b'PK', b'no zip', b'\x93NUMPY\x01\x00v\x00{', bytes(2000)])
def test_what_is_no_index_is_refused(content, tmp_path):
    path = tmp_path / 'index.npz'
    path.write_bytes(content)
    with pytest.raises(InputError, match='index.npz is no index of avloc search, so it is left as it is'):
        read_library(path)


def test_arrays_of_something_else_are_refused(tmp_path):
    np.savez(tmp_path / 'mine.npz', about=np.frombuffer(b'{"format": "mine"}', np.uint8), times=np.arange(3))
    with pytest.raises(InputError, match='no index'):
        read_library(tmp_path / 'mine.npz')


@pytest.mark.parametrize('length', [0, 400, -100])
def test_a_part_of_an_index_is_damaged(length, tmp_path):
    path = tmp_path / 'index.npz'
    write_library(Library('sha', 1.0, (entry('a', 40),)), path)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(DamagedError):
        read_library(path)


@pytest.mark.parametrize('about', [b'"ros2_avloc search 2"', b'ros2_avloc search 2 is not JSON',
                                   b'{"format": "ros2_avloc search 0"}',
                                   b'{"format": "ros2_avloc search 2", "sha256": "", "every": 1, '
                                   b'"recordings": [{"moments": 3}]}'])
def test_an_index_of_another_version_is_damaged(about, tmp_path):
    np.savez(tmp_path / 'index.npz', about=np.frombuffer(about, np.uint8))
    with pytest.raises(DamagedError):
        read_library(tmp_path / 'index.npz')


def test_what_cannot_be_written_or_read_is_said_so(tmp_path):
    with pytest.raises(InputError, match='cannot be written .*--index'):
        write_library(Library('sha', 1.0, ()), tmp_path / 'none' / 'index.npz')
    (tmp_path / 'folder.npz').mkdir()
    with pytest.raises(InputError, match='cannot be read .*--index'):
        read_library(tmp_path / 'folder.npz')


def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch):
    path, library = tmp_path / 'index.npz', Library('sha', 1.0, (entry('a', 3),))
    write_library(library, path)

    def full(*args, **kwargs):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(np, 'savez', full)
    with pytest.raises(InputError, match='No space left'):
        write_library(Library('other', 1.0, ()), path)
    same(read_library(path), library)
    assert [path.name for path in tmp_path.iterdir()] == ['index.npz']


def test_identity_changes_with_size_and_time(tmp_path):
    path = tmp_path / 'deep' / 'a.mp4'
    path.parent.mkdir()
    path.write_bytes(b'one')
    os.utime(path, ns=(5, 7))
    assert identify(path, tmp_path) == Identity('deep/a.mp4', 3, 7)
    (path.parent / 'b').write_bytes(b'four')
    os.utime(path.parent / 'b', ns=(5, 9))
    folder = identify(path.parent, tmp_path)
    assert (folder.path, folder.size, folder.mtime) == ('deep', 7, 9)
    with pytest.raises(InputError, match='cannot be read'):
        identify(tmp_path / 'gone.mp4', tmp_path)
