"""Items tell what they should, and nothing of categories unless asked."""

import torch

from ros2_avloc.learning.material.banks import categories
from ros2_avloc.learning.material.scenes import Mixture
from ros2_avloc.learning.material.sources import Recorded, Scenes
from ros2_avloc.learning.material.streams import APART, NOBODY, Stream


def test_scenes_number_what_is_seen_and_heard(world):
    numbers = {name: number for number, name in enumerate(categories([world]))}
    stream = Stream([(Scenes(world, Mixture(negatives=0.0), curriculum=3, numbers=numbers), 1.0)], seed=1)
    items = [stream[number] for number in range(12)]
    assert [int(item['seen'].sum()) for item in items[:3]] == [1, 1, 1]
    assert max(int(item['seen'].sum()) for item in items) > 1
    for item in items:
        assert item['image'].shape == (3, 224, 224)
        assert item['image'].dtype == torch.uint8
        assert item['spectrogram'].shape == (1, 257, 200)
        assert (item['heard'] <= item['seen']).all()
        assert item['identity'] == item['sound_identity'] == item['number']


def test_a_sound_that_nothing_in_view_makes_belongs_to_nobody(world):
    stream = Stream([(Scenes(world, Mixture(negatives=1.0, kinds=('silence', 'hum'))), 1.0)], seed=1)
    items = [stream[number] for number in range(6)]
    assert [int(item['sound_identity']) for item in items] == [NOBODY] * 6
    told = {'image', 'spectrogram', 'identity', 'sound_identity', 'group', 'number'}
    assert all(set(item) == told for item in items)


class Clips:
    """Three recordings of one colour and one level each."""

    def item(self, number, rng):
        identity = int(rng.integers(3))
        return {'image': torch.full((3, 224, 224), 80 * identity, dtype=torch.uint8),
                'spectrogram': torch.full((1, 257, 200), float(identity)), 'identity': torch.tensor(identity),
                'group': torch.tensor(number // 4)}


def test_recordings_have_identities_of_their_own_and_no_categories(world):
    numbers = {name: number for number, name in enumerate(categories([world]))}
    stream = Stream([(Scenes(world, Mixture(negatives=0.0), numbers=numbers), 1.0),
                     (Recorded(Clips(), numbers), 1.0)], seed=5)
    items = [stream[number] for number in range(12)]
    assert {bool(item['known']) for item in items} == {True, False}
    for item in items:
        assert item['identity'] == item['sound_identity']
        assert bool(item['identity'] >= APART) != bool(item['known'])
        assert bool(item['seen'].any()) == bool(item['known'])
