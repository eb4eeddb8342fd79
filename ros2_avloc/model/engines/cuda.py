"""What an engine needs of CUDA, through cuda-python 12 or 13: a device, memory, a stream, a graph."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from cuda.bindings import runtime
from numpy.typing import NDArray

from ros2_avloc.errors import EngineError, EngineUnavailableError

Array = NDArray[np.float32]


class CudaError(EngineError):
    """A call of CUDA that failed."""


@dataclass(frozen=True)
class Gpu:
    """The first CUDA device: the one that all of this runs on.

    Attributes
    ----------
    name
        Of the model, as the driver says it.
    capability
        Compute capability, as in ``'8.7'``.
    processors
        Multiprocessors; what tells a large Orin from a small one.
    driver
        The CUDA version that the driver allows, as in 12060.
    """

    name: str
    capability: str
    processors: int
    driver: int


def find_gpu() -> Gpu:
    """Look for a device that can be used, and let this process sleep where it waits for it.

    Raises
    ------
    EngineUnavailableError
        If there is no driver, no device, or a driver older than the installed cuda-python, or this process
        has lost the device.
    """
    try:
        if not _value(runtime.cudaGetDeviceCount()):
            raise EngineUnavailableError('CUDA finds no device')
        # who waits for it sleeps, and leaves the core to the node's callbacks; if that is refused, it spins
        runtime.cudaSetDeviceFlags(runtime.cudaDeviceScheduleBlockingSync)
        gpu = _describe(0)
        _value(runtime.cudaDeviceSynchronize())  # a lost device can be described as before
        return gpu
    except (CudaError, RuntimeError) as error:  # RuntimeError: cuda-python has not found the driver
        raise EngineUnavailableError(f'no CUDA device can be used ({error})') from error


def _describe(device: int) -> Gpu:
    properties = _value(runtime.cudaGetDeviceProperties(device))
    name: bytes = properties.name
    attributes = runtime.cudaDeviceAttr
    major = _value(runtime.cudaDeviceGetAttribute(attributes.cudaDevAttrComputeCapabilityMajor, device))
    minor = _value(runtime.cudaDeviceGetAttribute(attributes.cudaDevAttrComputeCapabilityMinor, device))
    driver = _value(runtime.cudaDriverGetVersion())
    return Gpu(name.split(b'\0')[0].decode(errors='replace'), f'{major}.{minor}',
               properties.multiProcessorCount, driver)


class DeviceArray:
    """Memory of the device for float32 of a shape."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.nbytes = 4 * int(np.prod(shape))
        self.address = int(_value(runtime.cudaMalloc(self.nbytes)))

    def close(self) -> None:
        """Give it back; a device that is lost has freed it already."""
        runtime.cudaFree(self.address)


class PinnedArray:
    """Memory of the host that the device copies from and to by itself.

    Attributes
    ----------
    array
        float32 of the shape, valid until `close`.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.nbytes = 4 * int(np.prod(shape))
        self.address = int(_value(runtime.cudaMallocHost(self.nbytes)))
        memory = (ctypes.c_float * int(np.prod(shape))).from_address(self.address)
        self.array: Array = np.ctypeslib.as_array(memory).reshape(shape)

    def close(self) -> None:
        """Give it back; `array` must not be used any more."""
        runtime.cudaFreeHost(self.address)


class Stream:
    """A queue of work on the device, apart from the default one."""

    def __init__(self) -> None:
        self._stream = _value(runtime.cudaStreamCreateWithFlags(runtime.cudaStreamNonBlocking))

    @property
    def handle(self) -> int:
        """What other libraries know it by."""
        return int(self._stream)

    def upload(self, source: PinnedArray, target: DeviceArray) -> None:
        """Queue a copy from host to device."""
        kind = runtime.cudaMemcpyKind.cudaMemcpyHostToDevice
        self._copy(target.address, source.address, target.nbytes, kind)

    def download(self, source: DeviceArray, target: PinnedArray) -> None:
        """Queue a copy from device to host."""
        kind = runtime.cudaMemcpyKind.cudaMemcpyDeviceToHost
        self._copy(target.address, source.address, source.nbytes, kind)

    def move(self, source: DeviceArray, target: DeviceArray) -> None:
        """Queue a copy on the device."""
        kind = runtime.cudaMemcpyKind.cudaMemcpyDeviceToDevice
        self._copy(target.address, source.address, source.nbytes, kind)

    def synchronize(self) -> None:
        """Wait until all that was queued is done; raise what went wrong in it."""
        _value(runtime.cudaStreamSynchronize(self._stream))

    @property
    def broken(self) -> bool:
        """Whether an error stays that makes all further work fail."""
        return bool(runtime.cudaStreamSynchronize(self._stream)[0] != runtime.cudaError_t.cudaSuccess)

    def capture(self, queue: Callable[[], None]) -> Graph:
        """Record the work that `queue` queues, without doing it."""
        mode = runtime.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        _value(runtime.cudaStreamBeginCapture(self._stream, mode))
        try:
            queue()
        except BaseException:
            runtime.cudaStreamEndCapture(self._stream)  # or the stream could not be used again
            raise
        return Graph(self._stream, _value(runtime.cudaStreamEndCapture(self._stream)))

    def close(self) -> None:
        """End it."""
        runtime.cudaStreamDestroy(self._stream)

    def _copy(self, target: int, source: int, nbytes: int, kind: Any) -> None:
        _value(runtime.cudaMemcpyAsync(target, source, nbytes, kind, self._stream))


class Graph:
    """Work that is queued with one call."""

    def __init__(self, stream: Any, recorded: Any) -> None:
        self._stream = stream
        try:
            self._executable = _value(runtime.cudaGraphInstantiate(recorded, 0))
        finally:
            runtime.cudaGraphDestroy(recorded)

    def launch(self) -> None:
        """Queue it."""
        _value(runtime.cudaGraphLaunch(self._executable, self._stream))

    def close(self) -> None:
        """Free it."""
        runtime.cudaGraphExecDestroy(self._executable)


def _value(result: tuple[Any, ...]) -> Any:
    """Return what a call gave beside its error code."""
    code, *values = result
    if code != runtime.cudaError_t.cudaSuccess:
        told, text = runtime.cudaGetErrorString(code)
        said = text.decode(errors='replace') if told == runtime.cudaError_t.cudaSuccess else 'unknown'
        raise CudaError(f'CUDA says: {said} ({code.name})')
    return values[0] if values else None
