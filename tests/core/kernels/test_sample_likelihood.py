"""The likelihood by halves against that of the whole, the factor by halves against the matrix."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles import all_masks

from spex_plugins.core.basis.feature_sets import from_sets
from spex_plugins.core.basis.masks import complements
from spex_plugins.core.basis.scaling import Samples
from spex_plugins.core.designs.complementary_masks import antithetic_masks
from spex_plugins.core.gaussian_process.conditioning import condition
from spex_plugins.core.kernels.mask_kernel import MaskKernel
from spex_plugins.core.kernels.paired_covariance import PairedFactor, sample_covariance
from spex_plugins.core.kernels.product_kernel import SCALES, ProductKernel
from spex_plugins.core.kernels.sample_likelihood import (
    PairedLikelihood,
    WholeLikelihood,
    likelihood_of,
)

SETS = [(), (0,), (3,), (1, 2), (0, 4), (1, 2, 3), (0, 1, 2, 3)]


def parameters(n, rng):
    return rng.exponential(1.0 / n, n), rng.random(len(SETS)), rng.random(len(SCALES)), 0.03


@pytest.mark.parametrize("outputs", [1, 2])
def test_two_halves_say_what_the_whole_says(outputs):
    n, rng = 9, np.random.default_rng(0)
    masks = rng.permutation(antithetic_masks(n, 60, rng))
    values = rng.normal(size=(60, outputs))
    supports = from_sets(SETS, n)
    halves = likelihood_of(masks, values, supports)
    assert isinstance(halves, PairedLikelihood)
    whole = WholeLikelihood(
        masks, values, np.stack([(-1.0) ** masks[:, list(s)].sum(axis=1) for s in SETS], 1)
    )
    for _ in range(3):
        at = parameters(n, rng)
        (value, slopes), (exact, exact_slopes) = halves(*at), whole(*at)
        assert value == pytest.approx(exact, rel=1e-10)
        for one, other in zip(slopes, exact_slopes, strict=True):
            assert_allclose(one, other, rtol=1e-7, atol=1e-9)


def test_samples_without_all_complements_are_taken_whole():
    rng = np.random.default_rng(0)
    masks = antithetic_masks(9, 60, rng)
    values = rng.normal(size=(60, 1))
    for some in (masks[:-1], masks[::2], masks[:0]):
        assert isinstance(likelihood_of(some, values[: len(some)], from_sets(SETS, 9)), WholeLikelihood)


def kernel(n, rng):
    rates, variances, amplitudes, _ = parameters(n, rng)
    return MaskKernel(ProductKernel(rates, amplitudes), from_sets(SETS, n), variances)


@pytest.mark.parametrize("with_ends", [False, True])
def test_a_factor_by_halves_is_that_of_the_matrix(with_ends):
    n, rng = 9, np.random.default_rng(1)
    masks = antithetic_masks(n, 40, rng)
    noise = np.full(40, 0.03)
    if with_ends:
        masks, noise = np.concatenate([all_masks(n)[[0, -1]], masks]), np.append([1e-6, 1e-6], noise)
    order = rng.permutation(len(masks))
    masks, noise = masks[order], noise[order]
    prior = kernel(n, rng)
    covariance = sample_covariance(prior, noise, masks)
    more = from_sets([(0, 5), (2,)], n)
    covariance.add_characters(more, np.array([0.5, 0.25]))
    factor = covariance.factorised(keep=True)
    assert isinstance(factor, PairedFactor)
    matrix = prior.extended(more, np.array([0.5, 0.25])).gram(masks, masks) + np.diag(noise)
    inverse = np.linalg.inv(matrix)
    right = rng.normal(size=(len(masks), 3))
    assert_allclose(factor.solve(right), inverse @ right, atol=1e-6 * np.abs(inverse).max())
    assert_allclose(factor.solve(right[:, 0]), inverse @ right[:, 0], atol=1e-6 * np.abs(inverse).max())
    some = rng.integers(len(masks), size=(2, 30))
    for first, second in (complements(masks), some):
        own, together = factor.precisions(first, second)
        assert_allclose(own, np.diag(inverse), rtol=1e-6)
        assert_allclose(together, inverse[first, second], atol=1e-6 * np.abs(inverse).max())
    again = covariance.factorised()  # what was kept is still there
    assert_allclose(again.solve(right), factor.solve(right), rtol=0, atol=0)


@pytest.mark.parametrize("lost", [[], [7], [1], [1, 7, 12]])
def test_lone_masks_are_conditioned_on_with_all_others(lost):
    """The fallback predicts what the whole matrix predicts, with the ends or without."""
    n, rng = 7, np.random.default_rng(2)
    masks = np.delete(np.concatenate([all_masks(n)[[0, -1]], antithetic_masks(n, 30, rng)]), lost, axis=0)
    scaled = rng.normal(size=(len(masks), 1))
    prior, noise = kernel(n, rng), np.where(masks.any(axis=1) & ~masks.all(axis=1), 0.03, 0.0) + 1e-6
    process = condition(prior, 0.03, Samples(masks, scaled, np.zeros(1), np.ones(1)), np.arange(0))
    assert isinstance(process.factor, PairedFactor) == (not lost)
    exact = np.linalg.solve(prior.gram(masks, masks) + np.diag(noise), scaled)
    assert_allclose(process.weights, exact, rtol=1e-5, atol=1e-5 * np.abs(exact).max())
