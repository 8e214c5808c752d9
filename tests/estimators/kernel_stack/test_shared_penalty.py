"""The penalty of logistic curves that many functions share."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from spex_plugins.estimators.kernel_stack.logistic_member import N_FIRST, SharedPenalty, fit_curves
from spex_plugins.estimators.kernel_stack.member import Samples, pair_folds

N = 9
RNG = np.random.default_rng(0)
HALF = RNG.random((60, N)) < 0.5
MASKS = np.unique(np.concatenate([HALF, ~HALF]), axis=0)
FOLDS = pair_folds(MASKS, np.random.default_rng(0))
SLOPES = RNG.normal(size=(N_FIRST + 3, N))


def samples(row):
    values = expit(2 * (MASKS - 0.5) @ SLOPES[row])[:, None]
    return Samples(MASKS, values, np.ones(len(MASKS), dtype=bool), FOLDS, np.ones(len(MASKS)))


def test_the_first_functions_are_fitted_as_if_alone_and_choose_the_penalty_of_the_others():
    shared = SharedPenalty()
    all_penalties = shared.penalties
    for row in range(N_FIRST):
        assert shared.penalties == all_penalties
        alone, together = fit_curves(samples(row), None), fit_curves(samples(row), None, shared)
        np.testing.assert_array_equal(alone.fitted, together.fitted)
    best = all_penalties[int(np.sum(shared.errors, axis=0).argmin())]
    assert shared.penalties == (best,)


def test_further_functions_are_fitted_as_well_with_one_penalty():
    shared = SharedPenalty()
    for row in range(N_FIRST):
        fit_curves(samples(row), None, shared)
    for row in range(N_FIRST, len(SLOPES)):
        one = samples(row)
        found = fit_curves(one, None, shared)
        assert ((found.fitted - one.values) ** 2).mean() < 1e-4 * one.values.var()
    assert len(shared.errors) == N_FIRST
