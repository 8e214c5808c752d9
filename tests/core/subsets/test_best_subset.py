"""The best sets of features are those of all 2^n masks."""

from __future__ import annotations

import numpy as np
import pytest
from games import random_spectrum
from hypothesis import given
from hypothesis import strategies as st
from oracles import all_masks

from spex_plugins import InputError, Spectrum
from spex_plugins.core.basis.masks import masks_of_numbers
from spex_plugins.core.subsets.best_subset import best_subset, of_masked_features, smallest_subset


@st.composite
def cases(draw):
    n = draw(st.integers(1, 7))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    spectrum = random_spectrum(n, min(draw(st.integers(0, 12)), 2**n - 1), min(n, 4), rng)
    scale = 10.0 ** draw(st.integers(-9, 9))  # the solver's tolerances are absolute ones
    masks = all_masks(n)
    return scale, scale * spectrum, masks, scale * spectrum.predict(masks)


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 2, 5, 9, 12])
@pytest.mark.parametrize("direction", ["lowest", "highest"])
def test_it_is_the_best_of_all_sets(n, direction):
    spectrum = random_spectrum(n, min(2**n - 1, 25), 4, np.random.default_rng(n))
    masks = masks_of_numbers(np.arange(2**n), n)
    values, sizes = spectrum.predict(masks), masks.sum(axis=1)
    best = np.min if direction == "lowest" else np.max
    for count in {0, 1, n // 2, n - 1, n}:
        for name, allowed in (("size", sizes == count), ("at_most", sizes <= count)):
            found = best_subset(spectrum, direction=direction, **{name: count})
            assert allowed[(masks == found.mask).all(axis=1)].all()
            assert found.value == pytest.approx(best(values[allowed]), abs=1e-9)
            assert found.value == pytest.approx(spectrum.predict(found.mask[None])[0])
            assert (found.gap, found.bound, found.proven) == (0, found.value, True)


@given(cases())
def test_it_is_the_best_of_every_size_in_every_unit(case):
    scale, spectrum, masks, values = case
    sizes = masks.sum(axis=1)
    for size in range(spectrum.n + 1):
        found = best_subset(spectrum, size=size)
        assert found.proven
        assert found.mask.sum() == size
        assert found.value == pytest.approx(values[sizes == size].max(), abs=1e-5 * scale)


def test_the_function_of_the_masked_features():
    for outputs in (None, 2):
        spectrum = random_spectrum(6, 20, 4, np.random.default_rng(0), outputs)
        masks = all_masks(6)
        np.testing.assert_allclose(of_masked_features(spectrum).predict(masks), spectrum.predict(~masks))


@given(cases(), st.floats(0, 1))
def test_the_smallest_set_with_such_a_value(case, share):
    scale, spectrum, masks, values = case
    sizes = masks.sum(axis=1)
    least = values.min() + share * (values.max() - values.min()) - 1e-4 * scale
    found = smallest_subset(spectrum, least)
    assert found.proven
    assert found.value >= least
    assert found.mask.sum() == found.bound == sizes[values >= least].min()
    same_size = (sizes == found.mask.sum()) & (values >= least)
    assert found.value == pytest.approx(values[same_size].max(), abs=1e-5 * scale)


@given(cases())
def test_where_no_set_has_such_a_value_there_is_none(case):
    scale, spectrum, _, values = case
    assert smallest_subset(spectrum, values.max() + scale) is None


def test_sixty_four_features():
    """Words of falling weight, and a negation that turns one of them around."""
    terms = {(i,): -1.0 / (1 + i) for i in range(64)} | {(0, 1): 2.0, (5, 9, 30): -1.5}
    spectrum = Spectrum.from_dict(64, terms)
    found = best_subset(spectrum, size=20)
    assert found.proven
    rng = np.random.default_rng(0)
    others = np.array([rng.permutation(64) < 20 for _ in range(2000)])
    assert found.value > spectrum.predict(others).max()
    swapped = np.repeat(found.mask[None], 20 * 44, axis=0)  # no single exchange is better
    pairs = [(i, j) for i in np.flatnonzero(found.mask) for j in np.flatnonzero(~found.mask)]
    for row, (i, j) in zip(swapped, pairs, strict=True):
        row[i], row[j] = False, True
    assert found.value >= spectrum.predict(swapped).max() - 1e-9


def test_a_pair_without_effects_of_its_features_is_found():
    """Greedy removal does not see x0 × x1, where neither changes anything as long as the other is kept."""
    # 1 unless both are removed
    both = {(): 0.75, (0,): -0.25, (1,): -0.25, (0, 1): -0.25}
    noise = {(k,): -0.01 for k in range(2, 8)}
    found = best_subset(of_masked_features(Spectrum.from_dict(8, both | noise)), size=2, direction="lowest")
    assert np.flatnonzero(found.mask).tolist() == [0, 1]


def test_a_constant_and_an_additive_function():
    constant = best_subset(Spectrum.from_dict(6, {(): 3.0}), at_most=4)
    assert (constant.value, constant.gap) == (3.0, 0.0)
    assert not smallest_subset(Spectrum.from_dict(6, {(): 3.0}), 3.0).mask.any()
    additive = Spectrum.from_dict(6, {(k,): float(k - 2) for k in range(6)})
    # −F is the effect of a feature: those of negative F raise f
    assert np.flatnonzero(best_subset(additive, at_most=6).mask).tolist() == [0, 1]
    assert np.flatnonzero(best_subset(additive, size=1, direction="lowest").mask).tolist() == [5]


@pytest.mark.parametrize("n", [66, 200])
def test_with_many_features_the_gap_bounds_what_a_better_set_could_reach(n):
    """The truth is that of the twelve features with an effect; the others are dummies."""
    rng = np.random.default_rng(3)
    small = random_spectrum(12, 60, 4, rng)
    at = np.sort(rng.choice(n, 12, replace=False))
    masks = masks_of_numbers(np.arange(2**12), 12)
    best = small.predict(masks)[masks.sum(axis=1) <= 4].max()
    found = best_subset(small.placed(at, n), at_most=4)
    assert found.value <= best + 1e-9
    assert best <= found.value + found.gap + 1e-9
    assert found.gap < 0.5 * abs(best)


def test_nodes_can_be_limited_and_the_gap_stays_true():
    rng = np.random.default_rng(0)
    spectrum = random_spectrum(12, 200, 4, rng)
    masks = masks_of_numbers(np.arange(2**12), 12)
    best = spectrum.predict(masks)[masks.sum(axis=1) == 5].min()
    found = best_subset(spectrum, size=5, direction="lowest", max_nodes=1)
    assert found.value - found.gap - 1e-9 <= best <= found.value + 1e-9


def test_a_search_that_ends_early_has_a_set_and_a_bound():
    spectrum = random_spectrum(40, 400, 3, np.random.default_rng(0))
    found = best_subset(spectrum, size=20, seconds=0)
    assert not found.proven
    assert found.mask.sum() == 20
    assert found.bound == found.value + found.gap > found.value
    few = smallest_subset(spectrum, found.value, seconds=0)
    assert few.value >= found.value
    assert few.bound < few.mask.sum() <= 20
    with pytest.raises(InputError, match="seconds: no set was found in 0 s"):
        smallest_subset(spectrum, found.bound - 1e-3, seconds=0)


def test_exchanges_are_valued_without_a_prediction_of_each():
    """The local search, at its end, is not improved by any change of one feature or exchange of two."""
    from spex_plugins.core.subsets.polynomial import Polynomial

    for seed in range(10):
        spectrum = random_spectrum(9, 60, 4, np.random.default_rng(seed))
        polynomial = Polynomial.of(spectrum)
        masks = all_masks(9)
        for exact in (True, False):
            found = polynomial.search(4, exact=exact)
            assert polynomial.value(found) == pytest.approx(spectrum.predict(found[None])[0])
            changed = (masks ^ found).sum(axis=1)
            allowed = masks.sum(axis=1) == 4 if exact else masks.sum(axis=1) <= 4
            near = allowed & ((changed <= 1) | ((changed == 2) & (masks.sum(axis=1) == found.sum())))
            assert polynomial.value(found) >= spectrum.predict(masks[near]).max() - 1e-9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "size, at_most: give one"),
        ({"size": 1, "at_most": 2}, "size, at_most: give one"),
        ({"size": 4}, "size: must be an integer from 0 to 3, the number of features, got 4"),
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
    with pytest.raises(InputError, match="2 outputs"):
        smallest_subset(Spectrum.from_dict(3, {(0,): [1.0, 2.0]}), 0.0)


def test_unusable_values_and_times():
    spectrum = Spectrum.from_dict(3, {(0,): 1.0})
    with pytest.raises(InputError, match="least: must be a finite number"):
        smallest_subset(spectrum, np.nan)
    with pytest.raises(InputError, match="seconds: must be a number of seconds"):
        best_subset(spectrum, size=1, seconds=-1)
