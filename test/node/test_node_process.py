"""A node's process keeps the memory that was freed, and uses one thread for images."""

import subprocess
import sys

PROGRAM = """
import resource
import sys
import numpy as np
if sys.argv[1] == 'settled':
    from ros2_avloc.node.process import settle
    settle()
import cv2

def fill():
    several = [np.ones(3 << 20, np.uint8) for _ in range(20)]

fill()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    fill()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before, cv2.getNumThreads())
"""


def run(how):
    done = subprocess.run([sys.executable, '-c', PROGRAM, how], capture_output=True, text=True, check=True)
    return [int(number) for number in done.stdout.split()]


def test_memory_that_was_freed_is_not_cleared_and_mapped_again():
    (plain, _), (settled, threads) = run('plain'), run('settled')
    assert settled < plain / 20
    assert threads == 1
