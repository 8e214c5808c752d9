"""The set of features to remove, against all 2^n masks."""

from __future__ import annotations

import numpy as np
import pytest
from games import random_spectrum

from spex_plugins import InputError, Spectrum
from spex_plugins.core.basis.masks import masks_of_numbers
from spex_plugins.core.subsets.best_subset import best_subset


@pytest.mark.parametrize("n", [1, 2, 5, 9, 12])
@pytest.mark.parametrize("direction", ["lowest", "highest"])
def test_it_is_the_best_of_all_sets(n, direction):
    rng = np.random.default_rng(n)
    spectrum = random_spectrum(n, min(2**n - 1, 25), 4, rng)
    masks = masks_of_numbers(np.arange(2**n), n)
    values, removed = spectrum.predict(masks), n - masks.sum(axis=1)
    best = np.min if direction == "lowest" else np.max
    for count in {0, 1, n // 2, n}:
        for name, allowed in (("size", removed == count), ("at_most", removed <= count)):
            found = best_subset(spectrum, direction=direction, **{name: count})
            assert allowed[(masks == found.mask).all(axis=1)].all()
            assert found.value == pytest.approx(best(values[allowed]), abs=1e-9)
            assert found.value == pytest.approx(spectrum.predict(found.mask[None])[0])
            assert found.gap == 0


def test_a_pair_without_effects_of_its_features_is_found():
    """Greedy removal does not see x0 × x1, where neither changes anything as long as the other is kept."""
    # 1 unless both are removed
    both = {(): 0.75, (0,): -0.25, (1,): -0.25, (0, 1): -0.25}
    noise = {(k,): -0.01 for k in range(2, 8)}
    found = best_subset(Spectrum.from_dict(8, both | noise), size=2)
    assert np.flatnonzero(~found.mask).tolist() == [0, 1]


def test_a_constant_and_an_additive_function():
    constant = best_subset(Spectrum.from_dict(6, {(): 3.0}), at_most=4, direction="highest")
    assert (constant.value, constant.gap) == (3.0, 0.0)
    additive = Spectrum.from_dict(6, {(k,): float(k - 2) for k in range(6)})
    # −F is the effect of keeping: the features of positive F are those whose removal raises f
    assert np.flatnonzero(~best_subset(additive, at_most=6, direction="highest").mask).tolist() == [3, 4, 5]
    assert np.flatnonzero(~best_subset(additive, size=1, direction="lowest").mask).tolist() == [0]


@pytest.mark.parametrize("n", [66, 200])
def test_with_many_features_the_gap_bounds_what_a_better_set_could_reach(n):
    """The truth is that of the twelve features with an effect; the others are dummies."""
    rng = np.random.default_rng(3)
    small = random_spectrum(12, 60, 4, rng)
    at = np.sort(rng.choice(n, 12, replace=False))
    masks = masks_of_numbers(np.arange(2**12), 12)
    best = small.predict(masks)[(~masks).sum(axis=1) <= 4].max()
    found = best_subset(small.placed(at, n), at_most=4, direction="highest")
    assert found.value <= best + 1e-9
    assert best <= found.value + found.gap + 1e-9
    assert found.gap < 0.5 * abs(best)


def test_nodes_can_be_limited_and_the_gap_stays_true():
    rng = np.random.default_rng(0)
    spectrum = random_spectrum(12, 200, 4, rng)
    masks = masks_of_numbers(np.arange(2**12), 12)
    best = spectrum.predict(masks)[(~masks).sum(axis=1) == 5].min()
    found = best_subset(spectrum, size=5, max_nodes=1)
    assert found.value - found.gap - 1e-9 <= best <= found.value + 1e-9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "size, at_most: give one"),
        ({"size": 1, "at_most": 2}, "size, at_most: give one"),
        ({"size": 4}, "size: must be an integer from 0 to 3, got 4"),
        ({"at_most": True}, "at_most: must be an integer"),
        ({"size": 1, "direction": "down"}, "direction: must be 'lowest' or 'highest'"),
    ],
)
def test_unusable_arguments_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        best_subset(Spectrum.from_dict(3, {(0,): 1.0}), **arguments)


def test_several_outputs_are_refused():
    with pytest.raises(InputError, match="2 outputs"):
        best_subset(Spectrum.from_dict(3, {(0,): [1.0, 2.0]}), size=1)
