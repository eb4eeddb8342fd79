"""Reads what TensorRT's inspector tells of a plan: the precision of each convolution and matrix product."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

_PRODUCTS = re.compile('conv|gemm|matmul|matrix', re.IGNORECASE)
"""In the type of a layer, as in ``CaskConvolution``, ``gemm`` or ``MatrixMultiply``."""

_TYPES = {'fp16': re.compile(r'\b(half|fp16|float16)\b', re.IGNORECASE),
          'fp32': re.compile(r'\b(float|fp32|float32)\b', re.IGNORECASE)}
"""In the type of a tensor, as in ``Half`` or ``Channel major FP16 format where channel % 8 == 0``."""

_KEYS = ('Format/Datatype', 'Datatype')


def count_products(told: str) -> Counter[str]:
    """Count the convolutions and matrix products of a plan by precision.

    Parameters
    ----------
    told
        JSON of the inspector, for a plan that was built with detailed verbosity, in the form that TensorRT's
        guide shows (Engine Inspector). Nothing promises that form.

    Returns
    -------
    Counter[str]
        By ``'fp16'`` and ``'fp32'``: the lower of what a layer reads first and what it writes. Layers that
        say nothing known are not counted.
    """
    return Counter(precision for layer in _layers(told) if (precision := _precision(layer)))


def _layers(told: str) -> Iterator[dict[str, Any]]:
    try:
        described = json.loads(told)
    except ValueError:
        return
    layers = described.get('Layers') if isinstance(described, dict) else None
    for layer in layers if isinstance(layers, list) else ():
        if isinstance(layer, dict) and _PRODUCTS.search(str(layer.get('LayerType'))):
            yield layer


def _precision(layer: dict[str, Any]) -> str:
    tensors = [entry for side in ('Inputs', 'Outputs') for entry in _entries(layer.get(side))[:1]]
    said = ' '.join(str(entry[key]) for entry in tensors for key in _KEYS if key in entry)
    return next((precision for precision, pattern in _TYPES.items() if pattern.search(said)), '')


def _entries(side: Any) -> list[dict[str, Any]]:
    return [entry for entry in side if isinstance(entry, dict)] if isinstance(side, list) else []
