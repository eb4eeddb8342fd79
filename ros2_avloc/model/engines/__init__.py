"""The libraries that can run the network, behind one protocol; each is imported when it is chosen."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from ros2_avloc.errors import EngineError
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines.base import Engine
from ros2_avloc.model.engines.check import check_golden

ENGINES = ('tensorrt', 'torch', 'openvino', 'onnxruntime')
"""In the order in which ``'auto'`` tries them."""

PRECISIONS = ('fp32', 'fp16', 'bf16')

_AUTO_PRECISIONS = {'openvino': ('bf16', 'fp32'), 'onnxruntime': ('fp32',)}
"""What ``'auto'`` tries, for the engines that this version has."""


def open_engine(
    bundle: Bundle, *, name: str = 'auto', precision: str = 'auto', strict: bool = False
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

    Returns
    -------
    Engine
        Its output on the bundle's golden input has been checked.
    list[str]
        Why each engine and precision that comes before it was not taken; a sentence each.

    Raises
    ------
    EngineError
        If no engine that may be taken works, or a name is unknown.
    """
    _check_known('engine', name, ENGINES)
    _check_known('precision', precision, PRECISIONS)
    reasons: list[str] = []
    for engine, at in _attempts(name, precision, strict):
        try:
            return _open(bundle, engine, at), reasons
        except EngineError as error:
            reasons.append(f'{_named(engine, at)} was not taken: {error}.')
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


def _open(bundle: Bundle, name: str, precision: str) -> Engine:
    if name not in _AUTO_PRECISIONS:
        raise EngineError('it is not part of this version of ros2_avloc')
    try:
        module = importlib.import_module(f'ros2_avloc.model.engines.{name}')
        engine: Engine = module.load(bundle, precision)
    except ImportError as error:
        raise EngineError(f'it cannot be imported ({error}); pip install {name}') from error
    except EngineError:
        raise
    except Exception as error:  # each library has errors of its own
        raise EngineError(f'it cannot load the model ({" ".join(str(error).split())})') from error
    try:
        check_golden(engine, bundle)
    except EngineError:
        engine.close()
        raise
    return engine
