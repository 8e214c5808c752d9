"""R² against the function without noise, where all masks are asked."""

from __future__ import annotations

import numpy as np
import pytest

import spex_plugins as spex


@pytest.mark.parametrize(("signal", "deviation", "budget"), [(1.0, 1.0, 1000), (2.0, 0.5, 300)])
def test_r2_of_a_single_feature(signal, deviation, budget):
    rng = np.random.default_rng(0)

    def noisy(masks):
        return signal * masks[:, 0] + deviation * rng.normal(size=len(masks))

    found = spex.explain_noisy(noisy, 1, budget=budget, progress=False).interactions
    empty, full = found.predict(np.array([[False], [True]]))
    missed = ((empty - 0.0) ** 2 + (full - signal) ** 2) / 2 - ((empty + full - signal) / 2) ** 2
    truth = 1 - missed / (signal**2 / 4)
    assert 0.95 < found.r2 <= 1.0
    assert abs(found.r2 - truth) < 3 * found.r2_error + 0.01
    assert found.r2_error < 0.05


@pytest.mark.parametrize("seed", range(6))
def test_r2_of_noise_alone_is_not_known(seed):
    rng = np.random.default_rng(seed)
    noisy = spex.explain_noisy(lambda masks: 0.5 * rng.normal(size=len(masks)), 4, budget=200, progress=False)
    found = noisy.interactions
    assert np.isnan(found.r2) or abs(found.r2) < 3 * found.r2_error
    assert np.isnan(found.r2) == np.isnan(found.r2_error)
