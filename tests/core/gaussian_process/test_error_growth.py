"""Errors far from the samples: the weights of an index by size, and how errors grow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from oracles import all_masks

import spex_plugins as spex
from spex_plugins import INDICES
from spex_plugins.core.basis.feature_sets import all_of_order
from spex_plugins.core.gaussian_process.error_growth import ErrorGrowth
from spex_plugins.core.gaussian_process.mask_weights import mask_weights, squared_weights_by_size


@given(index=st.sampled_from(["Fourier", *INDICES]), n=st.integers(1, 7), size=st.integers(0, 2))
def test_weights_of_every_size_are_those_of_all_masks(index, n, size):
    order = 1 if index in ("SV", "BV") else 2
    if size > min(order, n):
        return
    masks = all_masks(n)
    own = mask_weights(masks, all_of_order(n, size)[:1], index, order)[:, 0]
    expected = np.bincount(masks.sum(axis=1), own**2, n + 1)
    assert_allclose(squared_weights_by_size(index, order, size, n), expected, atol=1e-12)


def squares(n, slope, rng):
    """Return sizes of uniform masks, and squared normal errors whose variance grows with the slope."""
    sizes = np.concatenate([rng.binomial(n, 0.5, 2000), np.repeat([0, n], 20)])
    return sizes, np.exp(slope * (2 * sizes / n - 1) ** 2) * rng.normal(size=len(sizes)) ** 2


@pytest.mark.parametrize("slope", [0.0, 1.5, 4.0])
def test_growth_is_found_again(slope):
    sizes, found = squares(20, slope, np.random.default_rng(0))
    growth = ErrorGrowth.learned(sizes, found, np.bincount(sizes, minlength=21))
    assert abs(growth.slope - slope) < 0.35


def test_errors_that_do_not_grow_change_nothing():
    growth = ErrorGrowth(0.0, np.array([1, 0, 4, 4, 0, 1]))
    assert_allclose(growth.factors(np.ones(5, dtype=int), "SV", 1), 1.0)
    assert ErrorGrowth.learned(np.array([2, 3]), np.zeros(2), growth.counts).slope == 0.0


def test_factor_is_that_of_the_masks_which_the_index_weighs_and_were_not_asked():
    n, slope = 6, 3.0
    counts = np.array([1, 0, 5, 10, 5, 0, 1])
    growth = np.exp(slope * (2 * np.arange(n + 1) / n - 1) ** 2)
    usual = (5 * growth[2] + 10 * growth[3] + 5 * growth[4]) / 20
    masks = all_masks(n)
    sizes = masks.sum(axis=1)
    weights = mask_weights(masks, all_of_order(n, 2)[:1], "k-SII", 2)[:, 0] ** 2
    weights *= (1 - counts / [1, 6, 15, 20, 15, 6, 1])[sizes]
    expected = np.sqrt(weights @ growth[sizes] / weights.sum() / usual)
    assert_allclose(ErrorGrowth(slope, counts).factors(np.array([2]), "k-SII", 2), expected)
    assert expected > 1.5


def test_growth_is_relative_to_the_errors_that_calibrate_the_deviations():
    n, slope, counts = 6, 3.0, np.array([1, 1, 5, 10, 5, 1, 1])
    growth = np.exp(slope * (2 * np.arange(n + 1) / n - 1) ** 2)[1:-1]
    weights = np.array([0, 0, 1.0, 2.0, 1.0, 0, 0])
    about = (np.array([2]), "k-SII", 2)
    ratio = ErrorGrowth(slope, counts, weights).factors(*about) / ErrorGrowth(slope, counts).factors(*about)
    usual = [np.average(growth, weights=own[1:-1]) for own in (counts, weights)]
    assert_allclose(ratio, np.sqrt(usual[0] / usual[1]))


def shapley_values_of_a_maximum(weights):
    """Littlechild & Owen 1973: every step of the sorted values is shared by all that reach it."""
    order, n = np.argsort(weights), len(weights)
    steps = np.diff(weights[order], prepend=0.0) / (n - np.arange(n))
    values = np.empty(n)
    values[order] = np.cumsum(steps)
    return values


@pytest.mark.parametrize("seed", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_deviations_of_a_maximum_told_nothing(seed):
    """It changes where few features are kept: such masks are asked, but hardly count for uniform ones."""
    weights = np.random.default_rng(seed).random(20)
    found = spex.explain(lambda m: (m * weights).max(axis=1), 20, budget=600, progress=False)
    single = found.single_values("SV")
    errors = (single.values - shapley_values_of_a_maximum(weights)) / single.deviations
    assert 0.2 < np.sqrt(np.mean(errors**2)) < 2


def far_from_the_middle(masks):
    """Return values that are smooth in the middle, and apart where few features are kept."""
    kept = masks.sum(axis=1)
    effects = np.linspace(-1, 1, masks.shape[1])
    apart = np.where(kept < 3, (3 - kept) * (1 + masks @ np.cos(7 * effects)), 0.0)
    return np.tanh(masks @ effects) + masks[:, 0] * masks[:, 3] + 0.5 * apart


@pytest.mark.parametrize("n", [13, pytest.param(18, marks=pytest.mark.slow)])
def test_values_read_from_uniform_masks_lie_within_their_deviations(n):
    """Of Shapley values, uniform masks tell less than of Banzhaf values, and the deviations say so."""
    found = spex.explain(far_from_the_middle, n, budget=250, index="BV", seed=0, progress=False)
    exact = spex.explain(far_from_the_middle, n, budget=2**n, progress=False)
    values, truth = found.single_values("SV"), exact.single_values("SV").values
    banzhaf = found.single_values("BV")
    assert (np.abs(values.values - truth) <= 2 * values.deviations).mean() >= 0.85
    assert values.deviations.mean() > 2 * banzhaf.deviations.mean()
    pairs = found.index("k-SII", 2)
    exact_pairs = exact.index("k-SII", 2).as_dict()
    wrong = pairs.values - [exact_pairs.get(term, 0.0) for term in pairs.terms]
    assert (np.abs(wrong) <= 2 * found.deviations(pairs)).mean() >= 0.85
    assert np.abs(wrong).max() > 2 * np.median(found.deviations(pairs))  # not by stating far too much


def test_growth_is_kept_in_a_file(tmp_path):
    found = spex.explain(far_from_the_middle, 13, budget=250, index="BV", seed=0, progress=False)
    table = found.index("STII", 2)
    found.save(tmp_path / "found.npz")
    again = spex.Interactions.load(tmp_path / "found.npz")
    assert_allclose(again.deviations(again.index("STII", 2)), found.deviations(table))
