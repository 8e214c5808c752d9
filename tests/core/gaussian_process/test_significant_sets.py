"""Significant sets: those that are there, and hardly any by chance."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from spex_plugins.core.basis.feature_sets import from_sets, singletons, to_sets
from spex_plugins.core.basis.scaling import Samples, standardised
from spex_plugins.core.gaussian_process.conditioning import condition, noise_of
from spex_plugins.core.gaussian_process.significant_sets import find_significant_sets
from spex_plugins.core.kernels.mask_kernel import MaskKernel
from spex_plugins.core.kernels.paired_covariance import sample_covariance
from spex_plugins.core.kernels.product_kernel import ProductKernel

NONE = np.empty((0, 0), dtype=np.int32)


def game(n, m, terms, noise, seed, outputs=1):
    rng = np.random.default_rng(seed)
    masks = rng.random((m, n)) < 0.5
    linear = masks @ rng.normal(size=(n, outputs))
    values = linear + noise * rng.normal(size=(m, outputs))
    for row, size in terms.items():
        values += size * (-1.0) ** masks[:, list(row)].sum(axis=1)[:, None]
    return masks, values


def smooth(n):
    """A kernel to which every feature is alike and mostly acts alone."""
    product = ProductKernel(np.full(n, 0.2 / n), np.array([0.2, 0.1, 0.01]))
    return MaskKernel(product, singletons(n), np.full(n, 0.7 / n))


def found_in(masks, values, decoded=NONE, noise=0.05):
    scaled = standardised(values)[0]
    n = masks.shape[1]
    kernel = smooth(n)
    factor = sample_covariance(kernel, noise_of(noise, masks), masks).factorised()
    supports, variances = find_significant_sets(kernel, factor, masks, scaled, decoded)
    assert len(supports) == len(variances)
    return kernel.extended(supports, variances), to_sets(supports, n)


@pytest.mark.parametrize("outputs", [1, 3])
def test_pairs_anywhere_and_triples_in_a_row_are_found(outputs):
    terms = {(4, 29): 1.5, (10, 11): -1.5, (20, 21, 22): 1.5}
    found = found_in(*game(40, 400, terms, 0.5, 0, outputs))[1]
    assert set(terms) <= set(found)
    assert len(found) <= len(terms) + 2


def test_neighbours_need_less_evidence():
    """Over many games, weak pairs of neighbours are found more often than equally weak pairs elsewhere."""
    near = far = 0
    for seed in range(40):
        found = found_in(*game(40, 250, {(10, 11): 0.18, (3, 30): 0.18}, 1.0, seed))[1]
        near, far = near + ((10, 11) in found), far + ((3, 30) in found)
    assert near >= far + 3


def test_hardly_any_set_is_found_by_chance():
    counts = [len(found_in(*game(30, 200, {}, 1.0, seed), noise=0.1)[1]) for seed in range(10)]
    assert sum(counts) <= 10  # a tenth in each of four classes is expected of every game


def test_decoded_sets_are_tested_and_not_believed():
    terms = {(1, 7, 13, 19, 25): 2.0}
    masks, values = game(30, 300, terms, 0.3, 1)
    decoded = from_sets([(1, 7, 13, 19, 25), (2, 8, 14, 20, 26)], 30)
    assert (1, 7, 13, 19, 25) not in found_in(masks, values)[1]
    found = found_in(masks, values, decoded)[1]
    assert (1, 7, 13, 19, 25) in found
    assert (2, 8, 14, 20, 26) not in found


def test_variances_maximise_the_evidence():
    """The variance of a single set is that of the largest marginal likelihood, by trying others."""
    masks, values = game(20, 150, {(3, 12): 1.0}, 0.5, 2)
    scaled = standardised(values)[0]
    samples = Samples(masks, scaled, np.zeros(1), np.ones(1))
    spiky, found = found_in(masks, values)
    assert found == [(3, 12)]
    at = to_sets(spiky.supports, 20).index((3, 12))

    def evidence(variance):
        one = smooth(20).extended(spiky.supports[at : at + 1], np.array([variance]))
        process = condition(one, 0.05, samples, np.arange(1))
        with_noise = one.gram(masks, masks) + np.diag(noise_of(0.05, masks))
        return -0.5 * (scaled * process.weights).sum() - np.linalg.slogdet(with_noise).logabsdet / 2

    best = evidence(spiky.variances[at])
    assert best > evidence(spiky.variances[at] * 1.3)
    assert best > evidence(spiky.variances[at] / 1.3)
    assert best > evidence(1e-12) + 10


def test_the_same_samples_give_the_same_sets():
    masks, values = game(30, 200, {(4, 29): 1.0}, 0.5, 3)
    one, other = found_in(masks, values)[0], found_in(masks, values)[0]
    assert_allclose(one.variances, other.variances, atol=0)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_features(n):
    masks, values = game(n, 6, {}, 0.1, 4)
    assert {len(row) for row in found_in(masks, values)[1]} <= {2, 3}
