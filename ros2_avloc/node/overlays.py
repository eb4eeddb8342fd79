"""The overlay of a result."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.attention.bearing import azimuth_elevation
from ros2_avloc.attention.sources import Source
from ros2_avloc.audio.sound import Sound
from ros2_avloc.node.messages import Where
from ros2_avloc.overlay import OverlayBox, draw_overlay
from ros2_avloc.pipeline import Result


def overlay_of(result: Result, sound: Sound, where: Where | None) -> NDArray[np.uint8]:
    """Draw a result onto its frame.

    Parameters
    ----------
    result, sound
        Of one window.
    where
        The frame in which azimuths are told; ``None`` where it is not known.

    Returns
    -------
    uint8 ``(H, W, 3)``, blue first.
    """
    localization = result.localization
    boxes = [_box(source, result, where) for source in result.sources]
    return draw_overlay(result.frame.rgb, heatmap=localization.heatmap,
                        correspondence=localization.correspondence, boxes=boxes, level=sound.level)


def _box(source: Source, result: Result, where: Where | None) -> OverlayBox:
    track = result.track_of(source)
    if track is None or where is None:
        return OverlayBox(source.box, None, source.probability, None, attended=False)
    optical = where.frame_id == result.frame.frame_id
    azimuth, _ = azimuth_elevation(track.bearing.vector, optical=optical)
    attended = result.attended is not None and result.attended.id == track.id
    return OverlayBox(source.box, track.id, source.probability, azimuth, attended)
