"""A small pack, made here, and a small simulated world."""

import csv
import importlib.util

import av
import cv2
import numpy as np
import pytest

from ros2_avloc.learning.material.banks import simulated_bank

if importlib.util.find_spec('torch') and importlib.util.find_spec('lightning'):
    import torch

    @pytest.fixture(autouse=True, scope='session')
    def one_thread():
        """Keep sums in one order, in fixtures too; threads that wait by spinning would be slow besides."""
        torch.set_num_threads(1)
else:
    collect_ignore_glob = ['test_*.py']

FIELDS = ['path', 'kind', 'category', 'split', 'group', 'box_xywh', 'mask', 'active_1s_starts']


def write_photo(path, rng, *, alpha):
    image = rng.integers(0, 256, (100, 80, 4 if alpha else 3)).astype(np.uint8)
    if alpha:
        image[..., 3] = 0
        image[20:80, 20:60, 3] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)


def write_tone(path, hertz):
    path.parent.mkdir(parents=True, exist_ok=True)
    tone = 0.5 * np.sin(2 * np.pi * hertz * np.arange(96_000) / 48_000)
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('libopus', rate=48_000, layout='mono')
        samples = (32_767 * tone).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(samples, format='s16', layout='mono')
        frame.rate = 48_000
        container.mux([*stream.encode(frame), *stream.encode(None)])


@pytest.fixture(scope='session')
def pack(tmp_path_factory):
    """A pack of two categories, in which tone and picture tell them apart."""
    root, rng, rows = tmp_path_factory.mktemp('pack'), np.random.default_rng(0), []

    def row(path, kind, category, split, group):
        rows.append(dict.fromkeys(FIELDS, '') | {
            'path': path, 'kind': kind, 'category': category, 'split': split, 'group': group})
        return rows[-1]

    for number in range(24):
        split, group = ('val' if number // 2 % 4 == 3 else 'train'), f'group{number // 2}'
        for category, hertz in (('high', 4_000), ('low', 300)):
            photo = row(f'images/{category}/{number}.webp', 'image', category, split, f'{category}{group}')
            photo['box_xywh'], photo['mask'] = '10 0 60 100', 'alpha (made)' if number % 2 else 'none'
            write_photo(root / photo['path'], rng, alpha=number % 2)
            clip = row(f'audio/{category}/{number}.ogg', 'audio', category, split, f'{category}{group}')
            clip['active_1s_starts'] = '0.0 0.5'
            write_tone(root / clip['path'], hertz)
        for kind, name in (('background', 'backgrounds/{}.webp'), ('audio', 'audio/_offscreen/rain/{}.ogg')):
            other = row(name.format(number), kind, '_offscreen/rain', split, f'{kind}{group}')
            (write_tone if kind == 'audio' else write_photo)(
                root / other['path'], *([1_000] if kind == 'audio' else [rng]),
                **({} if kind == 'audio' else {'alpha': False}))
    with (root / 'INDEX.csv').open('w', newline='') as lines:
        writer = csv.DictWriter(lines, FIELDS)
        writer.writeheader()
        writer.writerows(rows)
    return root


@pytest.fixture(scope='session')
def world():
    """A simulated world of few individuals."""
    return simulated_bank(11, per_kind=4)
