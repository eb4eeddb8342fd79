"""An index follows its folder: what is new or changed is embedded, and nothing else."""

import os

import numpy as np
import pytest

from ros2_avloc.errors import InputError
from ros2_avloc.recordings.topics import Named
from ros2_avloc.retrieval import indexing
from ros2_avloc.retrieval.indexing import index_path, update
from ros2_avloc.retrieval.library import read_library


class Folder:
    """A folder with its index, and what was embedded at each update."""

    def __init__(self, folder, embedder, sha256='one'):
        self.folder, self.embedder, self.sha256 = folder, embedder, sha256

    def update(self, every=1.0):
        self.watched, self.expected = [], []
        return update(self.folder, index_path(self.folder), self.sha256, every, self.embedder,
                      lambda name, done: self.watched.append((name, done)), self.expected.append)


@pytest.fixture
def indexed(folder, embedder):
    return Folder(folder, embedder)


def names(result):
    return [entry.identity.path for entry in result.library.entries]


def test_everything_is_embedded_once(indexed):
    first = indexed.update()
    assert names(first) == ['deep/er/blue.mp4', 'deep/green.mkv', 'red.mp4']
    assert (first.embedded, first.moments, first.said, first.unreadable) == (3, 9, '', [])
    assert first.seconds > 0 and indexed.expected == [3]
    assert [done for _, done in indexed.watched] == pytest.approx(np.arange(1, 10) / 3)
    assert {name for name, _ in indexed.watched} == {'red.mp4', 'green.mkv', 'blue.mp4'}
    stamp = index_path(indexed.folder).stat().st_mtime_ns
    second = indexed.update()
    assert (second.embedded, second.moments, indexed.watched) == (0, 0, [])
    assert index_path(indexed.folder).stat().st_mtime_ns == stamp
    for one, other in zip(first.library.entries, second.library.entries, strict=True):
        np.testing.assert_array_equal(one.moments.seen, other.moments.seen)


def test_what_changed_is_embedded_anew_and_what_is_gone_forgotten(indexed, make):
    indexed.update()
    make.video(indexed.folder / 'red.mp4', 'blue')
    make.photo(indexed.folder / 'new.png', 'green')
    (indexed.folder / 'deep' / 'green.mkv').unlink()
    result = indexed.update()
    assert names(result) == ['deep/er/blue.mp4', 'new.png', 'red.mp4']
    assert (result.embedded, result.forgotten) == (2, 1)
    assert {name for name, _ in indexed.watched} == {'red.mp4', 'new.png'}
    assert result.library.entries[2].moments.seen[0, :3].argmax() == 2
    assert names(indexed.update()) == names(result) and indexed.watched == []


def test_a_new_time_of_change_is_a_change(indexed):
    indexed.update()
    os.utime(indexed.folder / 'red.mp4', ns=(1, 1))
    assert indexed.update().embedded == 1


def test_a_folder_that_moved_keeps_its_index(indexed, tmp_path):
    indexed.update()
    indexed.folder = indexed.folder.rename(tmp_path / 'elsewhere')
    assert indexed.update().embedded == 0


def test_another_bundle_or_another_distance_makes_it_anew(indexed):
    indexed.update()
    indexed.sha256 = 'two'
    result = indexed.update()
    assert result.embedded == 3 and 'was made with another bundle; it is made anew' in result.said
    result = indexed.update(every=0.5)
    assert result.embedded == 3 and 'every 1 s, not 0.5 s; it is made anew' in result.said
    assert len(result.library) == 21
    assert indexed.update(every=0.5).said == ''


def test_a_damaged_index_is_made_anew(indexed):
    indexed.update()
    path = index_path(indexed.folder)
    path.write_bytes(path.read_bytes()[:-100])
    result = indexed.update()
    assert result.embedded == 3 and 'is damaged' in result.said
    assert indexed.update().embedded == 0


def test_what_cannot_be_read_is_left_out_and_named(indexed):
    (indexed.folder / 'broken.mp4').write_bytes(b'no video')
    whole = (indexed.folder / 'red.mp4').read_bytes()
    (indexed.folder / 'red.mp4').write_bytes(whole[:len(whole) // 2])
    (indexed.folder / 'bag').mkdir()
    (indexed.folder / 'bag' / 'metadata.yaml').write_text('no bag')
    result = indexed.update()
    assert names(result) == ['deep/er/blue.mp4', 'deep/green.mkv']
    assert len(result.unreadable) == 3
    assert all(any(name in one for one in result.unreadable) for name in ('bag', 'broken.mp4', 'red.mp4'))
    (indexed.folder / 'red.mp4').write_bytes(whole)
    assert indexed.update().embedded == 1


def test_nothing_that_can_be_read_is_an_error_with_its_reason(tmp_path, embedder):
    (tmp_path / 'broken.mp4').write_bytes(b'no video')
    with pytest.raises(InputError, match=r'Nothing in .* can be read; the first reason: .*broken\.mp4'):
        Folder(tmp_path, embedder).update()


def test_what_was_embedded_before_an_interruption_is_kept(indexed):
    def interrupt(name, done):
        if done > 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        update(indexed.folder, index_path(indexed.folder), 'one', 1.0, indexed.embedder, interrupt)
    result = indexed.update()
    assert result.embedded == 1 and len(result.library) == 9


def test_what_was_written_before_it_was_killed_is_kept(indexed, monkeypatch):
    monkeypatch.setattr(indexing, 'KEPT_EVERY', 0.0)
    kept = []

    def look(name, done):
        kept.append(read_library(index_path(indexed.folder)))

    update(indexed.folder, index_path(indexed.folder), 'one', 1.0, indexed.embedder, look)
    assert [0 if library is None else len(library) for library in kept] == [0, 0, 0, 3, 3, 3, 6, 6, 6]


def test_a_place_where_no_index_can_be_is_refused_before_the_work(indexed, tmp_path):
    watched = []
    with pytest.raises(InputError, match='cannot be written .*--index'):
        update(indexed.folder, tmp_path / 'none' / 'index.npz', 'one', 1.0, indexed.embedder,
               lambda *done: watched.append(done))
    assert watched == []


def test_a_single_recording_has_its_index_beside_it(folder, embedder):
    path = folder / 'red.mp4'
    result = Folder(path, embedder).update()
    assert names(result) == ['red.mp4']
    assert index_path(path) == folder / '.red.mp4.avloc-search.npz' and index_path(path).is_file()
    assert Folder(path, embedder).update().embedded == 0


def test_of_several_cameras_and_microphones_those_are_taken_that_are_named(tmp_path, make, embedder):
    make.bag(tmp_path / 'robot', 'red', 'blue')
    make.photo(tmp_path / 'green.png', 'green')

    def indexed(*topics):
        return update(tmp_path, index_path(tmp_path), 'one', 1.0, embedder, named=Named(*topics))

    sentence, = indexed().unreadable
    assert 'several audio topics (/1/audio, /audio)' in sentence and '--audio-topic' in sentence
    for topics, colour in ((('/image', '/audio'), 0), (('/1/image', '/1/audio'), 2)):
        result = indexed(*topics)
        assert result.said.endswith('was made from other topics; it is made anew.')
        assert result.unreadable == []
        assert result.library.entries[1].moments.seen[0, :3].argmax() == colour
        assert indexed(*topics).embedded == 0
