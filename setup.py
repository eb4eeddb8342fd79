from collections.abc import Iterator
from pathlib import Path

from setuptools import find_packages, setup

NAME = 'ros2_avloc'


def shared(*tops: str) -> Iterator[tuple[str, list[str]]]:
    """Yield every folder below these that holds files, and the files, for share/ros2_avloc."""
    found = [path for top in tops for path in Path(top).rglob('*') if '__pycache__' not in path.parts]
    for folder in sorted({path.parent for path in found if path.is_file()}):
        yield f'share/{NAME}/{folder}', sorted(str(path) for path in folder.iterdir() if path.is_file())


setup(
    name=NAME,
    version='0.1.0',
    packages=find_packages(include=[NAME, f'{NAME}.*']),
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        (f'share/{NAME}', ['package.xml']),
        *shared('config', 'launch', 'models'),
    ],
    install_requires=['setuptools'],
    extras_require={'test': ['pytest']},
    python_requires='>=3.10',
    zip_safe=True,
    author='ros2_avloc maintainers',
    maintainer='ros2_avloc maintainers',
    maintainer_email='maintainers@ros2-avloc.invalid',
    description='Where, in what a robot sees, the sound that it hears comes from.',
    license='Apache-2.0',
    entry_points={
        'console_scripts': [
            f'avloc = {NAME}.cli:app',
            f'avloc_node = {NAME}.node.avloc_node:main',
            f'follower = {NAME}.node.follower:main',
            f'simulator = {NAME}.node.simulator:main',
        ],
    },
)
