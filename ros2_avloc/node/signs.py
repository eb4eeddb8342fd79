"""Pictures of every sign: ``python3 -m ros2_avloc.node.signs docs/images`` writes signs.jpg and markers.png.

The frame and its sound are of the simulator; what is known of them is made up, so that each sign is there.
"""

from __future__ import annotations

import sys
from math import cos, radians, sin
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.attention.bearing import Bearing, rotate
from ros2_avloc.attention.sources import Source, find_sources
from ros2_avloc.attention.track import Track
from ros2_avloc.audio.sound import HOP, SAMPLE_RATE, SOUND_SAMPLES, Sound
from ros2_avloc.model.localizer import Localization
from ros2_avloc.node import marker_picture
from ros2_avloc.node.markers import Markers
from ros2_avloc.node.messages import Where
from ros2_avloc.node.overlays import Overlays
from ros2_avloc.pipeline import Result
from ros2_avloc.simulation.scene import Scene
from ros2_avloc.vision.frame import Frame
from ros2_avloc.vision.grid import GRID, pixel_to_cell

SEED, TIME, WIDTH, HEIGHT = 5, 6.0, 640, 480
ALARM, GUITAR = 'alarm_clock', 'guitar'
"""What is in view, on the left and on the right."""

BLOB = 1.0
"""Standard deviation of what is warm in the heatmap, in cells."""


def scene() -> Scene:
    """Make the scene."""
    return Scene(SEED, width=WIDTH, height=HEIGHT, script=f'{ALARM} 0 inf; {GUITAR} 3 inf')


def result(shown: Scene, *, silent: bool) -> tuple[Result, Where]:
    """Make up a result with a track of each kind, and the frame in which they are told.

    Two things sound in view, the left one attended; or nothing does, and what is remembered is attended.
    """
    pose = shown.camera_pose(TIME, 0.0)
    where = Where.of('base_link', pose, 'camera')
    boxes = {truth.name: truth.box for truth in shown.truth(TIME, 0.0)}
    heatmap = np.zeros((GRID, GRID), np.float32) if silent else \
        np.maximum(_blob(boxes[ALARM], 0.93), _blob(boxes[GUITAR], 0.71))
    sources = find_sources(heatmap, shown.camera, threshold=0.4, limit=5)
    seen = [_track(number, rotate(source.bearing, pose.rotation), source)
            for number, source in zip((3, 5), sources, strict=False)]
    unseen = [_track(2, _bearing(75, 8), None), _track(8, _bearing(-125, 12), None, heard=True)]
    localization = Localization(heatmap, float(heatmap.max()))
    frame = Frame(shown.frame(TIME, 0.0), round(TIME * 1e9), 'camera')
    attended = unseen[0] if silent else seen[0]
    return Result(frame, localization, sources, [*seen, *unseen], attended), where


def overlay(shown: Scene, *, silent: bool) -> NDArray[np.uint8]:
    """Draw the overlay of that result, with five seconds of sound."""
    made, where = result(shown, silent=silent)
    overlays = Overlays()
    for t in np.arange(TIME - 4.0, TIME + 0.1):
        end = round(t * SAMPLE_RATE) // HOP * HOP
        sound = Sound(shown.audio(end - SOUND_SAMPLES, SOUND_SAMPLES), end, 0)
        picture = overlays.of(made, sound, where)
    return picture


def markers() -> NDArray[np.uint8]:
    """Draw the markers of the result in which something sounds."""
    made, where = result(scene(), silent=False)
    return marker_picture.draw(Markers().of(made, where, 2.0).markers, where.camera)


def _blob(box: tuple[float, float, float, float], peak: float) -> NDArray[np.float32]:
    (row, column), = pixel_to_cell(np.array([box[:2]]), WIDTH, HEIGHT)
    rows, columns = np.indices((GRID, GRID))
    away = (rows - row) ** 2 + (columns - column) ** 2
    return np.asarray(peak * np.exp(-away / (2 * BLOB**2)), np.float32)


def _bearing(degrees: float, deviation: float) -> Bearing:
    vector = np.array((cos(radians(degrees)), sin(radians(degrees)), 0.0))
    return Bearing(vector, radians(deviation) ** 2 * np.diag((0.5, 1.0)))


def _track(number: int, bearing: Bearing, source: Source | None, *, heard: bool = False) -> Track:
    probability = 0.6 if source is None else source.probability
    return Track(id=number, bearing=bearing, existence=0.97, probability=probability, confirmed=True,
                 source=source, first_seen=0, last_seen=round(TIME * 1e9), sightings=9, streak=9,
                 sounding=source is not None or heard, heard_only=heard, in_view=source is not None)


def main(folder: str) -> None:
    """Write both pictures into a folder."""
    shown = scene()
    overlays = np.hstack([overlay(shown, silent=False), overlay(shown, silent=True)])
    cv2.imwrite(str(Path(folder, 'signs.jpg')), overlays, [cv2.IMWRITE_JPEG_QUALITY, 85])
    cv2.imwrite(str(Path(folder, 'markers.png')), markers())


if __name__ == '__main__':
    main(*sys.argv[1:2] or ['docs/images'])
