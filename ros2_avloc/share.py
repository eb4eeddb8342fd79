"""Finds the files that are shipped beside the code: models, configuration."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ros2_avloc.errors import AvlocError

PACKAGE = 'ros2_avloc'


def share_path(*parts: str) -> Path:
    """Return the path of a shipped file or folder, for example ``share_path('models', 'avolnet')``.

    The checkout comes first where the code runs from one, then the installations that ROS names in
    ``AMENT_PREFIX_PATH``, then that of this Python.

    Raises
    ------
    AvlocError
        If none of them has it.
    """
    for folder in _folders():
        path = folder.joinpath(*parts)
        if path.exists():
            return path
    raise AvlocError(
        f'{"/".join(parts)} is not part of this installation of {PACKAGE}: '
        'build the package again (colcon build), or run it from its checkout.'
    )


def bundle_path(name: str) -> Path:
    """Return the directory of a bundle: a bare name is one that is shipped.

    Raises
    ------
    AvlocError
        If none of that name is.
    """
    if os.sep in name:
        return Path(name).expanduser()
    try:
        return share_path('models', name)
    except AvlocError:
        raise AvlocError(f'models/{name} is not part of this installation of {PACKAGE}: give the name of a '
                         f'model that is, or the directory of another, as in ./{name}.') from None


def message_folders() -> list[Path]:
    """Return the folders below which the definitions of messages lie, as ``<package>/msg/<Name>.msg``."""
    return [Path(prefix, 'share') for prefix in _prefixes()]


def _prefixes() -> list[str]:
    """Return where packages are installed, best first."""
    named = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    return [*filter(None, named), sys.prefix]


def _folders() -> list[Path]:
    """Return where shipped files may lie, best first."""
    checkout = Path(__file__).resolve().parent.parent
    installed = [Path(prefix, 'share', PACKAGE) for prefix in _prefixes()]
    return [checkout, *installed] if (checkout / 'package.xml').is_file() else installed
