"""A card tells what a network learned from: categories, sounds of none, and backgrounds, each for itself."""

import csv

import pytest

from ros2_avloc.learning.bundling.learned import data_text, pack_facts
from ros2_avloc.learning.material.banks import pack_bank
from ros2_avloc.learning.material.packs import AUDIO, IMAGE, part_of


@pytest.fixture
def licensed(pack, tmp_path):
    """The index of the pack with licences, and a photo of what is never heard."""
    with (pack / 'INDEX.csv').open(newline='') as lines:
        rows = list(csv.DictReader(lines))
    unheard = {'path': 'bat.webp', 'kind': IMAGE, 'category': 'bat', 'box_xywh': '0 0 9 9'}
    rows.append(rows[0] | unheard)
    for row in rows:
        sound = row['kind'] == AUDIO
        row |= {'licence': 'CC BY\n 4.0' if sound else '', 'non_commercial': 'no' if sound else 'yes'}
    with (tmp_path / 'INDEX.csv').open('w', newline='') as lines:
        writer = csv.DictWriter(lines, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return tmp_path


def text_of(facts):
    sources = {'simulated': False, 'packs': [facts['name']], 'videos': [], 'bags': []}
    return data_text({'learned_from': sources, 'pack': facts})


def test_facts_count_what_is_composed(pack):
    facts, bank = pack_facts(pack), pack_bank(pack, 'learn')
    assert facts['categories'] == ['high', 'low']
    assert facts['photos'] == sum(map(len, bank.photos.values()))
    assert facts['recordings'] == sum(map(len, bank.recordings.values()))
    assert facts['nameless'] == {name: len(clips) for name, clips in bank.negatives.items()}
    assert facts['backgrounds'] == len(bank.backgrounds)
    assert (facts['licences'], facts['restricted'], facts['unstated']) == ({}, None, None)


def test_files_are_counted_by_licence_without_those_that_nothing_is_composed_of(licensed, pack):
    facts = pack_facts(licensed)
    sounds = facts['recordings'] + sum(facts['nameless'].values())
    others = facts['photos'] + facts['backgrounds']
    assert facts['categories'] == ['high', 'low']
    assert facts['photos'] == pack_facts(pack)['photos']
    assert facts['licences'] == {'CC BY 4.0': sounds, '': others}
    assert (facts['restricted'], facts['unstated']) == (others, 0)


def test_the_card_names_categories_sounds_of_none_and_backgrounds_apart(licensed):
    facts = pack_facts(licensed)
    first, *licences = text_of(facts).splitlines()
    nameless, = facts['nameless'].values()
    for part in (f'{facts["photos"]} photos and {facts["recordings"]} recordings of 2 categories (high, low)',
                 f'; {nameless} recordings of sounds that belong to no category, ', 'to be refused (rain); ',
                 f'; {facts["backgrounds"]} backgrounds. '):
        assert part in first
    assert first.endswith('By licence, as the index states it:')
    sounds, others = (facts['licences'][name] for name in ('CC BY 4.0', ''))
    assert sorted(licences) == [f'  - CC BY 4.0: {sounds}', f'  - no licence stated: {others}']


def test_a_pack_without_sounds_of_no_category_and_licences_says_nothing_of_them(pack):
    text = text_of(pack_facts(pack) | {'nameless': {}})
    assert 'no category' not in text
    assert '(high, low); ' in text
    assert 'By licence' not in text
    assert 'does not say whether these files may be used commercially' in text


def test_parts_that_are_not_learned_from_do_not_count(pack):
    with (pack / 'INDEX.csv').open(newline='') as lines:
        rows = [row for row in csv.DictReader(lines) if part_of(row) == 'learn']
    facts = pack_facts(pack)
    assert facts['photos'] + facts['recordings'] + facts['backgrounds'] + sum(
        facts['nameless'].values()) == len(rows)
