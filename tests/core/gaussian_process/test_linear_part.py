"""A free linear part: by its definition, where it belongs, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

import spex_plugins as spex
from spex_plugins.core.basis.feature_sets import singletons
from spex_plugins.core.designs.singles_design import singles_masks
from spex_plugins.core.gaussian_process.conditioning import condition, fit_gaussian_process
from spex_plugins.core.gaussian_process.linear_part import with_linear_part


def second_order(n, seed):
    """A function of single features and pairs, and its Shapley values."""
    rng = np.random.default_rng(seed)
    single, pairs = rng.normal(size=n), np.triu(rng.normal(size=(n, n)), 1) / np.sqrt(n)
    return lambda x: x @ single + np.einsum("mi,ij,mj->m", x * 1.0, pairs, x * 1.0), single + (
        pairs.sum(axis=0) + pairs.sum(axis=1)
    ) / 2


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
@pytest.mark.parametrize("more", [2, 3, 4, 40, 300])
def test_values_of_second_order_functions_are_exact_from_two_masks_a_feature_on(seed, more):
    n = 30
    function, exact = second_order(n, seed)
    found = spex.explain(function, n, budget=2 * n + more, estimator="shapley", seed=seed, progress=False)
    assert_allclose(found.single_values().values, exact, atol=1e-3 * np.abs(exact).mean())


def process_of(function, n, m, seed):
    rng = np.random.default_rng(seed)
    masks = np.concatenate([np.repeat([[False], [True]], n, axis=1), singles_masks(n, m - 2, rng)])
    values = function(masks)[:, None]
    return fit_gaussian_process(masks, values, rng)


def test_the_choice_is_by_the_left_out_errors_of_both():
    """The errors without penalty that the choice rests on are those of the process without penalty."""
    n, chosen = 12, []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        inner, outer = rng.normal(size=(n, 8)) / np.sqrt(n), rng.normal(size=8)
        strength = (0.1, 1.0, 3.0)[seed % 3]
        process = process_of(lambda x: np.tanh(strength * (x @ inner)) @ outer, n, 60, seed)  # noqa: B023
        kernel = process.kernel.extended(singletons(n), np.full(n, 1e5))
        free = condition(kernel, process.noise, process.samples, process.untouched)
        bound_odd, free_odd = (
            np.sum((one.left_out[0][2::2] - one.left_out[0][3::2]) ** 2) for one in (process, free)
        )
        found = with_linear_part(process)
        assert (found is not process) == (free_odd < bound_odd)
        chosen.append(found is not process)
        if chosen[-1]:
            assert_allclose(found.weights, free.weights, rtol=1e-6, atol=1e-6)
    assert 0 < sum(chosen) < 12


def test_fewer_pairs_than_features_leave_the_process_as_it_is():
    function, _ = second_order(30, 0)
    process = process_of(function, 30, 58, 0)
    assert with_linear_part(process) is process
