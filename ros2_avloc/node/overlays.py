"""The overlays of successive results."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.attention.sources import Source
from ros2_avloc.attention.track import Track
from ros2_avloc.audio.sound import Sound
from ros2_avloc.node.messages import Where, live
from ros2_avloc.overlay.drawing import OverlayArrow, OverlayBox, draw_overlay
from ros2_avloc.overlay.sound_history import SoundHistory
from ros2_avloc.pipeline import Result


class Overlays:
    """Draws results onto their frames, and remembers the sound of the last seconds for it."""

    def __init__(self) -> None:
        self._history = SoundHistory()

    def of(self, result: Result, sound: Sound, where: Where | None) -> NDArray[np.uint8]:
        """Draw a result.

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
        boxes = [_box(source, result, where) for source in (*result.sources, *result.faint)]
        arrows = [] if where is None else [_arrow(track, result, where) for track in _out_of_view(result)]
        return draw_overlay(result.frame.rgb, heatmap=localization.heatmap,
                            correspondence=localization.correspondence, boxes=boxes, arrows=arrows,
                            strip=self._history.hear(sound))


def _out_of_view(result: Result) -> list[Track]:
    """Tracks whose direction a picture can only point at: what is heard only, and what is attended unseen."""
    return [track for track in live(result.tracks) if track.sounding and track.heard_only
            or _attended(track, result) and not track.in_view]


def _box(source: Source, result: Result, where: Where | None) -> OverlayBox:
    track = result.track_of(source)
    if track is None or where is None:
        return OverlayBox(source.box, None, source.probability, None, attended=False)
    return OverlayBox(source.box, track.id, source.probability, where.azimuth(track.bearing),
                      _attended(track, result))


def _arrow(track: Track, result: Result, where: Where) -> OverlayArrow:
    return OverlayArrow(where.from_camera(track.bearing), track.heard_only, track.id, track.probability,
                        where.azimuth(track.bearing), _attended(track, result))


def _attended(track: Track, result: Result) -> bool:
    return result.attended is not None and result.attended.id == track.id
