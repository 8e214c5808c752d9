"""The default with neither few features nor few masks: two fits, of which left-out errors choose one."""

import numpy as np
import pytest

import spex_plugins as spex
from spex_plugins.estimators import GaussianProcessEstimator, Shapley, SparseRegression, Stacking
from spex_plugins.estimators.auto import Auto

N, BUDGET = 20, 400


def noisy_or(masks):
    """Probability that one of several causes acts."""
    return 1 - np.exp(masks @ np.log1p(-np.linspace(0.02, 0.6, N)))


@pytest.mark.parametrize("index", [None, "BV"])
def test_a_smooth_function_gets_the_fit_of_shapley(index):
    fresh = np.random.default_rng(0).random((2000, N)) < 0.5
    design = Auto(index).draw(N, BUDGET, None, np.random.default_rng(1))
    values = noisy_or(design.masks)[:, None]

    def error(estimator):
        fit = estimator.fit_samples(
            design.masks, values, design=design, max_order=None, rng=np.random.default_rng(2)
        )
        return ((fit.function.predict(fresh)[:, 0] - noisy_or(fresh)) ** 2).mean()

    regression = Stacking([SparseRegression(), GaussianProcessEstimator()])
    assert error(Auto(index)) < 0.5 * error(regression)
    assert error(Auto(index)) == pytest.approx(error(Shapley("BV")), rel=0.3)


def test_few_masks_of_which_some_have_all_sizes_have_a_measured_r2():
    found = spex.explain(noisy_or, N, budget=200, progress=False)
    fresh = np.random.default_rng(0).random((2000, N)) < 0.5
    true = 1 - ((found.predict(fresh) - noisy_or(fresh)) ** 2).mean() / noisy_or(fresh).var()
    assert found.r2 == pytest.approx(true, abs=3 * found.r2_error + 0.01)


def test_a_wished_order_limits_the_terms():
    found = spex.explain(noisy_or, N, budget=BUDGET, max_order=2, progress=False)
    assert max(map(len, found.spectrum.as_dict())) == 2


@pytest.mark.slow
def test_the_stated_r2_of_a_network_is_not_too_good():
    """Kernels that are learned from a mask make its left-out error small by a quarter here."""
    stated, true = [], []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        inner, outer = rng.normal(size=(24, 40)) / np.sqrt(24), rng.normal(size=40)

        def network(masks, inner=inner, outer=outer):
            return np.tanh(3 * (masks - 0.5) @ inner) @ outer

        found = spex.explain(network, 24, budget=BUDGET, seed=seed, progress=False)
        fresh = rng.random((2000, 24)) < 0.5
        values = network(fresh)
        stated.append(float(found.r2))
        true.append(1 - ((found.predict(fresh) - values) ** 2).mean() / values.var())
    assert np.mean(stated) == pytest.approx(np.mean(true), abs=0.03)
