"""What TensorRT's inspector tells, in the forms that its guide and those who print it show."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros2_avloc.model.engines.layers import count_products


def layer(kind, reads, writes, key='Format/Datatype'):
    return {'Name': 'a + b', 'LayerType': kind, 'ParameterType': 'Convolution',
            'Inputs': [{'Name': 'a', 'Dimensions': [1, 3, 224, 224], key: reads},
                       {'Name': 'kernel', 'Dimensions': [64, 3, 3, 3], key: 'Half'}],
            'Outputs': [{'Name': 'b', 'Dimensions': [1, 64, 224, 224], key: writes}],
            'Weights': {'Type': 'Half', 'Count': 1728}, 'TacticName': 'sm80_xmma_fprop_f16f16_f32'}


def told(*layers):
    return json.dumps({'Layers': layers, 'Bindings': ['image', 'cells']})


def test_counts_products_by_the_lower_of_what_they_read_and_write():
    said = told(layer('Reformat', 'Row major linear FP32', 'Row major linear FP16 format'),
                layer('CaskConvolution', 'Row major linear FP32',
                      'Channel major FP16 format where channel % 8 == 0'),
                layer('CaskGemmConvolution', 'Half', 'Half'),
                layer('gemm', 'Half', 'Float'),
                layer('MatrixMultiply', 'Float', 'Float'),
                layer('conv', 'BFloat16', 'BFloat16'),
                layer('kgen', 'Float', 'Half'))
    assert count_products(said) == {'fp16': 3, 'fp32': 1}


def test_the_newer_name_of_the_type_is_known_too():
    assert count_products(told(layer('CaskConvolution', 'Half', 'Half', key='Datatype'))) == {'fp16': 1}


@pytest.mark.parametrize('said', [
    '', 'null', '[]', '{}', '{"Layers": 3}', told('conv1 + relu1', 'conv2'), told({'LayerType': 'gemm'}),
    told({'LayerType': 'gemm', 'Inputs': 'Half', 'Outputs': [None]}),
    told(layer('CaskConvolution', 'N/A due to dynamic shapes', 'N/A due to dynamic shapes'))])
def test_what_says_nothing_known_is_not_counted(said):
    assert not count_products(said)


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(
    st.sampled_from(['Layers', 'LayerType', 'Inputs', 'Outputs', 'Format/Datatype', 'conv']), inner)))
def test_nothing_that_it_may_tell_is_an_error(said):
    product = {'LayerType': 'conv', 'Inputs': said}
    for whole in (said, {'Layers': said}, {'Layers': [said]}, {'Layers': [product]}):
        assert set(count_products(json.dumps(whole))) <= {'fp16', 'fp32'}
