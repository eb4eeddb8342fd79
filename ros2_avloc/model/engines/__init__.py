"""The libraries that can run the network, behind one protocol; each is imported when it is chosen."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Iterator
from dataclasses import replace

from ros2_avloc.errors import EngineError, EngineUnavailableError
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines.base import Engine
from ros2_avloc.model.engines.check import check_golden
from ros2_avloc.model.engines.driver import has_driver
from ros2_avloc.model.engines.options import EngineOptions

ENGINES = ('tensorrt', 'torch', 'openvino', 'onnxruntime')
"""In the order in which ``'auto'`` tries them."""

PRECISIONS = ('fp32', 'fp16', 'bf16')

_AUTO_PRECISIONS = {'tensorrt': ('fp16', 'fp32'), 'torch': ('fp16', 'fp32'),
                    'openvino': ('fp16', 'bf16', 'fp32'), 'onnxruntime': ('fp32',)}
"""What ``'auto'`` tries, the fastest first."""


def open_engine(
    bundle: Bundle, *, name: str = 'auto', precision: str = 'auto', strict: bool = False,
    options: EngineOptions | None = None, without: Collection[str] = ()
) -> tuple[Engine, list[str]]:
    """Open the first engine that works here and computes what the bundle says.

    Parameters
    ----------
    bundle
        The model.
    name
        ``'auto'`` or one of `ENGINES`.
    precision
        ``'auto'`` or one of `PRECISIONS`.
    strict
        Refuse instead of falling back to another engine or precision than the one that was asked for.
    options
        For the engines that build, and for whom they tell of it.
    without
        Engines that may not be taken.

    Returns
    -------
    Engine
        Its output on the bundle's golden input has been checked.
    list[str]
        Why each engine and precision that comes before it was not taken; a sentence each.

    Raises
    ------
    EngineError
        If no engine that may be taken works, a name is unknown, or it was cancelled.
    """
    _check_known('engine', name, ENGINES)
    _check_known('precision', precision, PRECISIONS)
    options = replace(options or EngineOptions(), asked=name)
    reasons: list[str] = []
    out = set(without)
    for engine, at in _attempts(name, precision, strict):
        if engine in out:
            continue
        try:
            return _open(bundle, engine, at, options), reasons
        except EngineUnavailableError as error:
            out.add(engine)
            reasons.append(f'{engine} was not taken: {error}.')
        except EngineError as error:
            reasons.append(f'{_named(engine, at)} was not taken: {error}.')
        if options.cancelled():
            raise EngineError(f'Opening {engine} was cancelled.')
    raise EngineError(' '.join(['No engine can run the model.', *reasons]))


def _check_known(what: str, value: str, known: tuple[str, ...]) -> None:
    if value != 'auto' and value not in known:
        raise EngineError(f'There is no {what} {value!r}; choose auto, {", ".join(known)}.')


def _attempts(name: str, precision: str, strict: bool) -> Iterator[tuple[str, str]]:
    """Pairs of engine and precision in the order in which they are tried, each once."""
    asked = ENGINES if name == 'auto' else (name,)
    engines = asked if strict else tuple(dict.fromkeys(asked + ENGINES))
    precisions = (precision,) if strict else tuple(dict.fromkeys((precision, 'auto')))
    pairs = [(engine, one) for wanted in precisions for engine in engines for one in _expand(engine, wanted)]
    yield from dict.fromkeys(pairs)


def _expand(engine: str, precision: str) -> tuple[str, ...]:
    return _AUTO_PRECISIONS.get(engine, (precision,)) if precision == 'auto' else (precision,)


def _named(engine: str, precision: str) -> str:
    return engine if precision == 'auto' else f'{engine} in {precision}'


def _open(bundle: Bundle, name: str, precision: str, options: EngineOptions) -> Engine:
    _check_wanted(options)
    if name == 'torch' and options.asked != name and not has_driver():
        raise EngineUnavailableError('it finds no CUDA device, and is not the fastest on a CPU')
    try:
        module = importlib.import_module(f'ros2_avloc.model.engines.{name}')
        return _checked(module.load(bundle, precision, options), bundle, options)
    except ImportError as error:
        lacking = (error.name or name).split('.')[0]
        advice = 'see docs/tensorrt.md' if name == 'tensorrt' else f'pip install {lacking}'
        raise EngineUnavailableError(f'it cannot be imported ({error}); {advice}') from error
    except EngineError:
        raise
    except Exception as error:  # each library has errors of its own
        told = ' '.join(f'{type(error).__name__}: {error}'.split())
        raise EngineError(f'it cannot load or run the model ({told})') from error


def _checked(engine: Engine, bundle: Bundle, options: EngineOptions) -> Engine:
    """Return an engine that computes what the bundle says and is still wanted; close any other."""
    try:
        check_golden(engine, bundle)
        _check_wanted(options)
    except BaseException:
        engine.close()
        raise
    return engine


def _check_wanted(options: EngineOptions) -> None:
    if options.cancelled():
        raise EngineError('it was cancelled')
