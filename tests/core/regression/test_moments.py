"""Second moments against the same sums over an explicit matrix of signs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spex_plugins.core.regression import moments as module
from spex_plugins.core.regression.moments import fold_moments


def draw(seed, m=None, outputs=2):
    rng = np.random.default_rng(seed)
    m, n = m or int(rng.integers(6, 300)), int(rng.integers(2, 30))
    masks = rng.random((m, n)) < 0.5
    supports = np.sort(rng.permuted(np.tile(np.arange(n + 1), (15, 1)), axis=1)[:, :2], axis=1)
    values = rng.normal(3.0, 2.0, size=(m, outputs))
    signs = np.column_stack([np.ones(m), 1.0 - 2.0 * masks])
    signs = np.roll(signs, -1, axis=1)  # column n is the empty slot
    matrix = signs[:, supports[:, 0]] * signs[:, supports[:, 1]]
    return masks, values, supports, matrix, rng


seeds = st.integers(0, 2**32 - 1)


def all_of(masks, values, supports):
    return fold_moments(masks, values, supports, np.zeros(len(masks), dtype=int), 1)[0]


@given(seeds)
def test_sums(seed):
    masks, values, supports, X, _ = draw(seed)
    total = all_of(masks, values, supports)
    assert total.count == len(masks)
    np.testing.assert_array_equal(total.xx, X.T @ X)
    np.testing.assert_array_equal(total.x, X.sum(axis=0))
    np.testing.assert_allclose(total.xy, X.T @ values, atol=1e-10)
    np.testing.assert_allclose(total.y, values.sum(axis=0), atol=1e-10)
    np.testing.assert_allclose(total.yy, (values**2).sum(axis=0), atol=1e-10)


@given(seeds)
def test_centred_moments(seed):
    masks, values, supports, X, rng = draw(seed)
    total = all_of(masks, values, supports)
    x, y = X - X.mean(axis=0), values - values.mean(axis=0)
    columns = rng.choice(len(supports), 6, replace=False)
    beta = rng.normal(size=(6, 2))
    m = len(masks)
    np.testing.assert_allclose(total.covariance_xy, x.T @ y / m, atol=1e-12)
    np.testing.assert_allclose(total.variance_y, y.var(axis=0), atol=1e-11)
    np.testing.assert_allclose(total.covariance_xx(columns), x[:, columns].T @ x[:, columns] / m, atol=1e-12)
    product = x.T @ (x[:, columns] @ beta) / m
    np.testing.assert_allclose(total.covariance_xx_times(columns, beta), product, atol=1e-5)


@given(seeds)
def test_errors_and_intercepts_are_those_of_the_predictions(seed):
    masks, values, supports, X, rng = draw(seed)
    total = all_of(masks, values, supports)
    columns, beta = rng.choice(len(supports), 6, replace=False), rng.normal(size=(6, 2))
    intercept = total.intercept(columns, beta)
    left = values - X[:, columns] @ beta - intercept
    np.testing.assert_allclose(left.mean(axis=0), 0.0, atol=1e-12)
    other = intercept + 0.7
    np.testing.assert_allclose(
        total.squared_error(intercept, columns, beta), (left**2).sum(axis=0), rtol=1e-9
    )
    errors = ((left - 0.7) ** 2).sum(axis=0)
    np.testing.assert_allclose(total.squared_error(other, columns, beta), errors, rtol=1e-9)


@given(seeds, st.integers(1, 5))
def test_folds_add_up_and_subtract(seed, n_folds):
    masks, values, supports, X, rng = draw(seed)
    folds = rng.integers(0, n_folds, len(masks))
    parts = fold_moments(masks, values, supports, folds, n_folds)
    total = sum(parts[1:], start=parts[0])
    whole = all_of(masks, values, supports)
    for k, part in enumerate(parts):
        inside = folds == k
        assert part.count == inside.sum()
        np.testing.assert_array_equal(part.xx, X[inside].T @ X[inside])
        rest = total - part
        np.testing.assert_array_equal(rest.xx, X[~inside].T @ X[~inside])
        np.testing.assert_allclose(rest.xy, X[~inside].T @ values[~inside], atol=1e-10)
        np.testing.assert_allclose(rest.yy, (values[~inside] ** 2).sum(axis=0), atol=1e-9)
    assert total.count == whole.count
    np.testing.assert_array_equal(total.xx, whole.xx)


@pytest.mark.parametrize("m", [200, 1000])
def test_chunks_do_not_change_the_sums(monkeypatch, m):
    masks, values, supports, _, _ = draw(3, m=m)
    whole = all_of(masks, values, supports)
    monkeypatch.setattr(module, "_CHUNK", 100)
    parts = all_of(masks, values, supports)
    np.testing.assert_array_equal(parts.xx, whole.xx)
    np.testing.assert_allclose(parts.xy, whole.xy, atol=1e-10)
