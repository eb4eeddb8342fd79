"""Packs are read as their index says, and their parts share nothing."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from ros2_avloc.errors import InputError
from ros2_avloc.learning.material.banks import pack_bank, simulated_bank
from ros2_avloc.learning.material.packs import ASIDE_ONE_IN, PARTS, part_of, read_index
from ros2_avloc.learning.material.scenes import Mixture, draw_scene

REAL = Path(__file__).parents[3] / 'shared' / 'data'


def test_photos_are_cropped_to_their_box_and_say_whether_they_are_cut_out(pack):
    photos = pack_bank(pack, 'learn').photos['high']
    assert {photo.rgba.shape for photo in photos} == {(100, 60, 4)}
    assert all((photo.rgba[..., 3].min() == 0) == photo.cut_out for photo in photos)


def test_recordings_are_what_was_played(pack):
    for category, hertz in (('high', 4_000), ('low', 300)):
        recording = pack_bank(pack, 'val').recordings[category][0]
        spectrum = np.abs(np.fft.rfft(recording.samples[24_000:72_000]))
        assert abs(int(spectrum.argmax()) - hertz) <= 1
        assert recording.starts.tolist() == [0, 24_000]


def test_sounds_without_a_category_are_negatives(pack):
    bank = pack_bank(pack, 'learn')
    assert set(bank.recordings) == {'high', 'low'}
    assert set(bank.negatives) == {'_offscreen/rain'}


def parts_of_groups(root):
    """Return the parts that each group of a category is in."""
    parts = defaultdict(set)
    for row in read_index(root):
        parts[row['category'], row['group']].add(part_of(row))
    return parts


def test_every_item_is_in_one_part_and_no_group_in_two(pack):
    counts = {part: sum(map(len, pack_bank(pack, part).photos.values())) for part in PARTS}
    assert sum(counts.values()) == 48
    assert min(counts.values()) > 0
    parts = parts_of_groups(pack)
    assert set().union(*parts.values()) == set(PARTS)
    assert all(len(some) == 1 for some in parts.values())
    rows = [{'split': 'train', 'group': f'g{number}'} for number in range(4_000)]
    aside = sum(part_of(row) == 'calibrate' for row in rows)
    assert aside == pytest.approx(4_000 / ASIDE_ONE_IN, rel=0.2)


def test_a_directory_without_index_is_refused(tmp_path):
    with pytest.raises(InputError, match='is no pack'):
        pack_bank(tmp_path, 'learn')


def test_a_pack_without_pairs_is_refused(tmp_path):
    (tmp_path / 'INDEX.csv').write_text('path,kind,category,split,group,box_xywh,mask,active_1s_starts\n')
    with pytest.raises(InputError, match='no category with both photos and recordings'):
        pack_bank(tmp_path, 'val')


def test_a_damaged_photo_is_named(pack, tmp_path):
    header = 'path,kind,category,split,group,box_xywh,mask,active_1s_starts\n'
    (tmp_path / 'INDEX.csv').write_text(header + 'broken.webp,image,dog,val,g,0 0 9 9,none,\n')
    (tmp_path / 'broken.webp').write_bytes(b'no picture')
    with pytest.raises(InputError, match=r'broken\.webp cannot be read as an image'):
        pack_bank(tmp_path, 'val')


def test_a_damaged_recording_is_named(tmp_path):
    header = 'path,kind,category,split,group,box_xywh,mask,active_1s_starts\n'
    (tmp_path / 'INDEX.csv').write_text(header + 'broken.ogg,audio,dog,val,g,,,0.0\n')
    (tmp_path / 'broken.ogg').write_bytes(b'no sound')
    with pytest.raises(InputError, match=r'broken\.ogg cannot be read as audio'):
        pack_bank(tmp_path, 'val')


HEADER = 'path,kind,category,split,group,box_xywh,mask,active_1s_starts\n'


@pytest.mark.parametrize(('content', 'what'), [
    (b'path,kind,category\n', 'lacks the columns split, group'),
    (b'\xff\xfe\x00', 'damaged or not UTF-8'),
    (HEADER.encode() + b'a.png,image\n', 'row 2: it has fewer columns'),
    (HEADER.encode() + b'a.png,picture,dog,val,g,,,\n', "row 2: 'picture' is no kind"),
    (HEADER.encode() + b'a.png,image,dog,val,g,1 2 x,none,\n', "row 2: '1 2 x' is no box"),
    (HEADER.encode() + b'a.png,image,dog,val,g,1 2 3 0,none,\n', "row 2: '1 2 3 0' is no box"),
    (HEADER.encode() + b'a.ogg,audio,dog,val,g,,,soon\n', "row 2: 'soon' are no seconds"),
    (HEADER.encode() + b'a.ogg,audio,dog,val,g,,,\na.png,image,dog,train,g,0 0 9 9,none,\n',
     "the group 'g' of the category 'dog' is in the splits val and train; give all its files one split"),
])
def test_an_index_that_makes_no_sense_is_refused(tmp_path, content, what):
    (tmp_path / 'INDEX.csv').write_bytes(content)
    with pytest.raises(InputError, match=what):
        pack_bank(tmp_path, 'val')


def test_two_categories_may_have_groups_of_one_name_in_different_splits(tmp_path):
    rows = 'a.ogg,audio,dog,val,g,,,\nb.ogg,audio,cat,train,g,,,\n'
    (tmp_path / 'INDEX.csv').write_text(HEADER + rows)
    assert len(read_index(tmp_path)) == 2


def test_a_box_outside_its_picture_is_refused(pack, tmp_path):
    photo = next((pack / 'images').rglob('*.webp'))
    (tmp_path / 'INDEX.csv').write_text(HEADER + f'{photo},image,dog,val,g,900 0 10 10,none,\n')
    with pytest.raises(InputError, match='lies outside the picture'):
        pack_bank(tmp_path, 'val')


def test_the_smallest_simulated_world_has_a_sound_for_every_scene():
    bank, rng = simulated_bank(3, per_kind=1), np.random.default_rng(0)
    kinds = {draw_scene(bank, Mixture(negatives=1.0, kinds=('other',)), rng).negative for _ in range(8)}
    assert kinds == {'other'}


def test_simulated_worlds_of_two_seeds_share_no_sound():
    one, same, other = (simulated_bank(seed, per_kind=1) for seed in (1, 1, 2))
    for kind, (recording,) in one.recordings.items():
        assert np.array_equal(recording.samples, same.recordings[kind][0].samples)
        assert not np.array_equal(recording.samples, other.recordings[kind][0].samples)


@pytest.mark.skipif(not REAL.exists(), reason='the photos and recordings are not here')
def test_the_real_pack_has_every_category_in_val():
    bank = pack_bank(REAL, 'val')
    assert len(bank.recordings) == 21
    assert all(bank.photos[category] for category in bank.recordings)
    assert len(bank.backgrounds) == 36


@pytest.mark.skipif(not REAL.exists(), reason='the photos and recordings are not here')
def test_no_group_of_the_real_pack_is_in_two_parts():
    assert all(len(some) == 1 for some in parts_of_groups(REAL).values())
