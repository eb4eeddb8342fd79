"""What a network learned from, in sentences for its model card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ros2_avloc.learning.material.packs import AUDIO, BACKGROUND, IMAGE, Row, nameless, part_of, read_index
from ros2_avloc.simulation.kinds import KINDS

FEW = 3
"""Categories that are named for the few origins of their photos, and of their recordings."""

_UNKNOWN = '- Not known: no recipe was recorded.'

_RESTRICTED = ' Of these files {restricted} must not be used commercially, and of {unstated} it is not known \
whether they may: **these weights are for research use**.'

_UNLICENSED = ' Its index does not say whether these files may be used commercially: look, before you share \
these weights.'

_COMPOSED = 'The category of a photo, drawing or recording says which of them make one pair.'

_RECORDED = 'A frame of a recording and the second of sound around it make one pair.'

_NAMED = """Categories are used as labels too. In the stages `pictures` and `sounds`, where the recipe has
them, each tower learned to name single objects and single sounds; in AVC training the network said which
categories are in view, and pairs of a batch that share one were left out. The objects are crops of a quarter
of a frame, cut where a scene has one; the place in the crop is not told. The layers that name are not in this
bundle."""

_NAMELESS = 'Nothing else is told of categories, and no teacher was there: this is label-free AVC training.'

_WARM = """The towers were warm-started: before AVC training they learned to answer as two small networks do
that were trained on labels, MobileNetV2 (ImageNet) for each cell of a picture and YAMNet (AudioSet) for the
second of sound. Nothing of those networks' weights is in this bundle; part of what they know is."""

_BEGUN = 'The network went on from one that had learned before, which the recipe names.'

_COLD = 'The towers began with random weights.'

_AGREED = """In the end the network learned, on composed scenes, what several networks say of frames and of
their mirror images in the mean: what it began that stage as, and those of `agree_with`, if the recipe has
any. Nothing else was told then; what these had learned from counts as learned from here."""


def pack_facts(root: Path) -> dict[str, Any]:
    """Return what of a pack is learned from, for the manifest.

    Returns
    -------
    dict
        ``name``; ``categories``, and how many ``photos`` and ``recordings`` they have; ``nameless``, how many
        recordings of each kind of sound that belongs to no category; ``backgrounds``. Of all these files:
        ``licences``, how many are under each (empty without a column ``licence``); ``restricted`` and
        ``unstated``, how many must not, or might not, be used commercially (``None`` without a column
        ``non_commercial``). ``few``, the categories with the fewest origins, by kind of file.

    Raises
    ------
    InputError
        If the index cannot be read.
    """
    rows = [row for row in read_index(root) if part_of(row) == 'learn']
    sounds, backgrounds = ([row for row in rows if row['kind'] == kind] for kind in (AUDIO, BACKGROUND))
    refused = [row for row in sounds if nameless(row)]
    categories = sorted({row['category'] for row in rows if row['kind'] == IMAGE}
                        & {row['category'] for row in sounds if not nameless(row)})
    photos, recordings = ([row for row in rows if row['kind'] == kind and row['category'] in categories]
                          for kind in (IMAGE, AUDIO))
    return {
        'name': root.absolute().name, 'categories': categories,
        'photos': len(photos), 'recordings': len(recordings), 'backgrounds': len(backgrounds),
        'nameless': dict(Counter(row['category'] for row in refused)),
        **_licences([*photos, *recordings, *refused, *backgrounds]),
        'few': {IMAGE: _few(photos, categories), AUDIO: _few(recordings, categories)},
    }


def _licences(rows: Sequence[Row]) -> dict[str, Any]:
    """Return how many files are under each licence, and how many may not be used commercially."""
    told = [row.get('non_commercial') for row in rows]
    licences = Counter(' '.join(row['licence'].split()) for row in rows if row.get('licence') is not None)
    return {
        'licences': dict(licences.most_common()),
        'restricted': None if None in told else told.count('yes'),
        'unstated': None if None in told else len(told) - told.count('yes') - told.count('no'),
    }


def _few(rows: Sequence[Row], categories: Sequence[str]) -> dict[str, int]:
    """Return the categories with the fewest groups, and how many."""
    groups = {name: len({row['group'] for row in rows if row['category'] == name}) for name in categories}
    return dict(sorted(groups.items(), key=lambda item: item[1])[:FEW])


def data_text(training: Mapping[str, Any]) -> str:
    """Return a Markdown list of what a network learned from.

    Parameters
    ----------
    training
        As the bundle holds it, with ``learned_from`` and, where the pack was at hand, ``pack``.
    """
    return '\n'.join(_data(training['learned_from'], training.get('pack'))) or _UNKNOWN


def _data(sources: Mapping[str, Any], pack: Mapping[str, Any] | None) -> Iterator[str]:
    if sources['simulated']:
        yield (f'- Simulated scenes of ros2_avloc: {len(KINDS)} kinds of drawn objects with synthesised '
               'sounds.')
    for name in sources['packs']:
        yield f'- Scenes composed from photos and recordings of the pack `{name}`{_of_pack(name, pack)}'
    for folder in (*sources['videos'], *sources['bags']):
        yield f'- Recordings (videos or bags) of the folder `{folder}`, with their own sound.'


def _of_pack(name: str, pack: Mapping[str, Any] | None) -> str:
    if pack is None or pack['name'] != name:
        return '.'
    licences = _UNLICENSED if pack['restricted'] is None else ''
    if pack['restricted'] or pack['unstated']:
        licences = _RESTRICTED.format(**pack)
    return f': {_held(pack)}.{licences}{_by_licence(pack["licences"])}'


def _held(pack: Mapping[str, Any]) -> str:
    """Say what a pack holds: categories, sounds of none, and backgrounds."""
    held = [f'{pack["photos"]} photos and {pack["recordings"]} recordings of {len(pack["categories"])} '
            f'categories ({_words(pack["categories"])})']
    if pack['nameless']:
        held.append(f'{sum(pack["nameless"].values())} recordings of sounds that belong to no category, '
                    f'which are there to be refused ({_words(pack["nameless"])})')
    return '; '.join([*held, f'{pack["backgrounds"]} backgrounds'])


def _words(categories: Iterable[str]) -> str:
    return ', '.join(name.lstrip('_').rpartition('/')[2].replace('_', ' ') for name in categories)


def _by_licence(licences: Mapping[str, int]) -> str:
    """Return the items of a list within the list, after what introduces them."""
    if not licences:
        return ''
    items = (f'  - {licence or "no licence stated"}: {count}' for licence, count in licences.items())
    return '\n'.join([' By licence, as the index states it:', *items])


def teaching_text(training: Mapping[str, Any]) -> str:
    """Return what was told in training, and what the network began with."""
    sources = training['learned_from']
    recorded, composed = sources['videos'] or sources['bags'], sources['simulated'] or sources['packs']
    pairs = ' '.join([*([_COMPOSED] if composed else []), *([_RECORDED] if recorded else [])])
    begun = [_WARM] if sources['teachers'] else []
    begun += [_BEGUN] if training['recipe'].get('start') else [] if begun else [_COLD]
    label_free = not (sources['categories'] or sources['teachers'])
    if not pairs:
        return ''
    agreed = any(str(stage).startswith('agreement:') for stage in training['recipe'].get('stages', []))
    return '\n\n'.join([pairs, *([_NAMED] if sources['categories'] else []),
                        *([_NAMELESS] if label_free else []), *begun, *([_AGREED] if agreed else [])])


def limits_text(training: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a network cannot know, by what it learned from."""
    sources, pack = training['learned_from'], training.get('pack')
    real = sources['packs'] or sources['videos'] or sources['bags']
    if sources['simulated'] and not real:
        yield 'It has seen drawings alone.'
    if pack:
        photos, sounds = (', '.join(f'{name.replace("_", " ")} ({count})' for name, count in few.items())
                          for few in (pack['few'][IMAGE], pack['few'][AUDIO]))
        yield ('Of some things it knows few individuals. Fewest origins have the photos of '
               f'{photos}, and the recordings of {sounds}.')
    if sources['videos'] or sources['bags']:
        yield 'Of recordings it knows what sounds in them, where and as they were made.'
