"""Each engine and precision against torch eager and against what the processor's matrix products allow."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from machine import cores
from measure import Run, Times, again, times
from networks import FULL_WIDTH, operations, random_bundle, random_network, width_of
from sheet import Goal, Row, Sheet

from ros2_avloc.errors import AvlocError
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines.base import Engine
from ros2_avloc.model.engines.options import EngineOptions

ENGINES = (
    ('tensorrt', 'fp16'),
    ('tensorrt', 'fp32'),
    ('torch', 'fp32'),
    ('torch', 'bf16'),
    ('torch', 'fp16'),
    ('openvino', 'bf16'),
    ('openvino', 'fp32'),
    ('onnxruntime', 'fp32'),
)
EAGER = 'torch eager fp32'
PRODUCTS = {'fp32': torch.float32, 'bf16': torch.bfloat16}
SIDE = 2048
"""Of the matrices whose product gives the rate."""


def measure(bundle: Bundle) -> list[Sheet]:
    """Time the network at the bundle's width and at full width."""
    torch.set_num_threads(cores())
    sheets = [_sheet(f'Engines: the shipped network (width {width_of(bundle)})', bundle, ())]
    with tempfile.TemporaryDirectory() as directory:
        full = random_bundle(FULL_WIDTH, Path(directory))
        sheets.append(
            _sheet(f'Engines: the paper’s network (width {FULL_WIDTH}, random weights)', full, _goals)
        )
    return sheets


@contextmanager
def opened(bundle: Bundle) -> Iterator[tuple[dict[str, Engine], list[str]]]:
    """Open every engine and precision that works here; say why the others do not.

    Golden outputs are not looked at: random weights have peaks that mean nothing.
    """
    found: dict[str, Engine] = {}
    declined = []
    for name, precision in ENGINES:
        try:
            module = importlib.import_module(f'ros2_avloc.model.engines.{name}')
            engine = module.load(bundle, precision, EngineOptions(asked=name))
            found[f'{name} {engine.identity.precision}'] = engine
        except (AvlocError, ImportError) as error:
            declined.append(f'{name} {precision}: {error}')
    try:
        yield found, declined
    finally:
        for engine in found.values():
            engine.close()


def eager(bundle: Bundle) -> Callable[[], Any]:
    """Return one call of what a user would write first."""
    network = random_network(width_of(bundle))
    image = torch.from_numpy(bundle.golden.image)
    spectrogram = torch.from_numpy(bundle.golden.spectrogram)[None, None]

    def call() -> None:
        with torch.inference_mode():
            network(image, spectrogram)

    return call


def one_window(engine: Engine, bundle: Bundle) -> Callable[[], Any]:
    """Return one call of an engine: a sound and a frame."""
    golden = bundle.golden
    return lambda: engine.localize(golden.image, engine.embed_sound(golden.spectrogram))


def one_frame(engine: Engine, bundle: Bundle) -> Callable[[], Any]:
    """Return one call of an engine: a frame, whose sound is embedded already."""
    sound = engine.embed_sound(bundle.golden.spectrogram)
    return lambda: engine.localize(bundle.golden.image, sound)


def _sheet(title: str, bundle: Bundle, goals: Any) -> Sheet:
    with opened(bundle) as (engines, declined):
        runs: dict[str, Run] = {
            f'product {name}': again(_product(dtype), 5) for name, dtype in PRODUCTS.items()
        }
        runs[EAGER] = again(eager(bundle), 8)
        runs |= {name: again(one_window(engine, bundle)) for name, engine in engines.items()}
        runs |= {f'{name}: frame': again(one_frame(engine, bundle)) for name, engine in engines.items()}
        found = times(runs)
        rows = [_row(name, found, operations(bundle)) for name in (EAGER, *engines)]
    rates = [
        f'{name}: {_rate(found, name) / 1e12:.3g} TFLOP/s for products of {SIDE}×{SIDE}' for name in PRODUCTS
    ]
    notes = (
        f'One sound and one frame: {operations(bundle) / 1e9:.3g} GFLOP.',
        *rates,
        *(f'Not here: {sentence}' for sentence in declined),
    )
    return Sheet(title, rows, goals(rows) if goals else (), notes)


def _product(dtype: torch.dtype) -> Callable[[], Any]:
    left, right = (torch.randn(SIDE, SIDE).to(dtype) for _ in range(2))
    return lambda: left @ right


def _rate(found: dict[str, Times], precision: str) -> float:
    """Operations per second of the products of the same run."""
    return 2 * SIDE**3 / found[f'product {precision}'].median * 1e3


def _row(name: str, found: dict[str, Times], work: float) -> Row:
    precision = name.rsplit(' ', 1)[1]
    row: Row = {
        'engine': name,
        'sound and frame, ms': found[name],
        'frame, ms': found.get(f'{name}: frame', ''),
        'times faster than eager': found[EAGER].ratio(found[name]),
    }
    if precision in PRODUCTS:
        share = work / (2 * SIDE**3)
        row['of the limit'] = share * found[f'product {precision}'].ratio(found[name])
    return row


def _goals(rows: list[Row]) -> list[Goal]:
    best = max(rows, key=lambda row: row['times faster than eager'])
    return [
        Goal(f'{best["engine"]}, times faster than eager', best['times faster than eager'], 8, at_least=True),
        Goal(f'{best["engine"]}, of the limit', best.get('of the limit', 0.0), 0.8, at_least=True),
    ]
