"""The variance of end points that lie far from the rest, against conditioning written out."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import spex_plugins as spex
from spex_plugins.core.kernels.cholesky import factorised
from spex_plugins.core.kernels.end_variance import end_variance


@pytest.mark.parametrize("off", [0.5, 9.0])
@pytest.mark.parametrize("ends", [[0], [0, 5]])
def test_it_is_what_the_square_of_the_error_exceeds(ends, off):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(12, 30))
    matrix, values = rows @ rows.T / 30, rng.normal(size=(12, 2)) * 0.1
    others = np.setdiff1d(np.arange(12), ends)
    gain = np.linalg.solve(matrix[np.ix_(others, others)], matrix[np.ix_(others, ends)])
    expected = np.diag(matrix[np.ix_(ends, ends)] - matrix[np.ix_(ends, others)] @ gain)
    values[ends] = gain.T @ values[others]  # as predicted, but for the last
    values[ends[-1]] += off * np.sqrt(expected[-1])
    weights = np.linalg.solve(matrix, values)
    found = end_variance(factorised(matrix.copy()), weights, np.array(ends))
    assert_allclose(found, (off**2 - 1) * expected[-1] if off > 2 else 0.0, rtol=1e-9)


def test_without_end_points_there_is_none():
    assert end_variance(factorised(np.eye(3)), np.ones((3, 1)), np.empty(0, dtype=np.intp)) == 0.0


@pytest.mark.parametrize("index", ["SV", "k-SII"])
def test_an_empty_mask_far_away_changes_nothing_but_its_own_share(index):
    """Shapley values are linear, and those of a function of the empty mask alone are all the same."""
    n, far = 12, 40.0
    weights = np.random.default_rng(1).normal(size=(n, 3))

    def near(masks):
        return np.tanh(masks @ weights / 2).sum(axis=1)

    def shifted(masks):
        return near(masks) - far * ~masks.any(axis=1)

    one, other = (
        spex.explain(f, n, budget=150, index=index, seed=0, progress=False).single_values("SV")
        for f in (near, shifted)
    )
    truth = spex.explain(near, n, budget=2**n, progress=False).single_values("SV").values
    scale = np.sqrt((truth**2).mean())
    wrong, as_before = (
        np.sqrt(((found - truth) ** 2).mean()) / scale for found in (other.values - far / n, one.values)
    )
    assert wrong < 2 * as_before + 0.01
    assert (np.abs(other.values - far / n - truth) < 4 * other.deviations).all()
