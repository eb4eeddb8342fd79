"""Directions: unit vectors with an uncertainty on the sphere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Bearing:
    """A direction and how sure it is.

    Attributes
    ----------
    vector
        Unit vector, float64 ``(3,)``, in the frame that its holder names.
    covariance
        float64 ``(2, 2)`` in rad²: of small turns about the y and z axes of the bearing's own
        frame, whose x axis is `vector` (see `orientation`).
    """

    vector: NDArray[np.float64]
    covariance: NDArray[np.float64]
