"""Each engine and precision against torch eager and against what the processor's matrix products allow."""

from __future__ import annotations

import importlib
import itertools
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch

from benchmark.machine import cores
from benchmark.measure import Run, Times, again, times
from benchmark.networks import FULL_WIDTH, operations, random_bundle, random_network, width_of
from benchmark.sheet import Goal, Row, Sheet
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines import ENGINES, PRECISIONS
from ros2_avloc.model.engines.base import Engine
from ros2_avloc.model.engines.options import EngineOptions

EAGER = 'torch eager fp32'
FASTER, LIMIT = 'times faster than eager', 'of the limit'
PRODUCTS = {'fp32': torch.float32, 'bf16': torch.bfloat16, 'fp16': torch.float16}
ALWAYS = {'fp32', 'bf16'}
"""Products that are timed even where no engine on the processor has their precision."""

SIDE = 2048
"""Of the matrices whose product gives the rate."""


def measure(bundle: Bundle) -> list[Sheet]:
    """Time the network at the bundle's width and at full width."""
    torch.set_num_threads(cores())
    sheets = [_sheet(f'Engines: the shipped network (width {width_of(bundle)})', bundle)]
    with tempfile.TemporaryDirectory() as directory:
        full = random_bundle(FULL_WIDTH, Path(directory))
        title = f'Engines: the paper’s network (width {FULL_WIDTH}, random weights)'
        return [*sheets, _sheet(title, full, judged=True)]


@contextmanager
def opened(bundle: Bundle) -> Iterator[tuple[dict[str, Engine], list[str]]]:
    """Open every engine and precision that works here, by name; say why the others do not.

    Golden outputs are not looked at: random weights have peaks that mean nothing.
    """
    found: dict[str, Engine] = {}
    declined = []
    with ExitStack() as stack:
        for name, precision in itertools.product(ENGINES, PRECISIONS):
            try:
                engine = _running(bundle, name, precision)
            except Exception as error:  # each library has errors of its own
                told = ' '.join(str(error).split()) or type(error).__name__
                declined.append(f'Not here: {name} {precision}: {told}')
                continue
            stack.callback(engine.close)
            found[f'{name} {precision}'] = engine
        yield found, declined


def _running(bundle: Bundle, name: str, precision: str) -> Engine:
    """Load an engine and run it once: some fail only then."""
    module = importlib.import_module(f'ros2_avloc.model.engines.{name}')
    engine: Engine = module.load(bundle, precision, EngineOptions(asked=name))
    try:
        one_window(engine, bundle)()
    except BaseException:
        engine.close()
        raise
    return engine


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


def _sheet(title: str, bundle: Bundle, *, judged: bool = False) -> Sheet:
    work = operations(bundle)
    with opened(bundle) as (engines, declined):
        identities = {name: engine.identity for name, engine in engines.items()}
        on_cpu = [name for name, identity in identities.items() if identity.device.startswith('CPU')]
        products = [name for name in PRODUCTS if name in ALWAYS | {identities[of].precision for of in on_cpu}]
        found = times(_runs(bundle, engines, products))
    rows = [row_of(name, found, work, (EAGER, *on_cpu)) for name in (EAGER, *engines)]
    several = {name: identity.layers for name, identity in identities.items() if ',' in identity.layers}
    notes = (
        f'One sound and one frame: {work / 1e9:.3g} GFLOP.',
        *(f'{name}: {_rate(found, name):.3g} TFLOP/s for products of {SIDE}×{SIDE}.' for name in products),
        *(f'{name}, convolutions and products by precision: {layers}.' for name, layers in several.items()),
        *declined,
    )
    return Sheet(title, rows, goals(rows, found) if judged else (), notes)


def _runs(bundle: Bundle, engines: Mapping[str, Engine], products: Collection[str]) -> dict[str, Run]:
    runs: dict[str, Run] = {f'product {name}': again(_product(PRODUCTS[name]), 5) for name in products}
    runs[EAGER] = again(eager(bundle), 8)
    runs |= {name: again(one_window(engine, bundle)) for name, engine in engines.items()}
    return runs | {f'{name}: frame': again(one_frame(engine, bundle)) for name, engine in engines.items()}


def _product(dtype: torch.dtype) -> Callable[[], Any]:
    left, right = (torch.randn(SIDE, SIDE).to(dtype) for _ in range(2))
    return lambda: left @ right


def _rate(found: dict[str, Times], precision: str) -> float:
    """Operations of the products, 1e12 per second."""
    return 2 * SIDE**3 / found[f'product {precision}'].median * 1e3 / 1e12


def row_of(name: str, found: Mapping[str, Times], work: float, on_cpu: Collection[str]) -> Row:
    """Return the row of an engine; the limit is that of the processor."""
    row: Row = {
        'engine': name,
        'sound and frame, ms': found[name],
        'frame, ms': found.get(f'{name}: frame', ''),
        FASTER: found[EAGER].over(found[name]),
    }
    precision = name.rsplit(' ', 1)[1]
    if f'product {precision}' in found and name in on_cpu:
        row[LIMIT] = of_limit(found, name, precision, work)
    return row


def of_limit(found: Mapping[str, Times], name: str, precision: str, work: float) -> Times:
    """Return what so many operations would take at the rate of the product, over what they took."""
    return found[f'product {precision}'].over(found[name]) * (work / (2 * SIDE**3))


def goals(rows: Sequence[Row], found: Mapping[str, Times]) -> list[Goal]:
    """Return what is asked for of the fastest engine on the processor.

    Parameters
    ----------
    rows
        Of all engines.
    found
        What they were made of.
    """
    best = max((row for row in rows if LIMIT in row), key=lambda row: row[FASTER].median)
    name, faster, limit = best['engine'], best[FASTER], best[LIMIT]
    half = found['product fp32'].over(found['product bf16']).median
    bound = (
        f'At the limit it would be {faster.over(limit).median:.2g} times faster: products in bf16 are only '
        f'{half:.2g} times as fast as in float32 on this processor.'
    )
    return [
        Goal(f'{name}: {FASTER}', faster.median, 8, at_least=True, aim='faster', why=bound),
        Goal(f'{name}: {LIMIT}', limit.median, 0.8, at_least=True, aim='limit'),
    ]
