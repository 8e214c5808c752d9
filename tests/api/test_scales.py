"""Values of any size and offset are explained like those of ordinary size, and R² says what is true."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

import spex_plugins as spex

ESTIMATORS = ["auto", "shapley", "spex", "gaussian_process", "sparse_regression", "stacking"]
ESTIMATORS.append(pytest.param("proxyspex", marks=pytest.mark.slow))
FRESH = np.random.default_rng(9).random((1000, 20)) < 0.5


def simple(masks):
    return 2.0 * masks[:, 0] + masks[:, 1] * masks[:, 2]


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize(
    ("scale", "offset"),
    [
        *[(1, 1e13), (1e160, 0), (1e-310, 0)],
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in [(1, 1e12), (-1, -1e14), (1e-200, 0), (1e307, 0), (1e280, 1e290)]
        ),
    ],
)
def test_scales_and_offsets(estimator, scale, offset):
    found = spex.explain(
        lambda m: offset + scale * simple(m), 20, budget=200, estimator=estimator, progress=False
    )
    # What the answers themselves have lost to rounding, and a Gaussian process takes for noise.
    lost = np.spacing(abs(offset)) / abs(scale) + np.spacing(scale) / abs(scale)
    off = (found.predict(FRESH) - offset) / scale - simple(FRESH)
    assert 1 - (off**2).mean() / simple(FRESH).var() > 0.999
    assert found.r2 == pytest.approx(1.0, abs=1e-3)
    single = found.single_values().values / scale
    assert_allclose(single, [2.0, 0.5, 0.5, *[0.0] * 17], atol=1e-3 + 4 * lost)
    assert found.index("FSII").terms[0] == (0,)
    assert "x1 × x2" in repr(found)
    assert np.isfinite(found.deviations(found.top(1))).all() or np.isnan(found.deviations(found.top(1))).all()


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_outputs_of_all_scales_together(estimator):
    def function(masks):
        return np.column_stack(
            [1e160 * simple(masks), 1e13 + simple(masks), simple(masks), 5.0 + 0 * simple(masks)]
        )

    found = spex.explain(function, 20, budget=200, estimator=estimator, progress=False)
    assert_allclose(found.r2, [1, 1, 1, np.nan], atol=1e-3)
    values = found.single_values().values / [1e160, 1, 1, 1]
    assert_allclose(values[:3], [[2, 2, 2, 0], [0.5, 0.5, 0.5, 0], [0.5, 0.5, 0.5, 0]], atol=1e-2)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_variation_that_float64_cannot_hold_is_none(estimator):
    found = spex.explain(lambda m: 1e17 + simple(m), 20, budget=200, estimator=estimator, progress=False)
    assert np.isnan(found.r2)
    assert "rounding errors" in found.r2_source
    assert found.predict(FRESH).tolist() == [1e17] * len(FRESH)


def test_all_masks_with_a_far_offset():
    masks = np.array([[bool(i >> k & 1) for k in range(8)] for i in range(256)])
    found = spex.explain(lambda m: 1e13 + simple(m), 8, progress=False)
    assert_allclose(found.predict(masks), 1e13 + simple(masks), rtol=1e-15)
    assert_allclose(found.single_values().values[:3], [2.0, 0.5, 0.5], atol=1e-2)
    assert len(found.index("SV")) == 3


def test_a_rare_value_that_no_mask_met_is_no_perfect_fit():
    """All answers are equal: the function may be constant, or not."""
    found = spex.explain(
        lambda m: (m[:, :15].all(axis=1) & ~m[:, 15:].any(axis=1)) * 1.0, 30, budget=300, progress=False
    )
    assert np.isnan(found.r2)
    assert "equal" in found.r2_source
