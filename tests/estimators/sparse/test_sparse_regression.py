"""Sparse regression and boosted residuals: exact where they can be, honest where they cannot."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from games import difference, random_spectrum, term_set
from numpy.testing import assert_allclose
from oracles import all_masks, fourier

import spex_plugins as spex
from spex_plugins import Spectrum
from spex_plugins.core.basis.feature_sets import all_of_order
from spex_plugins.core.regression.triple_screening import strongest_triples
from spex_plugins.estimators import BoostedResidual, ProxySpex, SparseRegression
from spex_plugins.estimators.common.folds import assign_folds
from spex_plugins.estimators.common.held_out import explained

ESTIMATORS = ["sparse_regression", "boosted_residual"]


def network(n, seed):
    rng = np.random.default_rng(seed)
    inner, outer = rng.normal(size=(n, 24)) / np.sqrt(n), rng.normal(size=24)
    return lambda masks: np.tanh(2 * (masks - 0.4) @ inner) @ outer


def uniform(m, n, seed):
    return np.random.default_rng([seed, m, n]).random((m, n)) < 0.5


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("outputs", [None, 2])
def test_order_three_is_exact(seed, outputs):
    truth = random_spectrum(20, 8, 3, np.random.default_rng(seed), outputs)
    found = spex.explain(truth.predict, 20, budget=500, estimator="sparse_regression", progress=False)
    assert term_set(found.spectrum) == term_set(truth)
    assert difference(found.spectrum, truth) < 1e-9
    assert_allclose(found.r2, 1.0, atol=1e-9)


@pytest.mark.parametrize("order", [1, 2])
def test_the_largest_order_is_kept(order):
    truth = Spectrum.from_dict(12, {(0,): 1.0, (1, 2): 3.0, (0, 1, 2): 2.0})
    found = spex.explain(
        truth.predict, 12, budget=300, estimator="sparse_regression", max_order=order, progress=False
    )
    assert found.spectrum.max_order <= order


@pytest.mark.slow
def test_pairs_and_a_triple_among_many_features():
    """Of 20,000 pairs and 10^6 triples only those on screen are fitted; each has a strong part."""
    terms = {(): 1.0, (3,): 2.0, (0, 199): 1.5, (7, 50): -1.0, (20, 21): 0.8, (0, 7, 50): 0.9}
    truth = Spectrum.from_dict(200, terms)
    masks = uniform(600, 200, 1)
    found = spex.fit(masks, truth.predict(masks), estimator="sparse_regression")
    assert term_set(found.spectrum) == term_set(truth)
    assert difference(found.spectrum, truth) < 1e-9


def test_triples_are_ranked_by_what_pairs_leave_over():
    """A pair with features of a triple does not push up other triples."""
    truth = Spectrum.from_dict(30, {(0, 1): 5.0, (1, 2): 4.0, (0, 1, 2): 1.0, (3, 4, 5): 0.8})
    masks = uniform(500, 30, 0)
    pairs = all_of_order(30, 2)
    best = strongest_triples(masks, truth.predict(masks)[:, None], pairs, 2)
    assert sorted(map(tuple, best.tolist())) == [(0, 1, 2), (3, 4, 5)]


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_all_masks_are_exact(estimator):
    function = network(6, 0)
    found = spex.explain(function, 6, budget=100, estimator=estimator, progress=False)
    for features, value in fourier(function(all_masks(6))).items():
        assert found.spectrum.as_dict()[features] == pytest.approx(value, abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_reported_r2_is_that_on_fresh_masks(estimator):
    gaps = []
    for seed in range(3):
        masks, function = uniform(3300, 16, seed), network(16, seed)
        values = function(masks) + 0.3 * np.random.default_rng(seed).normal(size=3300)
        found = spex.fit(masks[:300], values[:300], estimator=estimator)
        left = found.predict(masks[300:]) - values[300:]
        gaps.append(float(found.r2) - (1 - (left**2).mean() / values[300:].var()))
    assert max(np.abs(gaps)) < 0.12
    assert np.mean(gaps) < 0.03


@pytest.mark.parametrize("make", [SparseRegression, BoostedResidual, ProxySpex])
def test_no_fold_is_predicted_by_what_has_seen_it(make):
    """Memory alone would explain noise perfectly; samples without a fold are not predicted."""
    masks = uniform(200, 12, 0)
    values = np.random.default_rng(0).normal(size=(200, 2))
    folds = assign_folds(masks, 30, np.random.default_rng(1))
    fit = make().fit_folds(
        masks,
        values,
        folds,
        found=[np.empty((0, 0), dtype=np.int32)] * 6,
        max_order=None,
        rng=np.random.default_rng(2),
    )
    np.testing.assert_array_equal(np.isnan(fit.out_of_fold).any(axis=1), folds == -1)
    assert (explained(values, fit.out_of_fold) < 0.1).all()
    assert fit.function.spectrum.output_shape == (2,)


@pytest.mark.slow
def test_a_linear_part_is_left_to_the_linear_fit():
    """Trees alone are worse at many single features than a linear fit with trees for the rest."""
    rng = np.random.default_rng(0)
    masks = uniform(3300, 25, 0)
    values = masks @ rng.normal(size=25) + 2.0 * masks[:, :3].all(axis=1)
    found = spex.fit(masks[:300], values[:300], estimator="boosted_residual")
    error = ((found.predict(masks[300:]) - values[300:]) ** 2).mean()
    assert error < 0.005 * values.var()


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("budget", [2, 9, 12, 20])
def test_tiny_budgets(estimator, budget):
    found = spex.explain(
        lambda masks: masks @ np.arange(1.0, 31.0), 30, budget=budget, estimator=estimator, progress=False
    )
    assert np.isfinite(found.spectrum.coefficients).all()
    assert found.n_calls == budget


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.filterwarnings("ignore::spex_plugins.UnidentifiableWarning")
def test_few_features_and_repeated_samples(estimator, n):
    """Repeated masks are averaged; some of the few masks are unknown."""
    rng = np.random.default_rng(0)
    masks = np.array(all_masks(n))[rng.integers(0, 2**n - 1, 40)]
    found = spex.fit(masks, masks @ np.arange(1.0, n + 1), estimator=estimator)
    distinct = np.unique(masks, axis=0)
    assert found.n_calls == len(distinct)
    assert found.predict(distinct).mean() == pytest.approx((distinct @ np.arange(1.0, n + 1)).mean())


def test_without_lightgbm_sparse_regression_works_and_the_others_name_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    masks = uniform(100, 20, 0)
    spex.fit(masks, 1.0 * masks[:, 0], estimator="sparse_regression")
    with pytest.raises(spex.MissingExtraError, match=r"spex-plugins\[trees\]"):
        spex.fit(masks, 1.0 * masks[:, 0], estimator="boosted_residual")
