"""The shipped model in the node, on real photos and recordings that it has not learned from."""

from __future__ import annotations

import csv
from array import array
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from builtin_interfaces.msg import Time
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from ros2_avloc.node.images import to_image
from ros2_avloc.share import share_path

DATA = Path(__file__).parents[3] / 'shared' / 'data'
SECOND = 10**9
PAIRS = (
    ('drum', 'person_speech'),
    ('guitar', 'car'),
    ('clock', 'dog'),
    ('bird', 'piano'),
    ('saxophone', 'helicopter'),
    ('cat', 'violin'),
)
"""What stands on the left and on the right."""

SETTLED, LENGTH = 1.3, 2.3
"""Seconds of a scene: until the sound of the one before has gone, and in all."""

pytestmark = [
    pytest.mark.skipif(not DATA.exists(), reason='../shared/data is not here'),
    pytest.mark.skipif(not (share_path('models') / 'avolnet').exists(), reason='models/avolnet is not here'),
]


def first_of(kind, category):
    """Return the row of the first item of a category in the split val."""
    with (DATA / 'INDEX.csv').open() as index:
        rows = (row for row in csv.DictReader(index) if row['split'] == 'val' and row['kind'] == kind)
        return min((row for row in rows if row['category'] == category), key=lambda row: row['path'])


def photo(category):
    """Return a photo, uint8 ``(h, w, 4)``, blue first; opaque where it has no alpha channel."""
    pixels = cv2.imread(str(DATA / first_of('image', category)['path']), cv2.IMREAD_UNCHANGED)
    return pixels if pixels.shape[2] == 4 else np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])


def recording(category):
    """Return the first second of a recording that holds sound, int16 ``(48000,)``."""
    row = first_of('audio', category)
    with av.open(str(DATA / row['path'])) as container:
        blocks = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    begin = round(float(row['active_1s_starts'].split()[0]) * 48_000)
    samples = np.concatenate(blocks)[begin : begin + 48_000]
    return (samples / max(np.abs(samples).max(), 1e-3) * 16_000).astype('<i2')


def stand(canvas, pixels, middle):
    """Paste a photo with its middle at a column, 240 pixels on its longer side."""
    height, width = (round(side * 240 / max(pixels.shape[:2])) for side in pixels.shape[:2])
    small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    place = canvas[240 - height // 2 :][:height, middle - width // 2 :][:, :width]
    alpha = small[..., 3:] / 255
    place[:] = alpha * small[..., :3] + (1 - alpha) * place


@pytest.fixture(scope='module')
def background():
    path = first_of('background', '_background')['path']
    return cv2.resize(cv2.imread(str(DATA / path)), (640, 480), interpolation=cv2.INTER_AREA)


class Projector:
    """Shows a picture while a second of sound repeats itself, and keeps the stamps of its frames."""

    def __init__(self, client):
        self.client = client
        client.RATE, client.FRAME = 48_000, 0.1
        client.hum, client.send_frame = self._sound, self._send_frame

    def show(self, bgr, samples):
        """Return the stamps of the frames that have only this sound before them."""
        self._bgr, self._samples, self._position = bgr, samples, 0
        self._stamps, self._began = [], self.client.now()
        if not self.client.playing:
            self.client.start()
        self.client.until(lambda: self.client.now() - self._began > LENGTH * SECOND)
        return set(self._stamps)

    def _sound(self):
        count = round(self.client.RATE * self.client.CHUNK)
        chunk = np.take(self._samples, range(self._position, self._position + count), mode='wrap')
        self._position += count
        return array('B', chunk.tobytes())

    def _send_frame(self, stamp):
        if stamp - self._began > SETTLED * SECOND:
            self._stamps.append(stamp)
        head = Header(frame_id='eye', stamp=Time(sec=stamp // SECOND, nanosec=stamp % SECOND))
        self.client.send_image(to_image(self._bgr, 'bgr8', head))


def test_the_peak_moves_to_what_sounds(start_node, make_client, background):
    start_node(audio__sample_rate=48_000)
    client = make_client()
    heatmaps = client.listen(Image, '/avloc/heatmap')
    client.until(lambda: client.statuses and client.values('engine')['state'] == 'active')
    projector = Projector(client)
    right = []
    for left_one, right_one in PAIRS:
        picture = background.copy()
        stand(picture, photo(left_one), 170)
        stand(picture, photo(right_one), 470)
        for category, is_left in ((left_one, True), (right_one, False)):
            stamps = projector.show(picture, recording(category))
            shown = [
                np.frombuffer(message.data, np.float32).reshape(14, 14)
                for message in heatmaps
                if message.header.stamp.sec * SECOND + message.header.stamp.nanosec in stamps
            ]
            assert shown, 'no heatmap'
            right += [(np.mean(shown, axis=0).argmax() % 14 < 7) == is_left]
    assert sum(right) >= 10, [int(one) for one in right]
