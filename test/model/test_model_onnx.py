"""The shipped graphs have only what TensorRT's parser is published to read."""

from __future__ import annotations

from pathlib import Path

import pytest

onnx = pytest.importorskip('onnx')

FLOATS = {'FLOAT', 'FLOAT16'}
ANY = FLOATS | {'INT64'}
PUBLISHED = {
    'Add': ANY, 'Cast': ANY, 'Constant': ANY, 'Conv': FLOATS, 'Flatten': ANY, 'Gemm': FLOATS,
    'GlobalMaxPool': FLOATS, 'LpNormalization': FLOATS, 'MatMul': FLOATS, 'MaxPool': FLOATS, 'Mul': ANY,
    'Relu': ANY, 'Reshape': ANY,
}
"""Operators and types of theirs that are used here, of docs/operators.md in github.com/onnx/onnx-tensorrt at
commit 96e7811 (TensorRT 10.1): opsets 9 to 20; pooling in 2D or 3D, with dilations of one and without the
output Indices."""

GRAPHS = sorted((Path(__file__).parents[2] / 'models').glob('*/*.onnx'))


def inferred(path):
    """Return a graph in which every tensor has a type and a shape."""
    return onnx.shape_inference.infer_shapes(onnx.load(str(path)), check_type=True, strict_mode=True)


def types(model):
    graph = model.graph
    known = {entry.name: entry.type.tensor_type.elem_type
             for entry in (*graph.input, *graph.value_info, *graph.output)}
    known |= {entry.name: entry.data_type for entry in graph.initializer}
    return {name: onnx.TensorProto.DataType.Name(kind) for name, kind in known.items()}


def attributes(node):
    return {entry.name: onnx.helper.get_attribute_value(entry) for entry in node.attribute}


def identify(path):
    return f'{path.parent.name}/{path.stem}'


def test_there_are_graphs():
    assert {'vision_fp16.onnx', 'sound_fp16.onnx', 'vision_fp32.onnx', 'sound_fp32.onnx', 'head.onnx'} <= {
        path.name for path in GRAPHS}


@pytest.mark.parametrize('path', GRAPHS, ids=identify)
def test_operators_and_types_are_published(path):
    model = inferred(path)
    assert [(entry.domain, 9 <= entry.version <= 20) for entry in model.opset_import] == [('', True)]
    known = types(model)
    for node in model.graph.node:
        assert known[node.input[0] if node.input else node.output[0]] in PUBLISHED[node.op_type], node
        assert known[node.output[0]] in PUBLISHED[node.op_type], node


@pytest.mark.parametrize('path', GRAPHS, ids=identify)
def test_pooling_is_as_it_must_be(path):
    for node in inferred(path).graph.node:
        if node.op_type == 'MaxPool':
            assert len(attributes(node)['kernel_shape']) == 2 and len(node.output) == 1
            assert set(attributes(node).get('dilations', [1])) == {1}


@pytest.mark.parametrize('path', GRAPHS, ids=identify)
def test_shapes_are_settled_and_weights_are_constants(path):
    model = inferred(path)
    graph = model.graph
    for entry in (*graph.input, *graph.value_info, *graph.output):
        assert all(size.dim_value > 0 for size in entry.type.tensor_type.shape.dim), entry
    fixed = {entry.name for entry in graph.initializer}
    fixed |= {node.output[0] for node in graph.node if node.op_type == 'Constant'}
    if path.stem.endswith('_fp32'):  # the parser makes a layer of such a Cast: docs/tensorrt.md
        fixed |= {node.output[0] for node in graph.node if node.op_type == 'Cast' and node.input[0] in fixed}
    for node in graph.node:
        if node.op_type in ('Conv', 'Gemm', 'Reshape'):
            assert set(node.input[1:]) <= fixed, node
        if node.op_type == 'Conv':  # a bias that is computed is not read
            assert node.input[2] in {entry.name for entry in graph.initializer}


@pytest.mark.parametrize('path', GRAPHS, ids=identify)
def test_a_strongly_typed_network_computes_in_the_precision_of_its_name(path):
    model = inferred(path)
    known = types(model)
    heavy = {known[node.output[0]] for node in model.graph.node if node.op_type in ('Conv', 'Gemm', 'MatMul')}
    assert heavy == ({'FLOAT16'} if path.stem.endswith('fp16') else {'FLOAT'})
    assert {known[entry.name] for entry in (*model.graph.input, *model.graph.output)} == {'FLOAT'}
