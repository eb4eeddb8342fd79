"""Whether there is a CUDA driver, told without the libraries that would use it."""

from __future__ import annotations

import ctypes

LIBRARY = 'libcuda.so.1'


def has_driver() -> bool:
    """Say whether the driver's library is there; without it no library finds a device.

    To import torch only to hear that takes a second and 250 MB.
    """
    try:
        ctypes.CDLL(LIBRARY)
    except OSError:
        return False
    return True
