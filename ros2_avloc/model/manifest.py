"""The manifest of a bundle, ``bundle.json``: what it must hold, and its own checksum."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ros2_avloc.errors import BundleError

MANIFEST_NAME = 'bundle.json'

ADVICE = 'restore it or export the model again.'

FORMAT = 2
"""Version of the layout of a bundle; a bundle of another one is refused."""

AVOL_NET, AVE_NET = 'avol-net', 'ave-net'
"""The networks that a bundle can hold: one localises, the other embeds whole frames and sounds."""


@dataclass(frozen=True)
class Calibration:
    """How what a network computes becomes a probability, and which probability counts as a source.

    Probability = sigmoid((slope · value + offset) / temperature). The value is AVOL-Net's logit, with slope 1
    and offset 0, or the distance of AVE-Net's embeddings, with slope below 0: what is near belongs together.

    Attributes
    ----------
    threshold
        Probability from which a cell counts as sounding, or a frame and a sound as a pair; in (0, 1).
    temperature
        Above 0; more makes all probabilities less sure.
    slope, offset
        From value to logit.
    """

    threshold: float
    temperature: float
    slope: float = 1.0
    offset: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 < self.threshold < 1.0:
            raise BundleError(f'The threshold of a calibration is between 0 and 1, not {self.threshold}.')
        if not (math.isfinite(self.temperature) and self.temperature > 0.0):
            raise BundleError(f'The temperature of a calibration is above 0, not {self.temperature}.')
        if not (math.isfinite(self.slope) and self.slope and math.isfinite(self.offset)):
            raise BundleError('The slope of a calibration is a number other than 0, and its offset a number, '
                              f'not {self.slope} and {self.offset}.')

    def probability(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probabilities of logits (AVOL-Net) or distances (AVE-Net)."""
        probabilities: NDArray[np.float32] = expit((self.slope * values + self.offset) / self.temperature)
        return probabilities


@dataclass(frozen=True)
class Manifest:
    """What ``bundle.json`` says.

    Attributes
    ----------
    name, version
        Which model this is.
    opset
        ONNX opset of the graphs.
    front_ends
        Settings of the ``'audio'`` and ``'image'`` front ends that the weights have learned with.
    calibration
        See `Calibration`.
    files
        SHA-256 (hexadecimal) of each part, by file name.
    training
        Summary of how the weights came about, for people.
    network
        `AVOL_NET` or `AVE_NET`.
    thresholds
        Of an AVOL-Net, for measuring: the probabilities ``'avc'`` and ``'area'`` (docs/evaluation.md), and
        under ``'fitted_on'`` the names of what they were fitted on. Empty in bundles of before 2026-11-23.
    """

    name: str
    version: str
    opset: int
    front_ends: Mapping[str, Mapping[str, Any]]
    calibration: Calibration
    files: Mapping[str, str]
    training: Mapping[str, Any]
    network: str = AVOL_NET
    thresholds: Mapping[str, Any] = field(default_factory=dict)


def checksum(manifest: Manifest) -> str:
    """SHA-256 of a manifest's content, and so of the whole bundle: it holds the parts' checksums."""
    content = json.dumps(_content(manifest), sort_keys=True, separators=(',', ':'))
    return hashlib.sha256(content.encode()).hexdigest()


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write a manifest with its own checksum."""
    content = {'format': FORMAT, **_content(manifest), 'sha256': checksum(manifest)}
    path.write_text(json.dumps(content, indent=2) + '\n', encoding='utf-8')


def _content(manifest: Manifest) -> dict[str, Any]:
    """Return what is written; thresholds only where there are some, as older checksums know none."""
    content = asdict(manifest)
    if not manifest.thresholds:
        del content['thresholds']
    return content


def read_manifest(path: Path) -> Manifest:
    """Read a manifest and check it against its own checksum.

    Raises
    ------
    BundleError
        If it is missing, damaged, or of another format.
    """
    content = _json_object(path)
    if content.pop('format', None) != FORMAT:
        raise BundleError(f'{path} is not a bundle of format {FORMAT}; use the version of ros2_avloc that '
                          'wrote it, or export the model again.')
    sha256 = content.pop('sha256', None)
    try:
        manifest = Manifest(**{**content, 'calibration': Calibration(**content['calibration'])})
        _check_types(manifest)
        intact = checksum(manifest) == sha256
    except (KeyError, TypeError, ValueError, BundleError) as error:
        raise BundleError(f'{path} is damaged ({error}); {ADVICE}') from None
    if not intact:
        raise BundleError(f'{path} is damaged (its checksum differs); {ADVICE}')
    return manifest


def _check_types(manifest: Manifest) -> None:
    names, mappings = (manifest.name, manifest.version), (manifest.front_ends, manifest.training)
    if not all(isinstance(name, str) for name in names):
        raise BundleError('name and version must be text')
    if not all(isinstance(mapping, dict) for mapping in (*mappings, manifest.files)):
        raise BundleError('front_ends, files and training must be objects')
    if not all(isinstance(sha256, str) for sha256 in manifest.files.values()):
        raise BundleError('a checksum must be text')
    if manifest.network not in (AVOL_NET, AVE_NET):
        raise BundleError(f'network must be {AVOL_NET} or {AVE_NET}')
    if (manifest.calibration.slope < 0) != (manifest.network == AVE_NET):
        raise BundleError('probability must rise with logits and fall with distance')
    _check_thresholds(manifest.thresholds)


def _check_thresholds(thresholds: Any) -> None:
    if not isinstance(thresholds, dict) or thresholds and set(thresholds) != {'avc', 'area', 'fitted_on'}:
        raise BundleError('thresholds must hold avc, area and fitted_on, or nothing')
    if not all(0 <= thresholds[name] <= 1 for name in ('avc', 'area') if thresholds):
        raise BundleError('thresholds must be probabilities')


def _json_object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise BundleError(f'{path} cannot be read ({error.strerror}); give the directory of a bundle, '
                          'or the name of a shipped one.') from None
    except (ValueError, RecursionError):
        raise BundleError(f'{path} is damaged (it is not JSON); {ADVICE}') from None
    if not isinstance(content, dict):
        raise BundleError(f'{path} is damaged (it holds no object); {ADVICE}')
    return content
