"""A bundle of a network so small that NumPy can say what it computes, and a GPU that is played."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from gpu_double import TensorRt, in_half, played
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from ros2_avloc.model.bundle import Bundle, write_bundle
from ros2_avloc.model.engines import open_engine
from ros2_avloc.model.engines.base import Engine
from ros2_avloc.model.engines.options import EngineOptions
from ros2_avloc.model.golden import Golden
from ros2_avloc.model.manifest import Calibration

Weights = dict[str, NDArray[np.generic]]
Shape = tuple[int, ...]


def _model(nodes: list[onnx.NodeProto], inputs: dict[str, Shape], output: tuple[str, Shape],
           weights: Weights) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes, 'tiny',
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(output[0], TensorProto.FLOAT, output[1])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8)


def _normal(rng: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    """Return weights that bfloat16 holds exactly, as those of a bundle are."""
    values = (rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)
    return (values.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


def _vision(rng: np.random.Generator) -> onnx.ModelProto:
    nodes = [
        helper.make_node('Conv', ['image', 'w1'], ['a'], kernel_shape=[16, 16], strides=[16, 16]),
        helper.make_node('Relu', ['a'], ['b']),
        helper.make_node('Conv', ['b', 'w2'], ['cells'], kernel_shape=[1, 1]),
    ]
    weights: Weights = {'w1': _normal(rng, 8, 3, 16, 16), 'w2': 2 * _normal(rng, 128, 8, 1, 1)}
    return _model(nodes, {'image': (1, 3, 224, 224)}, ('cells', (1, 128, 14, 14)), weights)


def _sound(rng: np.random.Generator) -> onnx.ModelProto:
    nodes = [
        helper.make_node('Conv', ['spectrogram', 'w1'], ['a'], kernel_shape=[16, 16], strides=[16, 16]),
        helper.make_node('Relu', ['a'], ['b']),
        helper.make_node('GlobalMaxPool', ['b'], ['c']),
        helper.make_node('Flatten', ['c'], ['d']),
        helper.make_node('Gemm', ['d', 'w2'], ['sound']),
    ]
    weights: Weights = {'w1': _normal(rng, 8, 1, 16, 16), 'w2': _normal(rng, 8, 128)}
    return _model(nodes, {'spectrogram': (1, 1, 257, 200)}, ('sound', (1, 128)), weights)


def _head() -> onnx.ModelProto:
    nodes = [
        helper.make_node('Reshape', ['cells', 'flat'], ['a']),
        helper.make_node('MatMul', ['sound', 'a'], ['b']),
        helper.make_node('Add', ['b', 'bias'], ['c']),
        helper.make_node('Reshape', ['c', 'grid'], ['logits']),
    ]
    weights: Weights = {'flat': np.array([128, 196]), 'grid': np.array([1, 1, 14, 14]),
                        'bias': np.array([-1], np.float32)}
    return _model(nodes, {'cells': (1, 128, 14, 14), 'sound': (1, 128)}, ('logits', (1, 1, 14, 14)), weights)


class TinyBundles:
    """Writes bundles of the tiny network, whole or wrong in one thing."""

    def __init__(self) -> None:
        rng = np.random.default_rng(7)
        self.graphs = {'vision_fp32.onnx': _vision(rng), 'sound_fp32.onnx': _sound(rng), 'head.onnx': _head()}
        self.image = rng.integers(-128, 128, (1, 3, 224, 224)).astype(np.float32) / 128
        self.spectrogram = rng.uniform(-2, 2, (257, 200)).astype(np.float32)
        self.logits = self.expected(self.image, self.spectrogram)

    def expected(self, image: NDArray[np.float32], spectrogram: NDArray[np.float32]) -> NDArray[np.float32]:
        vision, sound, head = (ReferenceEvaluator(graph) for graph in self.graphs.values())
        cells = vision.run(None, {'image': image})[0]
        embedding = sound.run(None, {'spectrogram': spectrogram[None, None]})[0]
        logits: NDArray[np.float32] = head.run(None, {'cells': cells, 'sound': embedding})[0][0, 0]
        return logits

    def write(self, directory: Path, *, logits: NDArray[np.float32] | None = None,
              **parts: bytes) -> Bundle:
        contents = {name: graph.SerializeToString() for name, graph in self.graphs.items()}
        contents['MODEL_CARD.md'] = b'# Tiny\n'
        contents.update({name + '.onnx': content for name, content in parts.items()})
        golden = Golden(self.image, self.spectrogram, self.logits if logits is None else logits)
        write_bundle(directory, name='tiny', parts=contents, calibration=Calibration(0.4, 1.5),
                     golden=golden, training={'steps': 0})
        return Bundle.load(directory)


@pytest.fixture(scope='session')
def tiny() -> TinyBundles:
    return TinyBundles()


@pytest.fixture(scope='session')
def bundle(tiny: TinyBundles, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return tiny.write(tmp_path_factory.mktemp('bundle'))


VERSIONS = [('10.3.0', '12.6.2.post1'), ('10.13.3.9', '13.5.0'), ('11.4.0.106', '12.9.10'),
            ('11.4.0.106', '13.5.0')]
"""Of TensorRT and cuda-python; the first two are those of JetPack 6 and 7."""


class Machine:
    """A machine with a GPU, TensorRT and cuda-python."""

    def __init__(self, tensorrt: TensorRt, directory: Path) -> None:
        self.tensorrt, self.cuda = tensorrt, tensorrt.cuda
        self.directory = directory
        self.warnings: list[str] = []
        self.options = EngineOptions(cache_dir=directory, warn=self.warnings.append)

    def open(self, bundle: Bundle, precision: str = 'auto', **options: Any) -> Engine:
        return open_engine(bundle, name='tensorrt', precision=precision, strict=True,
                           options=replace(self.options, **options))[0]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with played() as tensorrt:
        yield Machine(tensorrt, tmp_path / 'engines')


@pytest.fixture(params=VERSIONS, ids='-'.join)
def each_machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Machine]:
    with played(*request.param) as tensorrt:
        yield Machine(tensorrt, tmp_path / 'engines')


@pytest.fixture(scope='session')
def halved(tiny: TinyBundles, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The tiny bundle with float16 graphs."""
    half = {f'{tower}_fp16': in_half(tiny.graphs[f'{tower}_fp32.onnx']).SerializeToString()
            for tower in ('vision', 'sound')}
    return tiny.write(tmp_path_factory.mktemp('halved'), **half)
