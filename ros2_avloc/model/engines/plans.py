"""The cache of plans: what TensorRT has built for one GPU, with one version, from one bundle.

A plan is code. It is read only from a directory that nobody else can write to, and only if it is what this
program has written there.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ros2_avloc.errors import EngineError, EngineUnavailableError

PERIOD = 0.2
"""Seconds between two looks whether another process has finished building."""

ABANDONED = 86_400.0
"""Seconds after which nobody writes a file any more that was begun."""

_LOCK = 'lock'
_PLAN, _TIMINGS = 'plan', 'timings'
_BEGUN = '.begun'
_UNWRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class PlanKey:
    """What a plan is for; it fits nothing else.

    Attributes
    ----------
    bundle
        SHA-256 of the bundle.
    graph
        Which of its graphs.
    precision
        That the network computes in, as its builder has inferred it.
    library
        Version of TensorRT.
    gpu, capability, processors
        Name, compute capability and number of multiprocessors of the device: the Orins have one name.
    """

    bundle: str
    graph: str
    precision: str
    library: str
    gpu: str
    capability: str
    processors: int

    @property
    def name(self) -> str:
        """Name of its files, without suffix."""
        digest = hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()
        return '-'.join(filter(None, (self.graph, self.precision, digest[:16])))


def cache_directory(path: Path | None) -> Path:
    """Return the directory that was asked for, or the one in the user's cache.

    Raises
    ------
    EngineError
        If the user has no home.
    """
    if path is not None:
        return path.expanduser()
    try:
        home = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
    except RuntimeError:
        raise EngineError('This user has no home; say with model.cache_dir where to keep engines') from None
    return Path(home, 'ros2_avloc', 'engines')


class PlanCache:
    """Plans in a directory that is the user's alone.

    Parameters
    ----------
    directory
        Made if need be.
    warn
        Told what is not as it should be and can be helped by building again.

    Raises
    ------
    EngineError
        If the directory belongs to somebody else, or others may use it.
    """

    def __init__(self, directory: Path, warn: Callable[[str], None]) -> None:
        self.directory = directory
        self._warn = warn
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            if error.errno not in _UNWRITABLE:
                raise EngineError(f'{directory} cannot be made ({error.strerror}); '
                                  'name another model.cache_dir') from None
            self._warn_unwritable(error)
        _check_private(directory)

    @contextlib.contextmanager
    def locked(self, cancelled: Callable[[], bool], waiting: Callable[[str], None]) -> Iterator[None]:
        """Keep other processes from building meanwhile; on a read-only disk they may.

        Raises
        ------
        EngineError
            If `cancelled` says so while another process builds.
        """
        try:
            file = open(self.directory / _LOCK, 'w')  # noqa: SIM115 (it is closed below)
        except OSError:
            yield
            return
        with file:
            while not self._lock(file.fileno()):
                if cancelled():
                    raise EngineError('it was cancelled')
                waiting('another process is building; waiting for it')
                time.sleep(PERIOD)
            self._remove_abandoned()
            yield

    def load(self, key: PlanKey) -> bytes | None:
        """Return a plan as it was stored; ``None``, after a warning where due, if there is none."""
        return self._load(key, _PLAN)

    def store(self, key: PlanKey, plan: bytes, **facts: Any) -> None:
        """Keep a plan, with facts for people beside it; a warning says if that cannot be."""
        self._store(key, _PLAN, plan, facts)

    def load_timings(self, key: PlanKey) -> bytes | None:
        """Return what was measured when plans of this version and GPU were built, as `load` does."""
        return self._load(_key_of_timings(key), _TIMINGS)

    def store_timings(self, key: PlanKey, timings: bytes) -> None:
        """Keep what was measured for all plans of this version and GPU, as `store` does."""
        self._store(_key_of_timings(key), _TIMINGS, timings, {})

    def entries(self) -> dict[str, dict[str, Any]]:
        """Return the facts about each plan, by name; empty facts where they cannot be read."""
        entries = {}
        for path in sorted(self.directory.glob(f'*.{_PLAN}')):
            with contextlib.suppress(FileNotFoundError):  # another process has removed it meanwhile
                entries[path.stem] = _facts(path.with_suffix('.json')) | {'bytes': path.stat().st_size}
        return entries

    def remove(self, name: str) -> None:
        """Remove a plan and what is beside it.

        Raises
        ------
        EngineError
            If there is none of this name, or it cannot be removed.
        """
        if name not in self.entries():
            raise EngineError(f'{self.directory} holds no engine {name!r}.')
        self._remove(name, _PLAN)

    def remove_timings(self) -> None:
        """Remove what was measured, of all versions and GPUs; raise EngineError if that cannot be."""
        for path in self.directory.glob(f'*.{_TIMINGS}'):
            self._remove(path.stem, _TIMINGS)

    def recall(self, name: str) -> str:
        """Return a sentence that `remember` was given; nothing if there is none."""
        try:
            return (self.directory / name).read_text(encoding='utf-8')
        except (OSError, ValueError):
            return ''

    def remember(self, name: str, sentence: str) -> None:
        """Keep a sentence under a name of its own; a warning says if that cannot be."""
        try:
            _write(self.directory / name, sentence.encode())
        except OSError as error:
            self._warn_unwritable(error)

    def _load(self, key: PlanKey, suffix: str) -> bytes | None:
        path = self._path(key.name, suffix)
        try:
            facts = json.loads(self._path(key.name, 'json').read_bytes())
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            self._warn(f'{path} cannot be used ({error}); it is built again.')
            return None
        if not isinstance(facts, dict) or facts.get('key') != asdict(key) \
                or facts.get('sha256') != hashlib.sha256(content).hexdigest():
            self._warn(f'{path} is damaged or of another origin; it is built again.')
            return None
        return content

    def _store(self, key: PlanKey, suffix: str, content: bytes, facts: dict[str, Any]) -> None:
        about = {'key': asdict(key), 'sha256': hashlib.sha256(content).hexdigest(), **facts}
        try:
            _write(self._path(key.name, suffix), content)
            _write(self._path(key.name, 'json'), json.dumps(about, indent=2).encode())
        except OSError as error:
            self._warn_unwritable(error)

    def _lock(self, file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:  # some network and overlay file systems have no locks
            self._warn(f'{self.directory} cannot be locked ({error.strerror}): others may build as well.')
        return True

    def _remove(self, name: str, suffix: str) -> None:
        for path in (self._path(name, 'json'), self._path(name, suffix)):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise EngineError(f'{path} cannot be removed ({error.strerror}).') from None

    def _remove_abandoned(self) -> None:
        """Remove what was begun by writers that were killed."""
        for path in self.directory.glob(f'.*{_BEGUN}'):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > ABANDONED:
                    path.unlink()

    def _path(self, name: str, suffix: str) -> Path:
        return self.directory / f'{name}.{suffix}'

    def _warn_unwritable(self, error: OSError) -> None:
        self._warn(f'Nothing can be kept in {self.directory} ({error.strerror}): every start builds anew.')


def _check_private(directory: Path) -> None:
    try:
        status = directory.stat()
    except OSError:  # nothing there, or nothing that can be reached
        return
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise EngineUnavailableError(
            f'{directory} must belong to the user of this process and be closed to others, for an engine in '
            f'it is run as code (chown {os.geteuid()} and chmod 700 it)')


def _key_of_timings(key: PlanKey) -> PlanKey:
    return replace(key, bundle='', graph='', precision='')


def _write(path: Path, content: bytes) -> None:
    """Write a file so that whoever reads it meets the old content or the new, whole."""
    file, temporary = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}.', suffix=_BEGUN)
    try:
        with os.fdopen(file, 'wb') as target:
            target.write(content)
            target.flush()
            os.fsync(target.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    """Let a rename outlast a power cut."""
    file = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _facts(path: Path) -> dict[str, Any]:
    try:
        facts = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}
