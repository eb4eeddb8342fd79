# ruff: noqa: N802 (the names are the library's)
"""CUDA as cuda-python describes it, without a GPU.

Work that is queued on a stream is done when somebody waits for it, not before: a buffer that is read or
overwritten too early shows in the results. Memory that is not given back shows in `Cuda.allocated`.
"""

from __future__ import annotations

import ctypes
import itertools
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from surface_double import Double

DATA = Path(__file__).parents[1] / 'data'

CAPTURED = ('cudaMemcpyAsync', 'cudaGraphLaunch', 'cudaStreamEndCapture', 'cudaGetErrorString')
"""All that a thread may call of what is played here while it captures a stream; the rest is not for a stream,
or waits."""

WITHOUT_CONTEXT = ('cudaGetErrorString', 'cudaGetDeviceCount', 'cudaGetDeviceProperties',
                   'cudaDeviceGetAttribute', 'cudaSetDeviceFlags', 'cudaDriverGetVersion')
"""What goes on working after an error that stays."""


class Cuda:
    """The module ``cuda.bindings.runtime`` with one device.

    Attributes
    ----------
    lost
        Set it, and every call that needs a context fails from then on.
    capture_fails
        Set it, and no CUDA graph can be made.
    full
        Set it, and no memory can be had.
    driver
        Version of CUDA that it allows.
    """

    def __init__(self, version: str) -> None:
        names = [name for name in vars(type(self)) if name.startswith('cuda')]
        behaviours = {name: self._call(name, getattr(self, name)) for name in names}
        self.double = Double('cuda.bindings.runtime', DATA / f'surface_cuda_{version}.json', behaviours)
        self.module = self.double.module
        self.count, self.lost, self.capture_fails = 1, False, False
        self.driver, self.full, self.processors = 13000, False, 16
        self.allocated: dict[int, Any] = {}
        self.streams: dict[int, list[Callable[[], None]]] = {}
        self.recording: dict[int, list[Callable[[], None]]] = {}
        self.capturing: dict[int, int] = {}  # the thread of each stream that is recorded
        self.graphs = self.flags = 0
        self._numbers = itertools.count(1)

    def queue(self, stream: int, work: Callable[[], None]) -> None:
        """Let a stream do something later, or record it."""
        self.recording.get(stream, self.streams[stream]).append(work)

    def _call(self, name: str, act: Callable[..., Any]) -> Callable[..., tuple[Any, ...]]:
        def call(**given: Any) -> tuple[Any, ...]:
            errors = self.module.cudaError_t
            if self.lost and name not in WITHOUT_CONTEXT:
                return errors.cudaErrorIllegalAddress, None
            if threading.get_ident() in self.capturing.values() and name not in CAPTURED:
                return errors.cudaErrorStreamCaptureUnsupported, None
            if name == 'cudaMalloc' and self.full:
                return errors.cudaErrorMemoryAllocation, None
            if name == 'cudaStreamEndCapture' and self.capture_fails:
                self.recording.clear()
                self.capturing.clear()
                return errors.cudaErrorStreamCaptureUnsupported, None
            value = act(*given.values())
            return (errors.cudaSuccess,) if value is None else (errors.cudaSuccess, value)

        return call

    def cudaGetErrorString(self, error: Any) -> bytes:
        return error.name.encode()

    def cudaGetDeviceCount(self) -> int:
        return self.count

    def cudaGetDeviceProperties(self, device: int) -> Any:
        return self.double.new('cudaDeviceProp', name=b'Played GPU\0\0\0',
                               multiProcessorCount=self.processors)

    def cudaDeviceGetAttribute(self, attribute: Any, device: int) -> int:
        capability = {'cudaDevAttrComputeCapabilityMajor': 8, 'cudaDevAttrComputeCapabilityMinor': 7}
        return capability[attribute.name]

    def cudaSetDeviceFlags(self, flags: int) -> None:
        self.flags = flags

    def cudaDriverGetVersion(self) -> int:
        return self.driver

    def cudaDeviceSynchronize(self) -> None:
        pass

    def cudaMalloc(self, size: int) -> int:
        memory = (ctypes.c_ubyte * size)()
        ctypes.memset(memory, 0xFF, size)  # NaN, if it is read before it is written
        self.allocated[ctypes.addressof(memory)] = memory
        return ctypes.addressof(memory)

    cudaMallocHost = cudaMalloc  # noqa: N815

    def cudaFree(self, address: int) -> None:
        del self.allocated[address]

    cudaFreeHost = cudaFree  # noqa: N815

    def cudaStreamCreateWithFlags(self, flags: int) -> int:
        assert flags == self.module.cudaStreamNonBlocking
        stream = next(self._numbers)
        self.streams[stream] = []
        return stream

    def cudaStreamDestroy(self, stream: int) -> None:
        del self.streams[stream]

    def cudaStreamSynchronize(self, stream: int) -> None:
        work, self.streams[stream] = self.streams[stream], []
        for step in work:
            step()

    def cudaMemcpyAsync(self, target: int, source: int, size: int, kind: Any, stream: int) -> None:
        for address in (target, source):
            assert len(self.allocated[address]) >= size
        self.queue(stream, lambda: ctypes.memmove(target, source, size) and None)

    def cudaStreamBeginCapture(self, stream: int, mode: Any) -> None:
        modes = self.module.cudaStreamCaptureMode
        assert mode == modes.cudaStreamCaptureModeThreadLocal, 'other threads use CUDA too'
        self.recording[stream] = []
        self.capturing[stream] = threading.get_ident()

    def cudaStreamEndCapture(self, stream: int) -> list[Callable[[], None]]:
        assert self.capturing.pop(stream) == threading.get_ident()
        return self.recording.pop(stream)

    def cudaGraphInstantiate(self, graph: list[Callable[[], None]], flags: int) -> list[Callable[[], None]]:
        self.graphs += 1
        return graph

    def cudaGraphDestroy(self, graph: Any) -> None:
        pass

    def cudaGraphLaunch(self, graph: list[Callable[[], None]], stream: int) -> None:
        for step in graph:
            self.queue(stream, step)

    def cudaGraphExecDestroy(self, graph: Any) -> None:
        self.graphs -= 1
