"""Modules that offer exactly what a surface says, write down every call, and do what they are taught.

A call of what the surface has not, with arguments that no overload takes, raises as the real bindings would.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

INTEGERS = {'int', 'typing.SupportsInt', 'size_t', 'unsigned int', 'unsigned long long'}
BUFFERS = {'buffer', 'typing_extensions.Buffer'}


@dataclass(frozen=True)
class Parameter:
    name: str
    type: str
    optional: bool


def parameters(signature: str) -> list[Parameter]:
    """Read ``(self: Builder, flags: int = 0) -> X`` and ``(size_t size, kind: cudaMemcpyKind)``."""
    inside = signature[1:signature.rindex(') ->') if ') ->' in signature else signature.rindex(')')]
    found = []
    for part in split(inside):
        declared, _, default = part.partition(' = ')
        name, colon, kind = declared.partition(':')
        if not colon:
            kind, _, name = declared.rpartition(' ')
        found.append(Parameter(name.strip(), kind.strip(), bool(default)))
    return found


def split(inside: str) -> list[str]:
    """Split at the commas that are not inside brackets."""
    parts, depth = [''], 0
    for letter in inside:
        depth += (letter in '([<') - (letter in ')]>')
        if letter == ',' and depth == 0:
            parts.append('')
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


class Member:
    """Of an enum: what those of all bindings can do, and not what one of them or Python's own can do besides.

    pybind11's are no integers; neither they nor cuda-python's can be subscripted.
    """

    def __init__(self, name: str, value: int) -> None:
        self.name, self.value = name, value

    def __int__(self) -> int:
        return self.value


class Double:
    """A module from a surface.

    Parameters
    ----------
    name
        Of the module.
    surface
        File of it.
    behaviours
        By ``Class.method``, ``Class.property`` or function: what is done, with the object first.
    """

    def __init__(self, name: str, surface: Path, behaviours: dict[str, Callable[..., Any]]) -> None:
        described = json.loads(surface.read_text())
        self.calls: list[str] = []
        self._behaviours = behaviours
        self.module = types.ModuleType(name)
        self.module.__version__ = described['version']
        self._classes: dict[str, type] = {}
        for kind, about in described['classes'].items():
            self._classes[kind] = self._class(kind, about)
            setattr(self.module, kind, self._classes[kind])
        for function, overloads in described['functions'].items():
            setattr(self.module, function, self._function(function, overloads))
        for constant, value in described['constants'].items():
            setattr(self.module, constant, value)
        unknown = {known.split('.')[0] for known in behaviours} - set(vars(self.module))
        assert not unknown, f'{surface} has no {unknown}'

    def new(self, kind: str, **state: Any) -> Any:
        """Make an object of a class that users of the library cannot make."""
        made = object.__new__(self._classes[kind])
        made.__dict__.update(state)
        return made

    def _class(self, kind: str, about: dict[str, Any]) -> type:
        if about['members']:
            members = type(kind, (Member,), {})
            for name, value in about['members'].items():
                setattr(members, name, members(name, value))
            return members
        content: dict[str, Any] = {
            name: self._function(f'{kind}.{name}', overloads, skip=1)
            for name, overloads in about['methods'].items()}
        content |= {name: self._property(f'{kind}.{name}', settable)
                    for name, settable in about['properties'].items()}
        content |= {name: self._class(name, nested) for name, nested in about.get('classes', {}).items()}
        content['__setattr__'] = _refuse_unknown(set(about['properties']))
        return type(kind, (bytes,) if about['buffer'] else (), content | {'_double': True})

    def _property(self, name: str, settable: bool) -> property:
        short = name.split('.')[1]

        def get(this: Any) -> Any:
            self.calls.append(name)
            return self._behaviours[name](this) if name in self._behaviours else this.__dict__[short]

        def put(this: Any, value: Any) -> None:
            self.calls.append(f'{name} =')
            this.__dict__[short] = value

        return property(get, put if settable else None)

    def _function(self, name: str, overloads: list[str], skip: int = 0) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            rest = args[skip:]
            taken = (parameters(overload)[skip:] for overload in overloads)
            bound = next((found for found in (self._bind(takes, rest, named) for takes in taken)
                          if found is not None), None)
            if bound is None:
                raise TypeError(f'{name}{rest}{named} fits none of {overloads}')
            self.calls.append(name)
            if name not in self._behaviours:
                assert name.endswith('.__init__'), f'the double has not been taught {name}'
                return None
            return self._behaviours[name](*args[:skip], **bound)

        return call

    def _bind(self, takes: list[Parameter], args: tuple[Any, ...], named: dict[str, Any]
              ) -> dict[str, Any] | None:
        """Return arguments by name; ``None`` if they do not fit."""
        names = [parameter.name for parameter in takes]
        given = dict(zip(names, args, strict=False)) | named
        if len(args) > len(takes) or set(given) - set(names) or set(named) & set(names[:len(args)]):
            return None
        fits = all(self._fits(given[parameter.name], parameter.type) if parameter.name in given
                   else parameter.optional for parameter in takes)
        return given if fits else None

    def _fits(self, value: Any, kind: str) -> bool:
        if kind in INTEGERS:
            return isinstance(value, int) and not isinstance(value, bool)
        if kind in BUFFERS:
            return isinstance(value, (bytes, bytearray, memoryview))
        if kind in ('str', 'bool'):
            return type(value).__name__ == kind
        return isinstance(value, self._classes[kind]) if kind in self._classes else True


def _refuse_unknown(known: set[str]) -> Callable[[Any, str, Any], None]:
    """Let nobody set what the class has not; classes that are derived from it may have more."""
    def put(this: Any, name: str, value: Any) -> None:
        if name not in known and '_double' in vars(type(this)):
            raise AttributeError(f'{type(this).__name__} has no {name}')
        object.__setattr__(this, name, value)

    return put
