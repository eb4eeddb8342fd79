"""Bags that hold the truth beside camera and microphone, as the simulator publishes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ros2_avloc.errors import InputError
from ros2_avloc.learning.measures.maps import Box
from ros2_avloc.learning.measuring.recorded import Annotated, AnnotatedMoment, spaced
from ros2_avloc.messages.stamps import to_nanoseconds
from ros2_avloc.recordings.bag_file import BagFile
from ros2_avloc.recordings.bag_reader import BagReader
from ros2_avloc.recordings.finding import find_recordings
from ros2_avloc.recordings.recording import HALF
from ros2_avloc.recordings.topics import BY_TYPE, Named

TRUTH = 'vision_msgs/msg/Detection2DArray'
"""Type of the topic ``…/truth``: a detection for each object in view, score 1 while it sounds, else 0."""


def read_told_bags(root: Path, named: Named = BY_TYPE) -> list[Annotated]:
    """Read the bags below a folder, or the one that it is.

    A moment counts if the same things sound throughout the second around it.

    Parameters
    ----------
    named
        Camera and microphone, where there are several.

    Raises
    ------
    InputError
        If there is none, one cannot be read, or one lacks pictures or truth.
    """
    return [_annotated(path, named) for path in find_recordings(root)]


def _annotated(path: Path, named: Named) -> Annotated:
    with BagReader(path) as bag:
        topics = [name for name, kind in sorted(bag.topics.items())
                  if kind == TRUTH and name.endswith('/truth')]
        if not topics:
            raise InputError(f'{path} has no topic …/truth of type {TRUTH}; record what the simulator says.')
        truths = {to_nanoseconds(message.header.stamp): message.detections
                  for _, _, message in bag.messages(topics[:1])}
    recording = BagFile(path, image=named.image, audio=named.audio)
    if not len(recording.stamps):
        raise InputError(f'{path} has no pictures; record the camera too.')
    height, width = next(recording.frames([0])).rgb.shape[:2]
    told = np.array(sorted(truths), np.int64)
    moments = []
    for place in spaced(recording.stamps, int(recording.stamps[0]), int(recording.stamps[-1])):
        stamp = int(recording.stamps[place])
        around = told[np.abs(told - stamp) <= HALF]
        sounding = {_sounding(truths[int(one)]) for one in around}
        if stamp in truths and len(sounding) == 1:
            objects = tuple((str(one.id), _box(one.bbox, width, height)) for one in truths[stamp])
            moments.append(AnnotatedMoment(place, objects, sounding.pop()))
    return Annotated(recording, tuple(moments))


def _sounding(detections: Any) -> tuple[str, ...]:
    return tuple(sorted(str(one.id) for one in detections if one.results[0].hypothesis.score > 0.5))


def _box(bbox: Any, width: int, height: int) -> Box:
    """Return a box whose centre is in OpenCV's pixel coordinates as fractions of the frame."""
    x, y = bbox.center.position.x, bbox.center.position.y
    return (float((x + 0.5 - bbox.size_x / 2) / width), float((y + 0.5 - bbox.size_y / 2) / height),
            float(bbox.size_x / width), float(bbox.size_y / height))
