"""The choice of penalty and blend, and the figure that is reported for it."""

from __future__ import annotations

import numpy as np
import pytest

from spex_plugins.core.basis.feature_sets import all_of_order, combine, singletons
from spex_plugins.core.regression.cross_validation import SparsePath, cross_validated_fit
from spex_plugins.core.regression.moments import fold_moments

N = 8
SUPPORTS = combine([singletons(N), all_of_order(N, 2)], N)
T = len(SUPPORTS)
FOLDS = 5


def problem(seed, m=300, noise=0.5, outputs=1, terms=4):
    rng = np.random.default_rng(seed)
    masks = rng.random((m, N)) < 0.5
    signs = np.column_stack([1.0 - 2.0 * masks, np.ones(m)])
    X = signs[:, SUPPORTS[:, 0]] * signs[:, SUPPORTS[:, 1]]
    beta = np.zeros((T, outputs))
    beta[rng.choice(T, terms, replace=False)] = rng.choice([-1.0, 1.0], (terms, outputs))
    Y = 0.3 + X @ beta + noise * rng.normal(size=(m, outputs))
    folds = rng.permutation(m) % FOLDS
    return X, Y, beta, fold_moments(masks, Y, SUPPORTS, folds, FOLDS)


def fit(parts, weights=None, fold_weights=None):
    weights = np.ones(T) if weights is None else weights
    fold_weights = [weights] * len(parts) if fold_weights is None else fold_weights
    return cross_validated_fit(sum(parts[1:], start=parts[0]), parts, fold_weights, weights)


@pytest.mark.parametrize("outputs", [1, 3])
def test_without_noise_the_truth_is_found(outputs):
    _, _, beta, parts = problem(0, noise=0.0, outputs=outputs)
    result = fit(parts)
    assert set(result.columns.tolist()) == set(np.flatnonzero(beta.any(axis=1)).tolist())
    np.testing.assert_allclose(result.beta, beta[result.columns], atol=1e-10)
    np.testing.assert_allclose(result.intercept, 0.3, atol=1e-10)
    np.testing.assert_allclose(result.r2, 1.0, atol=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_the_fit_leaves_the_mean_residual_at_zero(seed):
    X, Y, _, parts = problem(seed, outputs=2)
    result = fit(parts)
    left = Y - X[:, result.columns] @ result.beta - result.intercept
    np.testing.assert_allclose(left.mean(axis=0), 0.0, atol=1e-12)


@pytest.mark.parametrize("noise", [0.3, 1.0, 3.0])
def test_the_truth_is_fitted_nearly_as_well_as_the_noise_allows(noise):
    """An oracle that knew the support would keep an error of about noise·√(terms/m)."""
    for seed in range(5):
        _, _, beta, parts = problem(seed, noise=noise, m=600)
        result = fit(parts)
        full = np.zeros(T)
        full[result.columns] = result.beta[:, 0]
        oracle = noise * np.sqrt(4 / 600)
        assert np.linalg.norm(full - beta[:, 0]) < 5 * oracle


@pytest.mark.parametrize("noise", [0.5, 2.0])
def test_r2_is_close_to_that_of_the_truth(noise):
    for seed in range(5):
        _, Y, _, parts = problem(seed, noise=noise, m=600)
        best = 1 - noise**2 / Y.var()
        assert best - 0.12 < fit(parts).r2[0] < best + 0.08


def test_r2_of_noise_is_not_positive_on_average():
    scores = [fit(problem(seed, terms=0, noise=1.0)[3]).r2[0] for seed in range(20)]
    assert max(scores) < 0.05
    assert np.mean(scores) <= 0.005


def test_r2_is_the_share_of_the_variance_of_the_tested_samples():
    """Samples that are never left out take part in the fit, not in the figure."""
    *_, parts = problem(1, noise=1.0)
    total = sum(parts[1:], start=parts[0])
    ones = np.ones(T)
    some = cross_validated_fit(total, parts[1:3], [ones] * 2, ones)
    assert some.r2.shape == (1,)
    alone = cross_validated_fit(total, parts[1:], [ones] * 4, ones)
    assert some.r2[0] != alone.r2[0]
    assert abs(some.r2[0] - alone.r2[0]) < 0.2


def test_columns_with_infinite_weight_stay_out():
    _, _, beta, parts = problem(2, noise=0.1)
    weights = np.ones(T)
    banned = np.flatnonzero(beta[:, 0])[:2]
    weights[banned] = np.inf
    result = fit(parts, weights)
    assert not set(banned.tolist()) & set(result.columns.tolist())
    assert result.r2[0] < 0.7


def test_a_fold_that_did_not_screen_a_column_lowers_the_figure():
    """The final model may use every column; fold models that may not are charged for it."""
    _, _, beta, parts = problem(3, noise=0.1)
    limited = np.ones(T)
    limited[np.flatnonzero(beta[:, 0])[0]] = np.inf
    free = fit(parts)
    charged = fit(parts, np.ones(T), [limited] * FOLDS)
    assert free.r2[0] > 0.98
    assert charged.r2[0] < 0.85


def test_outputs_share_their_columns():
    _, _, beta, parts = problem(4, noise=0.2, outputs=3)
    result = fit(parts)
    assert result.beta.shape == (len(result.columns), 3)
    assert result.r2.shape == (3,)
    assert set(result.columns.tolist()) >= set(np.flatnonzero(beta.any(axis=1)).tolist())


def test_folds_and_all_samples_are_fitted_in_the_same_way():
    """Least squares on more than half of the samples is no candidate, even where it is for some models."""
    rng = np.random.default_rng(0)
    masks = rng.random((60, 40)) < 0.5
    supports = singletons(40)
    folds = np.arange(60) % 5
    values = masks @ rng.normal(size=(40, 1)) + 0.1 * rng.normal(size=(60, 1))
    moments = fold_moments(masks, values / values.std(), supports, folds, 5)
    total = sum(moments[1:], start=moments[0])
    trains = [*(total - one for one in moments), total]
    path = SparsePath.run(trains, moments, [np.ones(40)] * 6)
    sizes = np.array([[len(columns) for columns, _ in point] for point in path.points])
    counts = np.array([train.count for train in trains])
    dense = (sizes > counts / 2).any(axis=1)
    assert dense.any()
    assert not dense.all()
    for point in np.flatnonzero(dense):
        first = 3 * point
        np.testing.assert_array_equal(path.errors[first], path.errors[first + 2])
        for part in range(6):
            np.testing.assert_array_equal(path.model(first, part).beta, path.model(first + 2, part).beta)
