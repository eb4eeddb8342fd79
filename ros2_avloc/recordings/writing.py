"""What goes wrong where something is written, said for a person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ros2_avloc.errors import InputError


@contextmanager
def writing(what: str, kind: type[Exception] = OSError) -> Iterator[None]:
    """Name what is written in what goes wrong, as where the disk is full.

    Raises
    ------
    InputError
        Instead of an `OSError`, or of an error of another `kind`.
    """
    try:
        yield
    except (OSError, kind) as error:
        raise InputError(f'{what} cannot be written: {error}; make room, or choose another place.') from error
