"""Where the bundles lie that come with ros2_avloc."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]

_PLACES = (Path('share', 'ros2_avloc', 'models'), Path('models'))
"""Below the prefix of an installation, and in a checkout."""


def find_bundle(name: str) -> Path:
    """Return the directory of a bundle.

    Parameters
    ----------
    name
        A path, or the bare name of a bundle that is shipped (``'avolnet'``).

    Returns
    -------
    Path
        The shipped bundle if there is one of that name, else `name` as a path, whether it exists or not.
    """
    if len(Path(name).parts) == 1:
        for above in _PACKAGE.parents:
            for place in _PLACES:
                if (above / place / name / 'bundle.json').is_file():
                    return above / place / name
    return Path(name).expanduser()
