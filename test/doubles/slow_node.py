"""The node on a GPU with TensorRT, both played, whose builds end when they are cancelled or a file is there.

``slow_node.py FILE --ros-args …``
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from gpu_double import played

from ros2_avloc.node import avloc_node


def main(done: Path) -> int:
    with played() as machine:
        from ros2_avloc.model.engines import build

        cancelled = threading.Event()

        class Progress(build.Progress):
            def cancel(self) -> None:
                super().cancel()
                cancelled.set()

        def step() -> None:
            while not done.exists() and not cancelled.wait(0.01):
                pass

        build.Progress, build.PERIOD, machine.on_step = Progress, 0.1, step
        return avloc_node.main()


if __name__ == '__main__':
    sys.exit(main(Path(sys.argv.pop(1))))
