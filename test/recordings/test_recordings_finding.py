import numpy as np
import pytest

from ros2_avloc.errors import InputError
from ros2_avloc.recordings.bag_file import BagFile
from ros2_avloc.recordings.finding import find_recordings, open_recording
from ros2_avloc.recordings.topics import Named
from ros2_avloc.recordings.video_file import VideoFile


@pytest.fixture()
def folder(tmp_path, bags, truth):
    deep = tmp_path / 'kitchen' / 'morning'
    deep.mkdir(parents=True)
    truth.write_video(deep / 'clip.MP4', [0.0, 0.04], sound=np.zeros(48_000, np.float32))
    bags.write(tmp_path / 'robot', bags.scene(truth.noise_of(1.0)), 'sqlite3')
    single = bags.write(tmp_path / 'other', bags.scene(truth.noise_of(1.0)))
    next(single.glob('*.mcap')).rename(tmp_path / 'kitchen' / 'single.mcap')
    (single / 'metadata.yaml').unlink()
    (tmp_path / 'notes.txt').touch()
    return tmp_path


def test_videos_and_bags_are_found_however_deep(folder):
    found = find_recordings(folder)
    assert [str(path.relative_to(folder)) for path in found] == [
        'kitchen/morning/clip.MP4', 'kitchen/single.mcap', 'robot']
    kinds = [type(open_recording(path)) for path in found]
    assert kinds == [VideoFile, BagFile, BagFile]
    assert find_recordings(folder / 'robot') == [folder / 'robot']


def test_a_folder_without_recordings_says_so(tmp_path):
    with pytest.raises(InputError, match='neither a video file .* nor a rosbag2 recording'):
        find_recordings(tmp_path)
    with pytest.raises(InputError, match='absent does not exist'):
        open_recording(tmp_path / 'absent')


def test_topics_can_be_named(folder):
    assert open_recording(folder / 'robot', Named('/camera/image_raw', '/audio')).stamps.size
    with pytest.raises(InputError, match='robot: The recording has no topic /other'):
        open_recording(folder / 'robot', Named(audio='/other'))
