"""A disk that is full is said in a sentence, by whoever writes; here files may have 50 kB."""

import subprocess
import sys

import pytest

from ros2_avloc.recordings.tape import KEPT

BEGIN = """
import resource, sys
from pathlib import Path
import numpy as np
from ros2_avloc.errors import InputError
rng = np.random.default_rng(0)
place = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
"""
VIDEO = """
    from ros2_avloc.recordings.video import VideoWriter
    with VideoWriter(place / 'out.mp4', 64, 48, 10.0) as video:
        for number in range(400):
            video.write(rng.integers(0, 255, (48, 64, 3), dtype=np.uint8), number * 10 ** 8)
"""
BAG = """
    from ros2_avloc.recordings.bag import BagWriter
    with BagWriter(place / 'bag') as bag:
        for number in range(400):
            bag.write('/a', 'std_msgs/msg/String', number, rng.bytes(10_000))
"""
TAPE = """
    from ros2_avloc.audio.chunk import AudioFormat, Chunk
    from ros2_avloc.audio.hearing import Hearing
    from ros2_avloc.recordings.tape import Tape
    hearing = Hearing()
    tape = Tape(hearing)
    for number in range(30):
        stamp = 10 ** 9 + number * 10 ** 8
        samples = rng.integers(-9, 9, 4_800, dtype=np.int16).tobytes()
        hearing.hear(Chunk(samples, AudioFormat('pcm', 'S16LE', 48_000, 1), stamp, stamp + 10 ** 8))
        tape.follow()
    tape.finish()
"""
END = """
except InputError as error:
    print(error)
"""


@pytest.mark.parametrize(('work', 'sentence'), [
    (VIDEO, 'The video {place}/out.mp4 cannot be written: '),
    (BAG, 'The recording {place}/bag cannot be written: '),
    (TAPE, f'{KEPT} cannot be written: '),
])
def test_a_full_disk_is_said_in_a_sentence(tmp_path, work, sentence):
    done = subprocess.run([sys.executable, '-c', BEGIN + work + END, str(tmp_path)], capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(sentence.format(place=tmp_path))
    assert 'Errno' in done.stdout
