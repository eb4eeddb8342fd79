import av
import numpy as np
import pytest

from ros2_avloc.errors import InputError
from ros2_avloc.recordings.video import VideoWriter


def test_frames_come_back_with_their_colours_and_times(tmp_path):
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
    stamps = [1_000_000_000, 1_100_000_000, 1_300_000_000]
    with VideoWriter(tmp_path / 'out.mp4', 65, 48, 15.0) as video:
        for colour, stamp in zip(colours, stamps, strict=True):
            video.write(np.full((48, 65, 3), colour, np.uint8), stamp)
    with av.open(str(tmp_path / 'out.mp4')) as container:
        frames = list(container.decode(video=0))
    assert [(frame.width, frame.height) for frame in frames] == [(64, 48)] * 3
    np.testing.assert_allclose([frame.time for frame in frames], [0.0, 0.1, 0.3], atol=1e-3)
    for frame, colour in zip(frames, colours, strict=True):
        np.testing.assert_allclose(frame.to_ndarray(format='bgr24')[20, 20], colour, atol=12)


@pytest.mark.parametrize('name', ['no/such/folder/out.mp4', 'out.unknown'])
def test_a_file_that_cannot_be_made_is_named(tmp_path, name):
    with pytest.raises(InputError, match=f'{name} cannot be written .*mp4'):
        VideoWriter(tmp_path / name, 64, 48, 15.0)
