"""Indices of leaves and of single masks, against the definitions over all 2^n masks."""

from __future__ import annotations

from math import comb, factorial

import numpy as np
import pytest
from index_tables import CASES, index_matrix, sets_of
from numpy.testing import assert_allclose
from oracles import all_masks

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.conjunctions import Conjunctions
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.gaussian_process.mask_weights import independent_variances, mask_weights
from spex_plugins.core.trees.tree_paths import leaves
from spex_plugins.core.trees.tree_spectrum import Trees, tree_spectrum

N = 5


def drawn(rng, n, count, outputs=2):
    """Conjunctions of any length, their features in any order."""
    features = np.full((count, n), n, dtype=np.int32)
    for row in features:
        size = rng.integers(0, n + 1)
        row[:size] = rng.permutation(n)[:size]
    kept = (rng.random((count, n)) < 0.5) & (features < n)
    return Conjunctions(n, features, kept, rng.normal(size=(count, outputs)))


def literal(function, masks):
    out = np.zeros((len(masks), function.values.shape[1]))
    for features, kept, value in zip(function.features, function.kept, function.values, strict=True):
        wanted = [(f, k) for f, k in zip(features, kept, strict=True) if f < function.n]
        out += np.outer([all(mask[f] == k for f, k in wanted) for mask in masks], value)
    return out


def dense(found, rows, n):
    table = dict(zip(sets.to_sets(found[0], n), found[1], strict=True))
    nothing = np.zeros(found[1].shape[1])
    return np.array([table.get(s, nothing) for s in sets.to_sets(rows, n)])


@pytest.mark.parametrize(("symbol", "order"), CASES)
def test_share_of_single_masks(symbol, order):
    weights = mask_weights(all_masks(N), sets_of(N, order), symbol, order)
    assert_allclose(weights.T, index_matrix(symbol, order, N), atol=1e-12)


@pytest.mark.parametrize("outputs", [9, 20])
def test_many_outputs_have_the_values_of_each_alone(outputs):
    function = drawn(np.random.default_rng(0), N, 30, outputs)
    function.values[np.arange(30)[:, None] % outputs != np.arange(outputs)] = 0  # a conjunction of each
    rows = sets.combine([sets.all_of_order(N, order) for order in range(3)], N)
    found = dense(function.index("k-SII", 2), rows, N)
    for k in range(outputs):
        alone = Conjunctions(N, function.features, function.kept, function.values[:, [k]])
        assert_allclose(found[:, k], dense(alone.index("k-SII", 2), rows, N)[:, 0], atol=1e-12)


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize(("symbol", "order"), CASES)
def test_variances_of_errors_of_unknown_pairs(symbol, order, paired):
    everything, matrix = all_masks(N), index_matrix(symbol, order, N)
    first = everything[[1, 2, 5, 12]]
    known = np.concatenate([first, ~first]) if paired else first
    opposite = matrix[:, ::-1]  # masks are in the order of their numbers
    kept = everything.sum(axis=1)
    asked = (everything[:, None] == known).all(axis=2).any(axis=1)
    variances = independent_variances(known, sets_of(N, order), symbol, order)
    for sign, found in zip((-1, 1), variances, strict=True):
        # Every pair has two masks, each of which accounts for half of its variance until it is known.
        shares = (matrix + sign * opposite) ** 2 / 4
        expected = shares[:, (kept > 0) & (kept < N) & ~asked].sum(axis=1)
        assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize(("symbol", "order"), CASES)
def test_index_of_conjunctions(symbol, order):
    function = drawn(np.random.default_rng(order), N, 30)
    expected = index_matrix(symbol, order, N) @ literal(function, all_masks(N))
    assert_allclose(dense(function.index(symbol, order), sets_of(N, order), N), expected, atol=1e-11)


def test_shares_are_the_published_ones():
    n, order = 14, 2
    rng = np.random.default_rng(0)
    masks, pairs = rng.random((40, n)) < 0.5, sets.all_of_order(n, 2)
    kept = masks.sum(axis=1)[:, None]
    single = np.where(
        masks,
        [[factorial(max(s - 1, 0)) * factorial(n - s) / factorial(n)] for s in kept.ravel().tolist()],
        [[-factorial(s) * factorial(max(n - s - 1, 0)) / factorial(n)] for s in kept.ravel().tolist()],
    )
    assert_allclose(mask_weights(masks, sets.singletons(n), "SV", 1), single, rtol=1e-12)
    outside = kept - masks[:, pairs].sum(axis=2)
    sign = (-1.0) ** (2 - masks[:, pairs].sum(axis=2))
    choose = np.vectorize(comb)
    interaction = sign / ((n - 1) * choose(n - 2, outside))
    assert_allclose(mask_weights(masks, pairs, "k-SII", 2), interaction, rtol=1e-12)
    product = np.vectorize(
        lambda s: factorial(n - s - 1) * factorial(s + order - 1) / factorial(n + order - 1)
    )
    faithful = sign * 6 * product(outside)  # (2ℓ − 1)! / ((ℓ − 1)!)² = 6
    assert_allclose(mask_weights(masks, pairs, "FSII", 2), faithful, rtol=1e-12)


@pytest.mark.parametrize("n", [5, 40, 70])
def test_predictions(n):
    rng = np.random.default_rng(n)
    function, masks = drawn(rng, n, 25), np.asfortranarray(rng.random((60, n)) < 0.5)
    function = Conjunctions(n, function.features[:, :3], function.kept[:, :3], function.values)
    assert_allclose(function.predict(masks), literal(function, masks), atol=1e-12)


def test_odd_and_even_parts():
    function, masks = drawn(np.random.default_rng(1), N, 20), all_masks(N)
    own, other = literal(function, masks), literal(function, ~masks)
    odd, even = np.array([0.3, 1.0]), np.array([0.8, 1.0])
    mixed = function.parts(odd, even)
    assert_allclose(mixed.predict(masks), odd * (own - other) / 2 + even * (own + other) / 2, atol=1e-12)
    same = function.parts(even, even)
    assert len(same.values) == len(function.values)  # nothing is reflected


def test_leaves_of_trees_that_ask_again():
    # The second tree asks for feature 1 again below itself: one of its leaves cannot be reached.
    features = np.array([0, -1, 1, -1, -1, 1, -1, 1, -1, -1])
    masked = np.array([1, 0, 3, 0, 0, 6, 0, 8, 0, 0])
    kept = np.array([2, 0, 4, 0, 0, 7, 0, 9, 0, 0])
    values = np.array([0, 1.0, 0, 2.0, 3.0, 0, 5.0, 0, 100.0, 7.0])
    trees = Trees(np.array([0, 5]), features, masked, kept, values)
    found = leaves(trees, 3)
    assert 100.0 not in found.values
    expected: Spectrum = tree_spectrum(trees, 3).spectrum
    assert_allclose(found.predict(all_masks(3))[:, 0], expected.predict(all_masks(3)), atol=1e-12)


def test_many_sets_are_added_up_too():
    n = 200  # too many triples for a table
    features = np.array([[3, 70, 199], [199, 3, 70]], dtype=np.int32)
    function = Conjunctions(n, features, np.ones((2, 3), dtype=bool), np.array([[1.0], [2.0]]))
    supports, values = function.index("Moebius", 3)
    assert sets.to_sets(supports, n)[-1] == (3, 70, 199)
    assert values[-1, 0] == 3.0
