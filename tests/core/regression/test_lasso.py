"""The path against scikit-learn, least squares against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Lasso, MultiTaskLasso

from spex_plugins.core.basis.feature_sets import all_of_order, combine, singletons
from spex_plugins.core.regression.lasso import least_squares, path_start, path_step
from spex_plugins.core.regression.moments import fold_moments


def problem(seed, outputs, m=300, n=8, noise=0.5):
    """Characters of orders 1 and 2, a sparse truth with noise; returns moments and explicit columns."""
    rng = np.random.default_rng(seed)
    supports = combine([singletons(n), all_of_order(n, 2)], n)
    masks = rng.random((m, n)) < rng.uniform(0.2, 0.8, n)  # unbalanced, hence correlated columns
    signs = np.column_stack([1.0 - 2.0 * masks, np.ones(m)])
    X = signs[:, supports[:, 0]] * signs[:, supports[:, 1]]
    beta = rng.normal(size=(len(supports), outputs)) * (rng.random((len(supports), 1)) < 0.2)
    Y = X @ beta + 1.0 + noise * rng.normal(size=(m, outputs))
    return fold_moments(masks, Y, supports, np.zeros(m, dtype=int), 1)[0], X, Y


def path_to(moments, weights, penalties):
    point = path_start(moments, weights)
    for penalty in penalties:
        point = path_step(moments, weights, penalty, point)
        yield point


def objective(X, Y, beta, penalty, weights):
    left = Y - Y.mean(axis=0) - (X - X.mean(axis=0)) @ beta
    return (left**2).sum() / (2 * len(X)) + penalty * (weights * np.linalg.norm(beta, axis=1)).sum()


PENALTIES = [0.3, 0.1, 0.03, 0.01, 0.003]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_one_output_equals_lasso(seed):
    moments, X, Y = problem(seed, 1)
    ones = np.ones(X.shape[1])
    for penalty, point in zip(PENALTIES, path_to(moments, ones, PENALTIES), strict=True):
        theirs = Lasso(alpha=penalty, tol=1e-12, max_iter=100_000).fit(X, Y[:, 0])
        np.testing.assert_allclose(point.beta[:, 0], theirs.coef_, atol=2e-2 * penalty)
        intercept = moments.intercept(np.arange(X.shape[1]), point.beta)
        np.testing.assert_allclose(intercept, theirs.intercept_, atol=2e-2 * penalty)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_several_outputs_equal_multi_task_lasso(seed):
    moments, X, Y = problem(seed, 3)
    ones = np.ones(X.shape[1])
    for penalty, point in zip(PENALTIES, path_to(moments, ones, PENALTIES), strict=True):
        theirs = MultiTaskLasso(alpha=penalty, tol=1e-12, max_iter=100_000).fit(X, Y)
        np.testing.assert_allclose(point.beta, theirs.coef_.T, atol=2e-2 * penalty)


@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.sampled_from([20, 60, 300]))
def test_optimality_conditions_hold_with_weights(seed, outputs, m):
    """‖∂‖ = penalty·weight where β ≠ 0 and at most that elsewhere; also with fewer samples than columns."""
    moments, X, Y = problem(seed, outputs, m=m)
    weights = np.random.default_rng(seed).uniform(0.5, 3.0, X.shape[1])
    x, y = X - X.mean(axis=0), Y - Y.mean(axis=0)
    for point in path_to(moments, weights, [0.5, 0.2, 0.05, 0.02]):
        gradient = x.T @ (y - x @ point.beta) / m
        limit = point.penalty * weights
        assert (np.linalg.norm(gradient, axis=1) <= 1.02 * limit).all()
        for j in point.columns:
            direction = point.beta[j] / np.linalg.norm(point.beta[j])
            np.testing.assert_allclose(gradient[j], limit[j] * direction, atol=0.02 * limit[j])


@pytest.mark.parametrize("seed", [270, 628, 653, 934, 1191])
def test_the_path_converges_where_columns_of_few_pairs_are_each_others_negatives(seed):
    """It diverged: the step was too long where the largest eigenvalue is that of their difference."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 8))
    pairs = rng.random((int(rng.integers(3, 6)), n)) < 0.5
    masks = np.concatenate([pairs, ~pairs])
    supports = combine([singletons(n), all_of_order(n, 2)], n)
    values = (1.0 * (masks[:, 0] & masks[:, -1]))[:, None]
    moments = fold_moments(masks, values, supports, np.zeros(len(masks), dtype=int), 1)[0]
    for point in path_to(moments, np.ones(len(supports)), [0.1, 0.03, 0.01, 0.003]):
        assert np.linalg.norm(point.gradient, axis=1).max() <= 1.02 * point.penalty
        assert np.abs(point.beta).sum() <= np.abs(values).sum() / point.penalty


@pytest.mark.parametrize("seed", range(8))
def test_columns_that_the_strong_rule_left_out_come_back(seed):
    """On these problems the rule is wrong at some penalty; the optimality conditions find it out."""
    moments, X, Y = problem(seed, 1, m=60)
    start = path_start(moments, np.ones(X.shape[1])).penalty
    x, y = X - X.mean(axis=0), Y - Y.mean(axis=0)
    for point in path_to(moments, np.ones(X.shape[1]), start * 0.8 ** np.arange(1, 26)):
        assert (np.abs(x.T @ (y - x @ point.beta) / len(X)) <= 1.02 * point.penalty).all()


@given(st.integers(0, 2**32 - 1))
def test_infinite_weights_keep_columns_out(seed):
    moments, X, _ = problem(seed, 2)
    weights = np.ones(X.shape[1])
    weights[::2] = np.inf
    for point in path_to(moments, weights, PENALTIES):
        assert not point.beta[::2].any()
    assert point.beta[1::2].any()


@given(st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_the_path_starts_where_the_first_column_enters(seed, outputs):
    moments, X, _ = problem(seed, outputs)
    ones = np.ones(X.shape[1])
    start = path_start(moments, ones)
    assert len(start.columns) == 0
    assert len(path_step(moments, ones, 1.0001 * start.penalty, start).columns) == 0
    assert len(path_step(moments, ones, 0.98 * start.penalty, start).columns) >= 1


def test_warm_and_cold_starts_agree():
    moments, X, Y = problem(5, 2)
    ones = np.ones(X.shape[1])
    *_, warm = path_to(moments, ones, PENALTIES)
    (cold,) = path_to(moments, ones, PENALTIES[-1:])
    values = [objective(X, Y, p.beta, PENALTIES[-1], ones) for p in (warm, cold)]
    assert abs(values[0] - values[1]) < 1e-6 * values[0]
    np.testing.assert_allclose(warm.beta, cold.beta, atol=5e-2 * PENALTIES[-1])


@given(st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_least_squares_equals_numpy(seed, outputs):
    moments, X, Y = problem(seed, outputs)
    columns = np.random.default_rng(seed).choice(X.shape[1], 12, replace=False)
    expected = np.linalg.lstsq(np.column_stack([X[:, columns], np.ones(len(X))]), Y, rcond=None)[0]
    found = least_squares(moments, columns)
    np.testing.assert_allclose(found, expected[:-1], atol=1e-9)
    np.testing.assert_allclose(moments.intercept(columns, found), expected[-1], atol=1e-9)


def test_least_squares_is_refused_where_it_is_not_unique():
    moments, X, _ = problem(0, 1, m=20)
    assert least_squares(moments, np.arange(X.shape[1])) is None
    masks = np.repeat(np.random.default_rng(0).random((50, 1)) < 0.5, 2, axis=1)
    twins = fold_moments(masks, np.ones((50, 1)), singletons(2), np.zeros(50, dtype=int), 1)[0]
    assert least_squares(twins, np.arange(2)) is None
    assert least_squares(twins, np.arange(1)) is not None


def test_least_squares_on_no_columns_is_empty():
    moments, _, _ = problem(0, 2)
    assert least_squares(moments, np.empty(0, dtype=np.intp)).shape == (0, 2)
