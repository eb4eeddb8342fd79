"""What scenes are composed with (levels, bandwidths, sizes, tones) does not tell which category sounds.

Features are measured on what is composed, as a network could. With categories whose photos and recordings
are the same, whatever told them apart would come from the composition; it must not. With categories that
differ in bandwidth or greyness the same features do tell, and variation must make them tell less.
"""

import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats

from ros2_avloc.learning.material import pictures, sounds
from ros2_avloc.learning.material.banks import Bank, Photo, Recording
from ros2_avloc.learning.material.scenes import draw_sound


def recordings(rng, cutoff):
    """Noise of several loudnesses, below `cutoff` Hz."""
    kept = []
    for _ in range(8):
        spectrum = np.fft.rfft(rng.standard_normal(96_000))
        spectrum[cutoff * 2:] = 0
        wave = np.fft.irfft(spectrum)
        loudness = rng.uniform(0.05, 0.9)
        samples = np.rint(32_767 * loudness * wave / np.abs(wave).max()).astype(np.int16)
        kept.append(Recording(samples, np.array([0, 24_000])))
    return kept


def photos(rng, colour):
    kept = []
    for _ in range(8):
        rgba = np.full((90, 120, 4), 255, np.uint8)
        noise = rng.integers(0, 256, (90, 120, 1 if not colour else 3))
        rgba[..., :3] = noise
        kept.append(Photo(rgba, cut_out=False))
    return kept


def bank_of(*, cutoffs=(20_000, 20_000), colours=(True, True)):
    """Two categories, of the same photos and recordings unless told otherwise."""
    names = ('one', 'other')
    heard = {name: recordings(np.random.default_rng(1), cutoff)
             for name, cutoff in zip(names, cutoffs, strict=True)}
    seen = {name: photos(np.random.default_rng(2), colour)
            for name, colour in zip(names, colours, strict=True)}
    backgrounds = [np.random.default_rng(3).integers(0, 256, (224, 300, 3), np.uint8) for _ in range(3)]
    return Bank(heard, {}, seen, backgrounds)


def of_sound(samples):
    power = np.abs(np.fft.rfft(samples)) ** 2
    shares = np.cumsum(power) / max(power.sum(), 1e-12)
    edges = [np.searchsorted(shares, share) / len(shares) for share in (0.5, 0.95, 0.995)]
    halves = [sounds.rms(half) for half in np.array_split(samples, 2)]
    return [*edges, np.log10(sounds.rms(samples) + 1e-6), halves[0] - halves[1], np.abs(samples).max()]


def of_picture(picture):
    (_, (left, top, width, height)), = picture.objects
    inside = picture.rgb[int(top):int(top + height), int(left):int(left + width)].astype(float)
    grey = inside.max(axis=2) - inside.min(axis=2)
    coarse = np.abs(np.diff(inside.mean(axis=2), axis=1)).mean() if inside.shape[1] > 1 else 0.0
    return [left, top, width, height, inside.mean(), inside.std(), grey.mean(), coarse, picture.rgb.mean()]


def told_apart(bank, drawn, count):
    """Return how many of the second half of some draws a logistic regression assigns to their category."""
    rng = np.random.default_rng(6)
    kinds = np.tile([True, False], count // 2)
    features = np.array([drawn(bank, 'one' if kind else 'other', rng) for kind in kinds], float)
    features = (features - features.mean(axis=0)) / np.maximum(features.std(axis=0), 1e-9)
    inputs = np.column_stack([np.ones(count), features, features ** 2])
    half, signs = count // 2, np.where(kinds, 1.0, -1.0)

    def loss(weights):
        margins = signs[:half] * (inputs[:half] @ weights)
        gradient = inputs[:half].T @ (-signs[:half] * scipy.special.expit(-margins)) / half
        return np.logaddexp(0, -margins).mean() + 5e-3 * weights @ weights, gradient + 1e-2 * weights

    weights = scipy.optimize.minimize(loss, np.zeros(inputs.shape[1]), jac=True, method='L-BFGS-B').x
    return int(((inputs[half:] @ weights > 0) == kinds[half:]).sum()), half


def heard(bank, name, rng):
    return of_sound(draw_sound(bank, name, rng))


def seen(bank, name, rng):
    return of_picture(pictures.draw_picture(bank, [name], rng))


def heard_plainly(bank, name, rng):
    clips = bank.recordings[name]
    return of_sound(sounds.second_of(clips[rng.integers(len(clips))], rng))


def seen_plainly(bank, name, rng):
    rgb = bank.photos[name][rng.integers(len(bank.photos[name]))].rgba[..., :3]
    return of_picture(pictures.Picture(rgb, ((name, (0.0, 0.0, 120.0, 90.0)),)))


@pytest.mark.parametrize('drawn', [heard, seen])
def test_composition_does_not_depend_on_the_category(drawn):
    right, asked = told_apart(bank_of(), drawn, 400)
    low, high = scipy.stats.binom.interval(0.998, asked, 0.5)
    assert low <= right <= high


@pytest.mark.parametrize(('drawn', 'plainly', 'bank'), [
    (heard, heard_plainly, {'cutoffs': (20_000, 1_500)}),
    (seen, seen_plainly, {'colours': (True, False)})])
def test_variation_hides_some_of_what_differs_by_category(drawn, plainly, bank):
    told, asked = told_apart(bank_of(**bank), drawn, 200)
    assert told > scipy.stats.binom.ppf(0.999, asked, 0.5)  # it cannot hide all: this test can fail
    assert told_apart(bank_of(**bank), plainly, 200)[0] >= 0.97 * asked > told


def test_cutoff_and_greyness_are_drawn_alike_for_what_is_dull_and_what_is_not():
    """One seed draws the same variation whatever it is given: nothing is looked up in the material."""
    rng = np.random.default_rng(0)
    full = rng.standard_normal(48_240).astype(np.float32)
    spectrum = np.fft.rfft(full)
    spectrum[3_000:] = 0
    dull = np.fft.irfft(spectrum, 48_240).astype(np.float32)
    colour, grey = photos(rng, True)[0], photos(rng, False)[0]
    for seed in range(40):
        after = []
        for samples, photo in ((full, colour), (dull, grey)):
            drawing = np.random.default_rng(seed)
            sounds.vary(samples, drawing)
            pictures._relit(photo, drawing, plain=False)
            after.append(drawing.random())
        assert after[0] == after[1]
