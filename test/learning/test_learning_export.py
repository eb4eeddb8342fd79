"""What is exported computes what was trained, with operators that every engine knows."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, numpy_helper

from ros2_avloc.errors import EngineError, InputError
from ros2_avloc.learning.bundling.graphs import export
from ros2_avloc.learning.networks import AVENet, AVOLNet
from ros2_avloc.model.bundle import Bundle, EmbedderBundle
from ros2_avloc.model.embedder import open_embedder
from ros2_avloc.model.engines import open_engine
from ros2_avloc.model.engines.check import TOLERANCE
from ros2_avloc.model.manifest import Calibration

TENSORRT = {
    'Add', 'Cast', 'Constant', 'Conv', 'Flatten', 'Gemm', 'GlobalMaxPool', 'LpNormalization', 'MatMul',
    'MaxPool', 'Mul', 'Relu', 'Reshape',
}
"""Of the operators that TensorRT's ONNX parser supports in FP32 and FP16 (docs/operators.md of
onnx-tensorrt, 8.4 and later) those that these networks can have."""

ROUNDED = 4e-2
"""Largest difference of a logit or of an embedding that rounding the weights to bfloat16 makes here.

That is between the trained network and the golden values alone, which are of rounded weights; what computes
with these is held against the golden values, within `TOLERANCE`."""


@dataclass
class Exported:
    network: AVOLNet | AVENet
    bundle: Bundle | EmbedderBundle
    image: np.ndarray
    spectrogram: np.ndarray


def _unsettled(network):
    """Give the BatchNorms statistics of their own."""
    with torch.no_grad():
        for name, value in network.named_buffers():
            if name.endswith('running_mean'):
                value.normal_()
            elif name.endswith('running_var'):
                value.uniform_(0.5, 2.0)
        for name, value in network.named_parameters():
            if 'norm' in name:
                value.uniform_(0.5, 1.5)
    return network.eval()


def _exported(network, directory):
    rng = np.random.default_rng(3)
    image = rng.uniform(-1, 1, (1, 3, 224, 224)).astype(np.float32)
    spectrogram = rng.uniform(-2, 2, (257, 200)).astype(np.float32)
    embeds = isinstance(network, AVENet)
    calibration = Calibration(0.4, 1.5, -8.0, 11.0) if embeds else Calibration(0.4, 1.5)
    export(network, directory, name='small', calibration=calibration, image=image, spectrogram=spectrogram,
           training={'steps': 1}, model_card='# small\n')
    return Exported(network, (EmbedderBundle if embeds else Bundle).load(directory), image, spectrogram)


@pytest.fixture(scope='module')
def avol(tmp_path_factory):
    torch.manual_seed(3)
    return _exported(_unsettled(AVOLNet(8)), tmp_path_factory.mktemp('avol'))


@pytest.fixture(scope='module')
def ave(tmp_path_factory):
    torch.manual_seed(3)
    return _exported(_unsettled(AVENet(8, 32)), tmp_path_factory.mktemp('ave'))


@pytest.fixture(params=['avol', 'ave'])
def either(request):
    return request.getfixturevalue(request.param)


def run(path, **inputs):
    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    return session.run(None, inputs)[0]


def graphs_of(bundle):
    paths = {bundle.graph(graph, precision) for graph in bundle.graphs for precision in ('fp32', 'fp16')}
    return sorted(paths)


@torch.no_grad()
def expected(exported):
    image, heard = torch.from_numpy(exported.image), torch.from_numpy(exported.spectrogram)[None, None]
    if isinstance(exported.network, AVENet):
        return exported.network.embed_image(image).numpy(), exported.network.embed_sound(heard).numpy()
    return (exported.network(image, heard)[0].numpy(),)


def unlike_golden(bundle, logits):
    """Return the largest difference of a probability from the golden one."""
    probability = bundle.calibration.probability
    return np.abs(probability(logits) - probability(bundle.golden.logits)).max()


@pytest.mark.parametrize('precision', ['fp32', 'fp16'])
def test_the_graphs_of_avol_net_compute_what_the_network_does(avol, precision):
    bundle = avol.bundle
    cells = run(bundle.graph('vision', precision), image=avol.image)
    sound = run(bundle.graph('sound', precision), spectrogram=avol.spectrogram[None, None])
    logits = run(bundle.graph('head', precision), cells=cells, sound=sound)
    assert (cells.shape, sound.shape, logits.shape) == ((1, 128, 14, 14), (1, 128), (1, 1, 14, 14))
    assert cells.dtype == sound.dtype == logits.dtype == np.float32
    assert avol.bundle.golden.logits.std() > 0.1
    assert unlike_golden(bundle, logits[0, 0]) < TOLERANCE[precision]


@pytest.mark.parametrize('precision', ['fp32', 'fp16'])
def test_the_graphs_of_ave_net_compute_what_the_network_does(ave, precision):
    seen = run(ave.bundle.graph('vision', precision), image=ave.image)
    heard = run(ave.bundle.graph('sound', precision), spectrogram=ave.spectrogram[None, None])
    golden = ave.bundle.golden
    for found, right in zip((seen, heard), (golden.seen, golden.heard), strict=True):
        assert (found.shape, found.dtype) == ((1, 32), np.float32)
        assert np.linalg.norm(found) == pytest.approx(1, abs=1e-6)
        np.testing.assert_allclose(found, right, atol=TOLERANCE[precision])


@pytest.mark.parametrize(('engine', 'precision'),
                         [('openvino', 'fp32'), ('openvino', 'bf16'), ('onnxruntime', 'fp32'),
                          ('torch', 'fp32')])
def test_engines_compute_what_avol_net_does(avol, engine, precision):
    opened, reasons = open_engine(avol.bundle, name=engine, precision=precision)
    if (opened.identity.name, opened.identity.precision) != (engine, precision):
        pytest.skip(reasons[0])
    logits = opened.localize(avol.image, opened.embed_sound(avol.spectrogram))
    assert unlike_golden(avol.bundle, logits) < TOLERANCE[precision]


@pytest.mark.parametrize(('library', 'precision'),
                         [('openvino', 'fp32'), ('openvino', 'bf16'), ('onnxruntime', 'fp32')])
def test_libraries_compute_what_ave_net_does(ave, library, precision):
    try:
        embedder = open_embedder(ave.bundle, library=library, precision=precision)
    except EngineError as error:
        assert precision == 'bf16', error
        pytest.skip(str(error))
    heard = embedder.embed_sounds([ave.spectrogram] * 2)
    assert (heard.shape, heard.dtype) == ((2, 32), np.float32)
    assert np.abs(heard - ave.bundle.golden.heard).max() < TOLERANCE[precision]


def golden_of(exported):
    """Return the golden outputs, in the order of `expected`."""
    golden = exported.bundle.golden
    return (golden.seen, golden.heard) if isinstance(exported.network, AVENet) else (golden.logits,)


def test_golden_values_are_of_the_rounded_weights(either):
    """So they are not those of the trained ones, but close to them."""
    assert np.array_equal(either.bundle.golden.image, either.image)
    for golden, trained in zip(golden_of(either), expected(either), strict=True):
        assert 0 < np.abs(golden - trained).max() < ROUNDED


def test_both_half_precisions_hold_each_weight_exactly_biases_too(either):
    for path in graphs_of(either.bundle):
        if path.name == 'head.onnx':
            continue
        values = [numpy_helper.to_array(entry) for entry in onnx.load(path).graph.initializer]
        floats = [value.astype(np.float32) for value in values if value.dtype.kind == 'f']
        assert sum(value.ndim == 1 and np.unique(value).size > 1 for value in floats) == 10
        for value in floats:
            np.testing.assert_array_equal(value.view(np.uint32) & 0xFFFF, 0)


def test_half_precision_of_weights_is_all_that_is_lost(avol):
    golden = avol.bundle.golden
    engine, _ = open_engine(avol.bundle, name='onnxruntime', precision='fp32', strict=True)
    logits = engine.localize(avol.image, engine.embed_sound(avol.spectrogram))
    np.testing.assert_allclose(logits, golden.logits, atol=2e-5)


def test_the_graphs_are_static_and_of_operators_that_tensorrt_parses(either):
    for path in graphs_of(either.bundle):
        onnx.checker.check_model(str(path), full_check=True)
        model = onnx.load(path)
        assert {node.op_type for node in model.graph.node} <= TENSORRT
        assert [entry.version for entry in model.opset_import if not entry.domain] == [17]
        for value in [*model.graph.input, *model.graph.output]:
            assert value.type.tensor_type.elem_type == TensorProto.FLOAT
            assert all(side.dim_value > 0 for side in value.type.tensor_type.shape.dim)


def test_tensorrt_finds_each_bias_in_the_graph_and_half_a_body_in_half(either):
    for graph in ('vision', 'sound'):
        for precision, kind in (('fp32', TensorProto.FLOAT), ('fp16', TensorProto.FLOAT16)):
            model = onnx.load(either.bundle.graph(graph, precision), load_external_data=False)
            initializers = {entry.name: entry for entry in model.graph.initializer}
            for node in model.graph.node:
                if node.op_type in ('Conv', 'Gemm'):
                    bias = initializers[node.input[2]]
                    assert (bias.data_type, bias.data_location) == (kind, TensorProto.DEFAULT)
        casts = [node for node in model.graph.node if node.op_type == 'Cast']
        assert len(casts) == 2


def test_weights_are_stored_once(either):
    weights = (either.bundle.path / 'weights.bin').stat().st_size
    matrices = sum(2 * numpy_helper.to_array(entry).size for graph in ('vision', 'sound')
                   for entry in onnx.load(either.bundle.graph(graph)).graph.initializer
                   if len(entry.dims) > 1)
    assert matrices <= weights < matrices + 4096 * 20
    for path in graphs_of(either.bundle):
        assert path.stat().st_size < 20_000


def test_a_bundle_can_be_moved_and_be_made_of_links(either, tmp_path):
    moved = shutil.copytree(either.bundle.path, tmp_path / 'moved')
    links = tmp_path / 'links'
    links.mkdir()
    for part in Path(moved).iterdir():
        (links / part.name).symlink_to(part)
    for path in (moved, links):
        bundle = type(either.bundle).load(path)
        inputs = {'image': either.image}
        np.testing.assert_array_equal(run(bundle.graph('vision'), **inputs),
                                      run(either.bundle.graph('vision'), **inputs))
        if isinstance(bundle, Bundle):
            open_engine(bundle, name='openvino', precision='fp32', strict=True)
        else:
            open_embedder(bundle, library='openvino')


@pytest.mark.parametrize('kind', [AVOLNet, AVENet])
def test_export_leaves_the_network_as_it_was(kind, tmp_path):
    network = _unsettled(kind(4))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    _exported(network, tmp_path)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name


@pytest.mark.parametrize('kind', [AVOLNet, AVENet])
def test_a_network_learned_as_in_the_paper_is_exported_too(kind, tmp_path):
    torch.manual_seed(5)
    exported = _exported(_unsettled(kind(4, batch_norm=False)), tmp_path)
    for golden, trained in zip(golden_of(exported), expected(exported), strict=True):
        np.testing.assert_allclose(golden, trained, atol=ROUNDED)


def test_the_same_network_gives_the_same_bytes(either, tmp_path):
    again = _exported(either.network, tmp_path)
    assert again.bundle.manifest.files == either.bundle.manifest.files


def test_another_grid_is_refused(tmp_path):
    with pytest.raises(InputError, match='cells of 16 pixels, not 8'):
        _exported(AVOLNet(2, stride=8).eval(), tmp_path)


def test_a_weight_that_half_precision_cannot_hold_is_refused(tmp_path):
    network = AVOLNet(2).eval()
    network.heads.fc1.weight.data[0, 0] = 1e6
    with pytest.raises(InputError, match='does not fit half precision'):
        _exported(network, tmp_path)


def test_a_bundle_holds_what_was_said_of_it(either):
    assert either.bundle.calibration.threshold == 0.4
    assert either.bundle.manifest.training == {'steps': 1}
    assert (either.bundle.path / 'MODEL_CARD.md').read_text() == '# small\n'
    assert either.bundle.has_precision('fp16')
