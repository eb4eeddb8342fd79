"""On a GPU: torch as a user would write it, and the torch engine with and without CUDA graphs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import torch

from benchmark.engines import one_window
from benchmark.measure import Run, again, times
from benchmark.networks import FULL_WIDTH, operations, random_bundle, random_network, width_of
from benchmark.sheet import Row, Sheet
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines import torch as torch_engine
from ros2_avloc.model.engines.options import EngineOptions

TYPES = {'fp32': torch.float32, 'fp16': torch.float16}
SIDE = 8192
"""Of the matrices whose product gives the card's rate."""


def measure(bundle: Bundle) -> list[Sheet]:
    """Time the network at the bundle's width and at full width."""
    title = 'Engine torch on CUDA'
    if not torch.cuda.is_available():
        return [Sheet(title, [], notes=['No GPU here: not measured.'])]
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    sheets = [_sheet(f'{title}, shipped network (width {width_of(bundle)})', bundle)]
    with tempfile.TemporaryDirectory() as directory:
        full = random_bundle(FULL_WIDTH, Path(directory))
        return [*sheets, _sheet(f'{title}, the paper’s network (width {FULL_WIDTH})', full)]


def _sheet(title: str, bundle: Bundle) -> Sheet:
    runs: dict[str, Run] = {}
    for precision, dtype in TYPES.items():
        runs |= {
            f'product {precision}': again(_product(dtype), 10),
            f'eager {precision}': again(_eager(bundle, dtype), 50),
            f'engine {precision}, no graphs': again(_engine(bundle, precision, graphs=False), 50),
            f'engine {precision}, CUDA graphs': again(_engine(bundle, precision, graphs=True), 50),
        }
    found = times(runs)
    share = operations(bundle) / (2 * SIDE**3)
    rows: list[Row] = [
        {
            'network': name,
            'sound and frame, ms': row,
            'times faster than eager fp32': found['eager fp32'].over(row),
            'of the limit': found[f'product {precision}'].over(row) * share,
        }
        for name, row in found.items()
        if not name.startswith('product')
        for precision in TYPES
        if precision in name
    ]
    rates = [
        f'{precision}: {2 * SIDE**3 / found[f"product {precision}"].median / 1e9:.3g} TFLOP/s for products '
        f'of {SIDE}×{SIDE} on {torch.cuda.get_device_name()}'
        for precision in TYPES
    ]
    return Sheet(title, rows, notes=rates)


def _product(dtype: torch.dtype) -> Callable[[], Any]:
    left, right = (torch.randn(SIDE, SIDE, device='cuda', dtype=dtype) for _ in range(2))

    def call() -> None:
        left @ right
        torch.cuda.synchronize()

    return call


def _eager(bundle: Bundle, dtype: torch.dtype) -> Callable[[], Any]:
    """From arrays on the host to logits on the host, as the engine does it."""
    network = random_network(width_of(bundle)).to('cuda', dtype)
    golden = bundle.golden

    def call() -> Any:
        with torch.inference_mode():
            image = torch.from_numpy(golden.image).to('cuda', dtype)
            spectrogram = torch.from_numpy(golden.spectrogram)[None, None].to('cuda', dtype)
            return network(image, spectrogram).float().cpu().numpy()

    return call


def _engine(bundle: Bundle, precision: str, *, graphs: bool) -> Callable[[], Any]:
    capture = torch_engine._capture if graphs else torch_engine._as_it_is
    with mock.patch.object(torch_engine, '_capture', capture):
        engine = torch_engine.load(bundle, precision, EngineOptions(asked='torch'))
    return one_window(engine, bundle)
