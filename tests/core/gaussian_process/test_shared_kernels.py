"""Kernels that functions at the same masks share."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles import all_masks

from spex_plugins.core.kernels.product_kernel import ProductKernel
from spex_plugins.core.parity_process.common_kernel import common_kernel, expected_curvature
from spex_plugins.core.parity_process.gram import part_gram
from spex_plugins.core.parity_process.kernel_prior import mean_kernel
from spex_plugins.core.parity_process.likelihood import JITTER, NegativeLogPosterior, PartKernel
from spex_plugins.core.parity_process.process import fit_part
from spex_plugins.core.parity_process.shared_kernels import SharedKernels

N = 10
MASKS = np.random.default_rng(0).permutation(all_masks(N)[1 : 2 ** (N - 1)])[:120]  # one of every pair


def kernel_of(logs):
    *rates, a, b, c, noise = np.exp(logs)
    return PartKernel(ProductKernel(np.array(rates), np.array([a, b, c])), noise)


def logs_of(kernel):
    return np.log([*kernel.product.rates, *kernel.product.amplitudes, kernel.noise])


INNER, OUTER = np.random.default_rng(1).normal(size=(N, 8)), np.random.default_rng(2).normal(size=8)


def part(row, sign):
    """The odd or even part of a smooth model at a row, (p, 1); masked features are 0."""
    x = np.random.default_rng(row).normal(size=N)
    first, second = (np.tanh((masks * x) @ INNER / 2) @ OUTER for masks in (MASKS, ~MASKS))
    values = ((first + sign * second) / np.sqrt(2))[:, None]
    return values - values.mean()


@pytest.mark.parametrize("sign", [-1, 1])
def test_expected_curvature_is_that_of_the_definition(sign):
    masks = all_masks(4)[1:8]
    kernel = PartKernel(ProductKernel(np.array([0.3, 0.9, 0.5, 1.2]), np.array([0.5, 0.3, 0.2])), 0.1)

    def covariance(logs):
        one = kernel_of(logs)
        return part_gram(one.product, sign, masks, masks) + (one.noise + JITTER) * np.eye(len(masks))

    at = logs_of(kernel)
    slopes = [(covariance(at + s) - covariance(at - s)) / 2e-5 for s in 1e-5 * np.eye(len(at))]
    ratios = [np.linalg.solve(covariance(at), slope) for slope in slopes]
    expected = [[np.trace(a @ b) / 2 for b in ratios] for a in ratios]
    assert_allclose(expected_curvature(sign, masks, kernel), expected, atol=1e-8)


@pytest.mark.parametrize("sign", [-1, 1])
def test_an_adjusted_kernel_is_likelier_than_the_common_one(sign):
    scaled = [one / one.std() for one in (part(seed, sign) for seed in range(5))]
    common = common_kernel(sign, MASKS, scaled[:4], 1.0)
    other = np.random.default_rng(3).normal(size=(len(MASKS), 1))
    for values in (scaled[4], other / other.std()):
        posterior = NegativeLogPosterior(MASKS, {sign: values}, 1.0)
        costs = []
        for kernel in (common.start, common.adjusted(values)):
            logs = logs_of(kernel)
            costs.append(posterior(np.append(logs, logs[:N].mean()))[0])
        assert costs[1] < costs[0]


@pytest.mark.slow
def test_the_first_functions_are_fitted_alone_and_the_others_as_well():
    shared, first, harder = SharedKernels(), [], 0
    for row in range(14):
        values = part(row, 1)
        alone = fit_part(1, MASKS, values, np.random.default_rng(0))
        together = fit_part(1, MASKS, values, np.random.default_rng(0), shared)
        left = [(one.left_out[0] ** 2).sum() / (values**2).sum() for one in (alone, together)]
        if row < 4:
            assert not together.origin
            assert_allclose(together.weights, alone.weights, rtol=0, atol=0)
            first.append(left[0])
        else:
            assert together.origin
            assert left[1] < max(2.6 * np.median(first), 1.1 * left[0])
            harder += left[1] > 2.6 * np.median(first)
    assert harder  # of which the search goes on


def test_noise_is_fitted_alone():
    shared = SharedKernels()
    origins = [fit_part(1, MASKS, part(row, 1), np.random.default_rng(0), shared).origin for row in range(8)]
    assert any(origins)
    noise = np.random.default_rng(1).normal(size=(len(MASKS), 1))
    alone = fit_part(1, MASKS, noise, np.random.default_rng(0))
    together = fit_part(1, MASKS, noise, np.random.default_rng(0), shared)
    assert_allclose(together.weights, alone.weights, rtol=0, atol=0)


def test_the_shared_kernel_is_searched_further_where_it_leaves_more_than_is_enough():
    """A product of all features is unlike the first functions, and left unexplained by their kernel."""
    shared = SharedKernels()
    for row in range(4):
        fit_part(1, MASKS, part(row, 1), np.random.default_rng(0), shared)
    signs = (1 - 2 * MASKS[:, :4]).prod(axis=1, keepdims=True) + 0.1 * part(4, 1)
    values = signs - signs.mean()
    adjusted, most = shared.kernel(1, MASKS, values / values.std())
    fits = {
        enough: fit_part(1, MASKS, values, np.random.default_rng(0), shared, enough=enough)
        for enough in (0.0, np.inf)
    }
    assert_allclose(logs_of(fits[np.inf].kernel), logs_of(adjusted))
    errors = {enough: (fit.left_out[0] ** 2).sum() for enough, fit in fits.items()}
    assert errors[np.inf] > most * (values**2).sum()  # so that it is searched if nothing is enough
    assert errors[0.0] < errors[np.inf]


def test_other_masks_and_outputs_are_not_shared():
    shared = SharedKernels()
    for row in range(4):
        fit_part(1, MASKS, part(row, 1), np.random.default_rng(0), shared)
    values = part(4, 1)
    assert fit_part(1, MASKS, values, np.random.default_rng(0), shared).origin
    assert not fit_part(1, MASKS[:-1], values[:-1], np.random.default_rng(0), shared).origin
    assert not fit_part(1, MASKS, np.tile(values, 2), np.random.default_rng(0), shared).origin
    assert not fit_part(-1, MASKS, part(4, -1), np.random.default_rng(0), shared).origin


def test_features_that_no_kernel_knows_get_the_mean_rate():
    kernels = [PartKernel(ProductKernel(np.exp(r), np.ones(3)), 0.1) for r in ([0.0, 2.0], [4.0, 2.0])]
    found = mean_kernel([np.array([0.0, np.nan, np.nan]), np.array([4.0, 2.0, np.nan])], kernels)
    assert_allclose(np.log(found.product.rates), [2.0, 2.0, 2.0 + np.log(2 / 3)])
    assert_allclose([*found.product.amplitudes, found.noise], [1, 1, 1, 0.1])
