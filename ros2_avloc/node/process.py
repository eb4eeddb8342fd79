"""What a node asks of its process: memory that stays, and no threads for what is done sooner on one."""

from __future__ import annotations

import ctypes

import cv2

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # of malloc.h
_MIB = 1 << 20


def settle() -> None:
    """Keep memory that was freed, and let OpenCV work on the thread that calls it; call it before all else.

    glibc takes large arrays from the system and gives them back: for each frame hundreds of pages are cleared
    and mapped anew. Now arrays of up to 32 MiB, the most that it allows, come from what was there before. And
    to wake OpenCV's threads takes longer than an image gains by them, beside a network that has the cores.
    """
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None)
    if mallopt is not None:  # another C library than glibc has its own ways
        mallopt(_MMAP_THRESHOLD, 32 * _MIB)
        mallopt(_TRIM_THRESHOLD, 128 * _MIB)
        mallopt(_TOP_PAD, 4 * _MIB)
    cv2.setNumThreads(1)
