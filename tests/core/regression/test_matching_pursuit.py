"""Sets of sparse functions without noise."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from games import random_spectrum, term_set
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from oracles import all_masks

import spex_plugins as spex
from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.masks import distinct_pairs, with_complements
from spex_plugins.core.regression.linear_odd_part import linear_odd_part
from spex_plugins.core.regression.matching_pursuit import exact_sets
from spex_plugins.estimators.common.exact_sparse_fit import exact_sparse_fit


def masks_of(n, m, rng, paired):
    """Distinct masks of all sizes."""
    masks = rng.random((4 * m, n)) < rng.random((4 * m, 1))
    if paired:
        return with_complements(distinct_pairs(masks)[: m // 2])
    return rng.permutation(np.unique(masks, axis=0))[:m]


def found_sets(masks, values):
    found = exact_sets(masks, values)
    return found if found is None else {frozenset(s) for s in sets.to_sets(found, masks.shape[1])}


def sets_of(spectrum):
    return {frozenset(s) for s in term_set(spectrum) if s}


@given(st.integers(10, 25), st.integers(1, 12), st.integers(1, 3), st.booleans(), st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_the_sets_of_a_sparse_function_are_found(n, count, outputs, paired, seed):
    rng = np.random.default_rng(seed)
    truth = [random_spectrum(n, count, 3, rng) for _ in range(outputs)]
    masks = masks_of(n, 300, rng, paired)
    values = np.column_stack([one.predict(masks) for one in truth])
    assert found_sets(masks, values) == set.union(*map(sets_of, truth))


@pytest.mark.parametrize("paired", [True, False])
def test_rounding_in_single_precision_is_no_noise(paired):
    rng = np.random.default_rng(0)
    truth = random_spectrum(20, 12, 3, rng)
    masks = masks_of(20, 400, rng, paired)
    values = truth.predict(masks).astype(np.float32).astype(np.float64)[:, None]
    assert found_sets(masks, values) == sets_of(truth)
    noisy = values + 1e-4 * rng.normal(size=values.shape)
    assert exact_sets(masks, noisy) is None


@pytest.mark.parametrize("paired", [True, False])
def test_functions_that_are_not_sparse_are_told_apart(paired):
    rng = np.random.default_rng(1)
    masks = masks_of(14, 300, rng, paired)
    slopes = rng.normal(size=14)
    for values in (np.tanh(masks @ slopes), np.exp(-((masks @ slopes) ** 2)), rng.normal(size=300)):
        assert exact_sets(masks, values[:, None]) is None


def test_sets_of_many_features_are_found_among_few():
    masks = masks_of(14, 700, np.random.default_rng(2), paired=True)
    values = masks[:, :5].all(axis=1) + 0.5 * masks[:, 7]
    subsets = [frozenset(s) for size in range(1, 6) for s in combinations(range(5), size)]
    assert found_sets(masks, values[:, None]) == {*subsets, frozenset({7})}


def test_many_outputs_are_searched_together():
    rng = np.random.default_rng(3)
    masks = masks_of(16, 300, rng, paired=True)
    truth = [random_spectrum(16, 2, 2, rng) for _ in range(9)]
    values = np.column_stack([one.predict(masks) for one in truth])
    assert found_sets(masks, values) == set.union(*map(sets_of, truth))


@pytest.mark.parametrize("m", [12, 16, 24, 40, 64])
@pytest.mark.parametrize("paired", [True, False])
def test_answers_of_one_bit_are_not_taken_for_a_few_sets(m, paired):
    """One of thousands of sets agrees with a few of them by chance."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        masks = masks_of(16, m, rng, paired)
        for values in (1.0 * (masks.sum(axis=1) > 8), 1.0 * (rng.random(len(masks)) < 0.5)):
            if np.ptp(values):
                assert exact_sparse_fit(masks, values[:, None]) is None


def test_outputs_may_be_constant_or_far_from_0():
    rng = np.random.default_rng(8)
    masks, truth = masks_of(14, 200, rng, paired=True), random_spectrum(14, 6, 2, rng)
    values = np.column_stack([truth.predict(masks), np.full(len(masks), 0.1), truth.predict(masks) + 1e6])
    fit = exact_sparse_fit(masks, values)
    expected = truth.single_values("SV").values
    assert_allclose(fit.function.single_values("SV").values[:, 0], expected, atol=1e-9)
    assert_allclose(fit.function.single_values("SV").values[:, 1], 0, atol=1e-12)
    assert_allclose(fit.function.single_values("SV").values[:, 2], expected, atol=1e-6)


def test_a_value_that_the_others_do_not_tell_is_not_met():
    """Of a function that differs at one mask only, no few sets are found."""
    masks = masks_of(12, 200, np.random.default_rng(4), paired=True)
    truth = 1.0 * masks[:, 0] - masks[:, 1] * masks[:, 2]
    for mask in range(0, 200, 7):
        values = truth.copy()
        values[mask] += 0.5
        assert exact_sparse_fit(masks, values[:, None]) is None


def test_an_exact_fit_adds_up_and_knows_that_it_is_exact():
    rng = np.random.default_rng(5)
    truth = random_spectrum(16, 10, 3, rng)
    masks = (
        np.unique(np.concatenate([np.zeros((1, 16)), np.ones((1, 16)), masks_of(16, 300, rng, True)]), axis=0)
        > 0
    )
    values = truth.predict(masks).astype(np.float32).astype(np.float64)[:, None]
    fit = exact_sparse_fit(masks, values)
    assert_allclose(fit.r2, 1, atol=1e-10)
    assert f"{len(masks)} masks" in fit.r2_source
    single = fit.function.single_values("SV")
    assert_allclose(single.values.sum(axis=0), values[-1] - values[0], rtol=1e-10)
    everywhere = all_masks(16)
    assert_allclose(fit.function.predict(everywhere)[:, 0], truth.predict(everywhere), atol=1e-6)


def test_slopes_of_an_odd_part_are_found_up_to_single_precision():
    rng = np.random.default_rng(6)
    masks, slopes = rng.random((40, 20)) < 0.5, rng.normal(size=(20, 2))
    odd = np.where(masks, 1.0, -1.0) @ slopes
    assert_allclose(linear_odd_part(masks, odd.astype(np.float32).astype(np.float64)), slopes, atol=1e-5)
    assert linear_odd_part(masks[:20], odd[:20]) is None
    assert linear_odd_part(masks, odd + 1e-4 * rng.normal(size=odd.shape)) is None


@pytest.mark.parametrize(("seed", "n"), [(50, 25), (51, 16)])
def test_tables_of_an_exact_function_list_no_rounding(seed, n):
    """Values that are weighted with a thousand against the others would leave rounding of 1e-13."""
    rng = np.random.default_rng(seed)
    assert rng.integers(8, 30) == n
    terms = {
        tuple(sorted(rng.choice(n, rng.integers(1, 4), replace=False).tolist())): float(rng.normal())
        for _ in range(rng.integers(2, 7))
    }

    def game(masks):
        return sum(value * masks[:, list(term)].all(axis=1) for term, value in terms.items())

    found = spex.explain(game, n, budget=250, progress=False)
    assert "meets all values" in found.plan
    assert found.index("Moebius", 3).as_dict() == pytest.approx(terms, rel=1e-12)
