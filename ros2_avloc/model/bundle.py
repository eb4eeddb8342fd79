"""The model as it ships: a directory of ONNX graphs with everything that must fit them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from ros2_avloc.audio.spectrogram import AudioFrontEnd
from ros2_avloc.errors import BundleError
from ros2_avloc.model.golden import (
    AnyGolden,
    Golden,
    GoldenEmbeddings,
    golden_from_bytes,
    golden_to_bytes,
)
from ros2_avloc.model.manifest import (
    ADVICE,
    AVE_NET,
    AVOL_NET,
    MANIFEST_NAME,
    Calibration,
    Manifest,
    checksum,
    read_manifest,
    write_manifest,
)
from ros2_avloc.vision.preprocess import ImageFrontEnd

GOLDEN_NAME = 'golden.npz'
HEAD_NAME = 'head.onnx'
WEIGHTS_NAME = 'weights.bin'
"""Weights of all graphs in half precision, as ONNX external data; a graph may also hold its own."""

_OTHER = {
    AVOL_NET: 'holds an AVOL-Net, which localises; an AVE-Net bundle such as models/avenet is needed here.',
    AVE_NET: 'holds an AVE-Net, which embeds whole frames and sounds for a search; an AVOL-Net bundle such '
             'as models/avolnet is needed here.',
}

AnyBundle = TypeVar('AnyBundle', bound='_Bundle[Any]')


@dataclass(frozen=True)
class _Bundle(Generic[AnyGolden]):
    """What the bundles of both networks have in common.

    Attributes
    ----------
    path
        Its directory.
    manifest
        What ``bundle.json`` says.
    golden
        Input and output that every engine is held against.
    sha256
        Identifies the content of the whole bundle.
    """

    path: Path
    manifest: Manifest
    golden: AnyGolden
    sha256: str

    network: ClassVar[str]
    graphs: ClassVar[tuple[str, ...]]
    golden_type: ClassVar[type[Any]]

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.manifest.name

    @property
    def calibration(self) -> Calibration:
        """Threshold, and from logits or distances to probabilities."""
        return self.manifest.calibration

    def has_precision(self, precision: str) -> bool:
        """Whether there are graphs that compute in this precision (``'fp32'`` always, ``'fp16'`` perhaps)."""
        return all(_graph_name(graph, precision) in self.manifest.files for graph in self.graphs)

    def graph(self, graph: str, precision: str = 'fp32') -> Path:
        """Path of an ONNX file: one of `graphs`; the head is always float32."""
        name = _graph_name(graph, precision)
        if name not in self.manifest.files:
            raise BundleError(f'{self.path} has no {name}; export the model again.')
        # An installed bundle may be made of links, which libraries refuse to follow to external data.
        return (self.path / name).resolve()

    @classmethod
    def load(cls: type[AnyBundle], path: str | Path) -> AnyBundle:
        """Read a bundle and check every part of it.

        Parameters
        ----------
        path
            The directory that holds ``bundle.json``.

        Raises
        ------
        BundleError
            If it holds another network, a part is missing or damaged, or it was learned with other front
            ends than this code has.
        """
        path = Path(path)
        manifest = read_manifest(path / MANIFEST_NAME)
        if manifest.network != cls.network:
            raise BundleError(f'{path} {_OTHER[manifest.network]}')
        _check_front_ends(path, manifest.front_ends)
        _check_complete(path, manifest.files, cls.graphs)
        for name, sha256 in manifest.files.items():
            _check_part(path / name, sha256)
        golden = golden_from_bytes((path / GOLDEN_NAME).read_bytes(), cls.golden_type)
        return cls(path, manifest, golden, checksum(manifest))


class Bundle(_Bundle[Golden]):
    """A bundle of AVOL-Net whose every part has been checked; graphs ``vision``, ``sound`` and ``head``."""

    network, graphs, golden_type = AVOL_NET, ('vision', 'sound', 'head'), Golden


class EmbedderBundle(_Bundle[GoldenEmbeddings]):
    """A bundle of AVE-Net whose every part has been checked; graphs ``vision`` and ``sound``."""

    network, graphs, golden_type = AVE_NET, ('vision', 'sound'), GoldenEmbeddings


def write_bundle(
    directory: str | Path,
    *,
    name: str,
    parts: Mapping[str, bytes | Path],
    calibration: Calibration,
    golden: Golden | GoldenEmbeddings,
    training: Mapping[str, Any],
    version: str = '1',
    opset: int = 17,
    thresholds: Mapping[str, Any] | None = None,
) -> None:
    """Write a bundle for the front ends that this code has, and see that it can be loaded.

    Parameters
    ----------
    directory
        Made if need be. Parts of an older bundle in it are replaced.
    name, version
        Which model this is.
    parts
        Content, or path of the content, by file name: ``vision_fp32.onnx``, ``sound_fp32.onnx``,
        ``head.onnx`` (AVOL-Net alone), ``MODEL_CARD.md``; perhaps ``vision_fp16.onnx``, ``sound_fp16.onnx``
        and ``weights.bin``. ``golden.npz`` and ``bundle.json`` are written by this function.
    calibration
        See there.
    golden
        `Golden` makes it a bundle of AVOL-Net, `GoldenEmbeddings` one of AVE-Net.
    training
        Summary of the training for people; values that JSON knows.
    opset
        ONNX opset of the graphs.
    thresholds
        For measuring an AVOL-Net, see `Manifest`; without them they are fitted whenever it is measured.

    Raises
    ------
    BundleError
        If what was written cannot be loaded.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    contents = {part: content if isinstance(content, bytes) else content.read_bytes()
                for part, content in parts.items()}
    contents[GOLDEN_NAME] = golden_to_bytes(golden)
    for part, content in contents.items():
        (directory / part).write_bytes(content)
    front_ends = {'audio': AudioFrontEnd().as_dict(), 'image': ImageFrontEnd().as_dict()}
    files = {part: _sha256(content) for part, content in contents.items()}
    kind = Bundle if isinstance(golden, Golden) else EmbedderBundle
    manifest = Manifest(name, version, opset, front_ends, calibration, files, training, kind.network,
                        thresholds or {})
    write_manifest(directory / MANIFEST_NAME, manifest)
    kind.load(directory)


def _graph_name(graph: str, precision: str) -> str:
    return HEAD_NAME if graph == 'head' else f'{graph}_{precision}.onnx'


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _check_front_ends(path: Path, front_ends: Mapping[str, Any]) -> None:
    for which, code in (('audio', AudioFrontEnd().as_dict()), ('image', ImageFrontEnd().as_dict())):
        if front_ends.get(which) != code:
            raise BundleError(f'{path} was learned with another {which} front end than this version has; '
                              'train and export the model again, or use the version that wrote it.')


def _check_complete(path: Path, files: Mapping[str, str], graphs: tuple[str, ...]) -> None:
    for name in (*(_graph_name(graph, 'fp32') for graph in graphs), GOLDEN_NAME):
        if name not in files:
            raise BundleError(f'{path / MANIFEST_NAME} lists no {name}; export the model again.')
    for name in files:
        if Path(name).name != name or '\0' in name:
            raise BundleError(f'{path / MANIFEST_NAME} lists {name!r}, which is not a file of the bundle; '
                              'export the model again.')


def _check_part(path: Path, sha256: str) -> None:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BundleError(f'{path} cannot be read ({error.strerror}); {ADVICE}') from None
    if _sha256(content) != sha256:
        raise BundleError(f'{path} is damaged (its SHA-256 differs from {MANIFEST_NAME}); {ADVICE}')
