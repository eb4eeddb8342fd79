"""What is exported computes what was trained, with operators that every engine knows."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from ros2_avloc.learning.export import export, golden_of, graphs
from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.model.manifest import Calibration

PLAIN = {'Add', 'Constant', 'Conv', 'Flatten', 'Gemm', 'MatMul', 'MaxPool', 'Mul', 'Relu', 'Reshape'}


@pytest.fixture(scope='module')
def network():
    """A network whose BatchNorms have statistics of their own."""
    torch.manual_seed(3)
    network = AVOLNet(8)
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


@pytest.fixture(scope='module')
def inputs():
    rng = np.random.default_rng(3)
    return (rng.uniform(-1, 1, (1, 3, 224, 224)).astype(np.float32),
            rng.uniform(-2, 2, (257, 200)).astype(np.float32))


def run(graph, **inputs):
    session = onnxruntime.InferenceSession(graph, providers=['CPUExecutionProvider'])
    return session.run(None, inputs)[0]


def test_the_graphs_compute_what_the_network_does(network, inputs):
    image, spectrogram = inputs
    made = graphs(network)
    cells = run(made['vision_fp32.onnx'], image=image)
    sound = run(made['sound_fp32.onnx'], spectrogram=spectrogram[None, None])
    logits = run(made['head.onnx'], cells=cells, sound=sound)
    assert (cells.shape, sound.shape, logits.shape) == ((1, 128, 14, 14), (1, 128), (1, 1, 14, 14))
    with torch.no_grad():
        expected = network(torch.from_numpy(image), torch.from_numpy(spectrogram)[None, None])[0].numpy()
    assert expected.std() > 0.1
    np.testing.assert_allclose(logits[0, 0], expected, atol=1e-4)


def test_the_graphs_are_plain_and_static(network):
    for content in graphs(network).values():
        model = onnx.load_from_string(content)
        onnx.checker.check_model(model, full_check=True)
        assert {node.op_type for node in model.graph.node} <= PLAIN
        assert [entry.version for entry in model.opset_import if not entry.domain] == [17]
        for value in [*model.graph.input, *model.graph.output]:
            assert all(side.dim_value > 0 for side in value.type.tensor_type.shape.dim)


def test_export_leaves_the_network_as_it_was(network):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    graphs(network)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_a_bundle_loads_and_holds_its_golden_values(network, inputs, tmp_path):
    golden = golden_of(network, *inputs)
    bundle = export(network, tmp_path, name='small', calibration=Calibration(0.4, 1.5), golden=golden,
                    training={'steps': 1}, model_card='# small\n')
    assert bundle.calibration == Calibration(0.4, 1.5)
    assert np.array_equal(bundle.golden.logits, golden.logits)
    assert (tmp_path / 'MODEL_CARD.md').read_text() == '# small\n'
