"""Gaussian processes of parts and of whole values, against their definitions over all 2^n masks."""

from __future__ import annotations

import numpy as np
import pytest
from index_tables import CASES, index_matrix, sets_of
from numpy.testing import assert_allclose
from oracles import all_masks

from spex_plugins.core.basis.feature_sets import from_sets
from spex_plugins.core.kernels.cholesky import factorised
from spex_plugins.core.kernels.product_kernel import SCALES, ProductKernel
from spex_plugins.core.parity_process import likelihood as part_likelihood
from spex_plugins.core.parity_process.gram import part_gram, part_noise
from spex_plugins.core.parity_process.index import PartUncertainty, part_index_variances
from spex_plugins.core.parity_process.likelihood import PartKernel, learn_part_kernel
from spex_plugins.core.parity_process.process import fit_part
from spex_plugins.core.sized_process import likelihood as whole_likelihood
from spex_plugins.core.sized_process.index import expansion_index, index_covariance, index_variance
from spex_plugins.core.sized_process.kernel import SizedKernel
from spex_plugins.core.sized_process.process import WholeUncertainty, fit_whole

N = 5
RNG = np.random.default_rng(0)
RATES, AMPLITUDES = RNG.gamma(1.0, 0.4, size=N), np.array([2.0, 0.5, 0.3])
SIZED = SizedKernel(RATES, AMPLITUDES, np.array([1.0, -2.0, 0.5]))
PART = PartKernel(ProductKernel(RATES, AMPLITUDES), 0.1)
MASKS = all_masks(N)


def literal_gram(kernel, a, b):
    out = np.zeros((len(a), len(b)))
    for amplitude, tilt, scale in zip(kernel.amplitudes, kernel.tilts, SCALES, strict=True):
        for i, x in enumerate(a):
            for j, y in enumerate(b):
                sizes = np.exp(tilt * (x.mean() - 0.5)) * np.exp(tilt * (y.mean() - 0.5))
                out[i, j] += amplitude * sizes * np.exp(-scale * kernel.rates[x != y].sum())
    return out


def test_gram_of_sizes():
    assert_allclose(SIZED.gram(MASKS, MASKS[:7]), literal_gram(SIZED, MASKS, MASKS[:7]), rtol=1e-12)
    assert_allclose(SIZED.variances(MASKS), np.diag(SIZED.gram(MASKS, MASKS)), rtol=1e-12)
    many = np.random.default_rng(1).random((600, N)) < 0.5  # several tiles
    number = many @ (1 << np.arange(N))
    assert_allclose(SIZED.gram(many, many), SIZED.gram(MASKS, MASKS)[np.ix_(number, number)], rtol=1e-10)


@pytest.mark.parametrize(("symbol", "order"), CASES)
def test_index_of_a_process_with_sizes(symbol, order):
    weights, gram, rows = index_matrix(symbol, order, N), SIZED.gram(MASKS, MASKS), sets_of(N, order)
    assert_allclose(index_covariance(SIZED, MASKS, rows, symbol, order), gram @ weights.T, atol=1e-10)
    expected = np.einsum("ui,ij,uj->u", weights, gram, weights)
    assert_allclose(index_variance(SIZED, rows, symbol, order), expected, atol=1e-10)
    asked, w = MASKS[::3], RNG.normal(size=len(MASKS[::3]))
    found = expansion_index(SIZED, asked, w, rows, symbol, order)
    assert_allclose(found, weights @ SIZED.gram(MASKS, asked) @ w, atol=1e-10)


@pytest.mark.parametrize("symbol", ["FSII", "BII", "Fourier"])
def test_index_of_an_expansion_of_many_features(symbol):
    """From 66 features on, sets of all sizes share the nodes of the quadrature."""
    rng, n = np.random.default_rng(0), 80
    kernel = SizedKernel(rng.gamma(1.0, 0.02, size=n), AMPLITUDES, SIZED.tilts)
    masks, w = rng.random((50, n)) < 0.5, rng.normal(size=50)
    rows = from_sets([(), (3,), (7, 79), (3, 7), (0, 1, 2), (2, 5, 9), (9,)], n)
    expected = index_covariance(kernel, masks, rows, symbol, 3).T @ w
    assert_allclose(expansion_index(kernel, masks, w, rows, symbol, 3), expected, atol=1e-12)
    some = from_sets([()], n)
    assert_allclose(expansion_index(kernel, masks, w, some, symbol, 3), expected[:1], atol=1e-12)


@pytest.mark.parametrize(("symbol", "order"), CASES)
def test_deviations_of_a_process_with_sizes(symbol, order):
    """What the kernel does not explain is part of the function, known where it was asked."""
    rows, weights = sets_of(N, order), index_matrix(symbol, order, N)
    asked = np.r_[0, 2**N - 1, RNG.permutation(np.arange(1, 2**N - 1))[:12]]
    noise = np.where((MASKS.sum(axis=1) % N) > 0, 0.1, 0.0) + whole_likelihood.JITTER
    whole = SIZED.gram(MASKS, MASKS) + np.diag(noise)
    expected = _posterior(weights, whole, asked)
    found = WholeUncertainty(SIZED, 0.1, MASKS[asked], np.array([1.0, 2.0])).deviations(rows, symbol, order)
    assert_allclose(found**2, np.outer(expected, [1.0, 4.0]), atol=1e-9)


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize(("symbol", "order"), CASES)
def test_deviations_of_a_part(symbol, order, sign):
    half = MASKS[: 2 ** (N - 1)]  # masks without the last feature; their complements have it
    weights = index_matrix(symbol, order, N)
    of_pairs = (weights[:, : len(half)] + sign * weights[:, ::-1][:, : len(half)]) / np.sqrt(2)
    whole = part_gram(PART.product, sign, half, half) + np.diag(part_noise(PART.noise, half))
    asked = np.r_[0, 1 + RNG.permutation(len(half) - 1)[:8]]
    factor = factorised(whole[np.ix_(asked, asked)].copy())
    found = part_index_variances(PART, sign, half[asked], factor, sets_of(N, order), symbol, order)
    assert_allclose(found, _posterior(of_pairs, whole, asked), atol=1e-9)
    uncertainty = PartUncertainty(PART, sign, half[asked], np.array([3.0]))
    again = uncertainty.deviations(sets_of(N, order), symbol, order)
    assert_allclose(again[:, 0] ** 2, 9 * found, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("share", [0.3, 1.0])
@pytest.mark.parametrize(("symbol", "order"), [("SV", 1), ("FSII", 2), ("BII", 2)])
def test_deviations_where_a_share_of_the_rest_is_noise_of_the_values(symbol, order, share):
    rows, weights = sets_of(N, order), index_matrix(symbol, order, N)
    asked = np.r_[0, 2**N - 1, RNG.permutation(np.arange(1, 2**N - 1))[:12]]
    inner = 0.1 * (MASKS.sum(axis=1) % N > 0)
    gram = SIZED.gram(MASKS, MASKS)
    function = gram + np.diag((1 - share) * inner + whole_likelihood.JITTER)
    values = (gram + np.diag(inner + whole_likelihood.JITTER))[np.ix_(asked, asked)]
    found = WholeUncertainty(SIZED, 0.1, MASKS[asked], np.ones(1)).with_noise(share)
    expected = _posterior(weights, function, asked, values)
    assert_allclose(found.deviations(rows, symbol, order)[:, 0] ** 2, expected, atol=1e-9)
    for sign in (-1, 1):
        half = MASKS[: 2 ** (N - 1)]
        of_pairs = (weights[:, : len(half)] + sign * weights[:, ::-1][:, : len(half)]) / np.sqrt(2)
        smooth, some = part_gram(PART.product, sign, half, half), np.r_[0, 3:9]
        function = smooth + np.diag(part_noise((1 - share) * PART.noise, half))
        values = (smooth + np.diag(part_noise(PART.noise, half)))[np.ix_(some, some)]
        part = PartUncertainty(PART, sign, half[some], np.ones(1)).with_noise(share)
        expected = _posterior(of_pairs, function, some, values)
        assert_allclose(part.deviations(rows, symbol, order)[:, 0] ** 2, expected, atol=1e-9)


def _posterior(weights, covariance, asked, of_values=None):
    with_samples = weights @ covariance[:, asked]
    of_values = covariance[np.ix_(asked, asked)] if of_values is None else of_values
    known = np.linalg.solve(of_values, with_samples.T)
    return np.einsum("ui,ij,uj->u", weights, covariance, weights) - np.einsum("ui,iu->u", with_samples, known)


def _checked_gradient(objective, at):
    value, gradient = objective(at)
    steps = 1e-5 * np.eye(len(at))
    numeric = [(objective(at + s)[0] - objective(at - s)[0]) / 2e-5 for s in steps]
    assert_allclose(gradient, numeric, atol=1e-6 * max(1.0, abs(value)))


@pytest.mark.parametrize("signs", [(-1,), (1,), (-1, 1)])
def test_gradient_of_the_likelihood_of_parts(signs):
    masks, rng = all_masks(4)[1:8], np.random.default_rng(1)
    parts = {sign: rng.normal(size=(len(masks), 2)) for sign in signs}
    _checked_gradient(part_likelihood.NegativeLogPosterior(masks, parts, 1.0), 0.3 * rng.normal(size=4 + 5))


def test_gradient_of_the_likelihood_of_sizes():
    masks, rng = all_masks(4)[1:14], np.random.default_rng(1)
    values = rng.normal(size=(len(masks), 2))
    _checked_gradient(whole_likelihood._NegativeLogPosterior(masks, values), 0.3 * rng.normal(size=4 + 8))


def test_likelihoods_of_both_parts_are_that_of_all_values():
    """Without tilts: the parts are independent."""
    masks, rng = all_masks(4)[1:8], np.random.default_rng(2)
    values = rng.normal(size=(2 * len(masks), 1))
    first, second = values[: len(masks)], values[len(masks) :]
    parts = {sign: (first + sign * second) / np.sqrt(2) for sign in (-1, 1)}
    at = 0.3 * rng.normal(size=9)
    whole = np.concatenate([at[:7], np.zeros(3), at[7:]])
    one = part_likelihood.NegativeLogPosterior(masks, parts, 1.0)(at)[0]
    other = whole_likelihood._NegativeLogPosterior(np.concatenate([masks, ~masks]), values)(whole)[0]
    assert_allclose(one, other, rtol=1e-10)


def test_likelihood_finds_the_features_that_matter():
    rng = np.random.default_rng(0)
    masks = rng.random((150, 8)) < 0.5
    odd = np.where(masks[:, 2], 1.0, -1.0) + np.where(masks[:, [1, 4, 6]].all(axis=1), 1.0, 0.0)
    kernel = learn_part_kernel(masks, {-1: ((odd - odd.mean()) / odd.std())[:, None]}, 30, 1.0)
    assert set(np.argsort(-kernel.product.rates)[:4]) == {1, 2, 4, 6}


@pytest.mark.parametrize("kind", ["odd", "even", "whole"])
def test_left_out_errors_are_those_of_processes_without_the_samples(kind):
    rng = np.random.default_rng(3)
    masks = np.unique(rng.random((30, 7)) < 0.5, axis=0)
    masks = masks[masks[:, 0]]
    values = np.sin(3 * masks @ rng.normal(size=(7, 2)))
    if kind == "whole":
        process = fit_whole(np.concatenate([masks, ~masks]), np.concatenate([values, values**2]), rng)
        groups = [[k, k + len(masks)] for k in range(len(masks))]
        covariance = process.kernel.gram(process.masks, process.masks)
        noise, values = process.noise, np.concatenate([values, values**2])
    else:
        process = fit_part(-1 if kind == "odd" else 1, masks, values, rng)
        groups = [[k] for k in range(len(masks))]
        covariance = part_gram(process.kernel.product, process.sign, masks, masks)
        noise = process.kernel.noise
    covariance = covariance + (noise + 1e-6) * np.eye(len(covariance))
    errors, deviations = process.left_out
    for group in groups:
        rest = np.setdiff1d(np.arange(len(covariance)), group)
        shares = np.linalg.solve(covariance[np.ix_(rest, rest)], covariance[np.ix_(rest, group)])
        assert_allclose(errors[group], values[group] - shares.T @ values[rest], atol=1e-6)
        spread = np.diag(covariance)[group] - (covariance[np.ix_(rest, group)] * shares).sum(axis=0)
        assert_allclose((deviations[group] / process.spread) ** 2, np.tile(spread[:, None], 2), rtol=1e-6)


@pytest.mark.parametrize("sign", [-1, 1, 0])
def test_residuals_are_what_the_posterior_mean_leaves_over(sign):
    rng = np.random.default_rng(4)
    masks = np.unique(rng.random((40, 6)) < 0.5, axis=0)
    masks = masks[masks[:, 0]]
    values = np.sin(5 * masks @ rng.normal(size=(6, 1)))
    process = fit_part(sign, masks, values, rng) if sign else fit_whole(masks, values, rng)
    kernel, at, weights = process.expansion(process.weights)
    mean = kernel.gram(masks, at) @ weights
    if sign:  # a part is (f(x) ± f(x̄)) / √2
        mean = (mean + sign * kernel.gram(~masks, at) @ weights) / np.sqrt(2)
    assert_allclose(values - mean, process.residuals(process.weights), atol=1e-9)
    assert (process.variances(masks) >= 0).all()
