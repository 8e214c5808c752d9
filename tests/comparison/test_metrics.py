"""Every metric against its definition."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from games import random_spectrum

import spex_plugins as spex
from spex_plugins import Spectrum
from spex_plugins.comparison import METRICS
from spex_plugins.comparison.methods.method import Surrogate
from spex_plugins.comparison.methods.sums import additive, sum_of_sets
from spex_plugins.comparison.metrics.agreement import agreement
from spex_plugins.comparison.metrics.curves import insertion_and_deletion
from spex_plugins.comparison.metrics.index_errors import index_errors
from spex_plugins.comparison.metrics.r2 import bootstrap_weights, infidelity, r2, weighted_r2
from spex_plugins.comparison.metrics.recovery import recovery
from spex_plugins.comparison.metrics.removal import removal, removal_sizes
from spex_plugins.comparison.metrics.ties import levels
from spex_plugins.core.basis.masks import masks_of_numbers
from spex_plugins.core.basis.transform.exact_transform import exact_spectrum
from spex_plugins.core.fitted.all_terms import lists_all_terms
from spex_plugins.core.fitted.energies import energies
from spex_plugins.core.fitted.summed import SummedFunction


def all_masks(n):
    return masks_of_numbers(np.arange(2**n), n)


def test_sums_are_those_of_what_is_kept():
    masks = all_masks(4)
    terms = {(): 0.5, (0,): 2.0, (1, 3): -1.0, (0, 2, 3): 4.0}
    expected = [sum(v for s, v in terms.items() if mask[list(s)].all()) for mask in masks]
    np.testing.assert_allclose(sum_of_sets(4, terms).predict(masks), expected, atol=1e-12)
    values = np.array([1.0, -2.0, 0.0, 3.0])
    np.testing.assert_allclose(additive(values, 0.25).predict(masks), 0.25 + masks @ values, atol=1e-12)


def test_r2_is_one_minus_the_errors_over_the_variance():
    truth, predicted = np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0, 3.0])
    assert r2(truth, (predicted - truth) ** 2) == pytest.approx(1 - 2 / np.var(truth) / 3)
    assert np.isnan(r2(np.full(3, 7.1), np.ones(3)))
    assert np.isnan(r2(np.zeros(0), np.zeros(0)))
    twice, none = weighted_r2(truth, (predicted - truth) ** 2, np.array([[1.0, 2, 1], [0, 0, 0]]))
    again = [0, 1, 1, 2]
    assert twice == pytest.approx(r2(truth[again], (predicted - truth)[again] ** 2))
    assert np.isnan(none)


def test_the_bootstrap_draws_masks_with_replacement():
    truth = np.random.default_rng(0).normal(size=40)
    errors = np.random.default_rng(1).random(40)
    weights = bootstrap_weights(40, 200, seed=3)
    counts = np.rint(weights[5] * 40).astype(int)
    assert counts.sum() == 40
    again = np.repeat(np.arange(40), counts)
    assert weighted_r2(truth, errors, weights)[5] == pytest.approx(r2(truth[again], errors[again]))


def test_infidelity_is_zero_for_the_truth_and_one_for_zeros():
    truth = np.array([1.0, 3.0, -2.0])
    weights = np.array([1.0, 2.0, 0.5])
    assert infidelity(5.0, truth, 5.0, truth, weights) == 0
    assert infidelity(5.0, truth, 9.0, truth + 4.0, weights) == 0  # a constant does not matter
    assert infidelity(5.0, truth, 0.0, np.zeros(3), weights) == 1
    assert np.isnan(infidelity(5.0, np.full(3, 5.0), 0.0, np.zeros(3), weights))
    short_by_one = np.array([-3.0, -1.0, -6.0])  # of the drops 4, 2 and 7
    expected = weights.sum() / (weights @ np.array([16.0, 4.0, 49.0]))
    assert infidelity(5.0, truth, 0.0, short_by_one, weights) == pytest.approx(expected)


def test_removal_takes_the_best_set_of_the_explanation_itself():
    """The explanation is wrong about the model: it removes features 0 and 1, the model depends on 2."""
    explanation = Spectrum.from_dict(6, {(0, 1): 1.0, (0,): -0.5, (2,): -0.1})
    model = additive(np.array([1.0, 0.5, 4.0, 0.0, 0.0, 0.0]), 2.0)
    masks = all_masks(6)
    full = float(model.predict(masks[-1:])[0])
    own_full = explanation.predict(masks[-1:])[0]
    found = removal(explanation, model.predict, full)
    assert list(found) == removal_sizes(6) == [1, 2, 3]
    for r, share in found.items():
        allowed = masks[(~masks).sum(axis=1) <= r]
        best = allowed[np.abs(explanation.predict(allowed) - own_full).argmax()]
        assert share == pytest.approx(abs(full - model.predict(best[None])[0]) / abs(full))
    assert all(np.isnan(value) for value in removal(explanation, model.predict, 0.0).values())


def test_curves_move_the_highest_values_first():
    weights = np.array([3.0, -1.0, 2.0, 0.5])
    inserted, deleted = insertion_and_deletion(weights, additive(weights, 1.0).predict, 1.0, 5.5)
    assert inserted == pytest.approx({1: 3 / 4.5, 2: 5 / 4.5, 3: 5.5 / 4.5})
    assert deleted == pytest.approx({1: 1.5 / 4.5, 2: -0.5 / 4.5, 3: -1 / 4.5})
    # The same where the features lower the value.
    lower = insertion_and_deletion(-weights, additive(-weights, 1.0).predict, 1.0, -3.5)
    assert lower[0] == pytest.approx(inserted)
    assert insertion_and_deletion(np.ones(1), None, 0.0, 1.0) == ({}, {})


def test_values_that_are_equal_up_to_rounding_are_ties():
    """The same function up to 5e-9 has the same curves, the same recovery and the same agreement."""
    rng = np.random.default_rng(0)
    truth = sum_of_sets(6, truth_terms())
    exact = truth.single_values("SV").values
    masks = np.repeat([[False], [True]], 6, axis=1)
    ends = truth.predict(masks)
    expected = insertion_and_deletion(exact.round(12), truth.predict, *ends)
    for _ in range(20):
        noisy = exact + 5e-9 * rng.normal(size=6)
        assert insertion_and_deletion(noisy, truth.predict, *ends) == expected
        assert agreement([exact, noisy]) == pytest.approx(1)
        terms = {tuple(np.flatnonzero(mask).tolist()): 5e-9 * rng.normal() for mask in all_masks(6)}
        near = terms | {key: terms[key] + value for key, value in truth_terms().items()}
        assert recovery(Surrogate(sum_of_sets(6, near), "FSII"), {0, 5}) == pytest.approx((1 + 0.5 + 0) / 3)
    assert recovery(Surrogate(truth, "FSII"), {0, 5}) == pytest.approx((1 + 0.5 + 0) / 3)
    np.testing.assert_array_equal(levels(np.array([3.0, -1.0, 3.0 + 1e-8, 0.0, 1e-9])), [2, 0, 2, 1, 1])
    assert not len(levels(np.zeros(0)))


def truth_terms():
    return {(): 1.0, (0,): 1.0, (0, 2): -2.0, (4,): 0.5}


def test_recovery_is_the_mean_share_of_annotated_features_in_the_largest_sets():
    function = sum_of_sets(6, {(0, 1): 3.0, (2,): -2.0, (3, 4): 1.0, (5,): 0.1})
    surrogate = Surrogate(function, "FSII")
    assert recovery(surrogate, {0, 2}, top=3) == pytest.approx((0.5 + 1 + 0) / 3)
    marginal = Surrogate(additive(np.array([1.0, -3.0, 2.0])), "SV")
    assert recovery(marginal, {1}, top=2) == 0.5
    assert recovery(Surrogate(Spectrum.from_dict(3, {(): 1.0}), "SV"), {1}) == 0


def test_energies_are_shares_of_the_variance():
    spectrum = Spectrum.from_dict(5, {(): 9.0, (0,): 2.0, (1, 2): 1.0, (0, 1, 2): 1.0, (1, 2, 3, 4): 1.0})
    assert energies(spectrum) == pytest.approx({"energy_1": 4 / 7, "energy_2": 1 / 7, "energy_3": 2 / 7})
    assert all(map(np.isnan, energies(Spectrum.from_dict(2, {(): 1.0})).values()))


def process_of(n, seed=0):
    """A fitted process, whose spectrum has the terms of largest energy only, fitted to a smooth function."""
    rng = np.random.default_rng(seed)
    weights, outer = rng.normal(size=(n, 6)), rng.normal(size=6)

    def smooth(masks):
        return np.tanh((masks - 0.3) @ weights) @ outer

    found = spex.explain(smooth, n, budget=100, estimator="shapley", progress=False).function
    assert not lists_all_terms(found)
    return found


def shares_of(function):
    masks = all_masks(function.n)
    return energies(exact_spectrum(masks, function.predict(masks)[:, None]).output(0))


@pytest.mark.parametrize(("n", "tolerance"), [(9, 1e-9), (14, 0.1)])
def test_energies_of_a_process_are_those_of_its_predictions(n, tolerance):
    function = process_of(n)
    assert energies(function) == pytest.approx(shares_of(function), rel=tolerance)


def test_energies_of_a_sum_of_functions_are_those_of_its_predictions():
    known = Spectrum.from_dict(10, {(0,): 0.5, (1, 2): 1.0, (0, 3, 4): 0.4})
    function = SummedFunction(known, process_of(10))
    assert energies(function) == pytest.approx(shares_of(function))


@pytest.mark.parametrize("n", [10, 20])
def test_removal_is_that_of_the_whole_function_of_a_process(n):
    function, model = process_of(n), additive(np.random.default_rng(1).random(n), 1.0)
    full = np.ones((1, n), dtype=bool)
    own, value = function.predict(full)[0], float(model.predict(full)[0])
    found = removal(function, model.predict, value)
    assert list(found) == removal_sizes(n)
    for r in (1, 2, 3):
        sets = [removed for size in range(1, r + 1) for removed in combinations(range(n), size)]
        masks = np.ones((len(sets), n), dtype=bool)
        for mask, removed in zip(masks, sets, strict=True):
            mask[list(removed)] = False
        best = masks[np.abs(function.predict(masks) - own).argmax()]
        assert found[r] == pytest.approx(abs(value - model.predict(best[None])[0]) / value)


def test_agreement_is_the_mean_rank_correlation():
    from scipy.stats import spearmanr

    rows = np.random.default_rng(0).normal(size=(3, 8))
    expected = np.mean([spearmanr(one, other).statistic for one, other in combinations(rows, 2)])
    assert agreement(list(rows)) == pytest.approx(expected)
    assert agreement([np.arange(4.0), 7 + 2 * np.arange(4.0)]) == pytest.approx(1)
    assert np.isnan(agreement([np.arange(4.0)]))


@pytest.mark.parametrize("index", ["SV", "BV", "FSII", "STII", "k-SII", "FBII"])
def test_the_truth_has_no_errors(index):
    truth = random_spectrum(6, 20, 3, np.random.default_rng(0))
    found = index_errors(Surrogate(truth, index), truth)
    assert found["pair_error"] == pytest.approx(0, abs=1e-12)
    if index in ("FSII", "STII"):
        assert np.isnan(found["value_error"])
    else:
        assert found["value_error"] == pytest.approx(0, abs=1e-12)
    assert np.isnan(found["coverage"])  # a spectrum states no deviations


def test_errors_are_relative_and_in_the_index_of_the_method():
    truth = random_spectrum(6, 20, 3, np.random.default_rng(0))
    shapley = truth.single_values("SV").values
    wrong = shapley + np.eye(6)[0]
    found = index_errors(Surrogate(additive(wrong), "SV"), truth)
    assert found["value_error"] == pytest.approx(1 / np.linalg.norm(shapley))
    assert np.isnan(found["pair_error"])  # an additive function has none
    banzhaf = index_errors(Surrogate(additive(shapley), "BV"), truth)["value_error"]
    right = truth.single_values("BV").values
    assert banzhaf == pytest.approx(np.linalg.norm(shapley - right) / np.linalg.norm(right))
    assert np.isnan(index_errors(Surrogate(additive(shapley), None), truth)["value_error"])


def test_every_metric_is_defined_in_the_documentation():
    page = Path(__file__).parents[2] / "docs" / "howto" / "compare.md"
    headings = {line[4:] for line in page.read_text().splitlines() if line.startswith("### ")}
    assert {metric.page.split("#")[1] for metric in METRICS.values()} == headings
