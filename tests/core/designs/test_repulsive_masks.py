"""Masks that repel each other: whole sizes, complements, and distances."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from spex_plugins.core.designs.repulsive_masks import repulsive_masks
from spex_plugins.core.designs.size_law import reading_law, size_counts, size_law


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 18), st.integers(2, 300), st.sampled_from(["SV", "FSII", "BII"]), st.integers(0, 5))
def test_masks_are_distinct_pairs_within_the_budget(n, budget, index, seed):
    masks = repulsive_masks(n, budget, index, np.random.default_rng(seed))
    count = min(budget, 2**n)
    assert len(masks) == (count if count <= 2 * n + 2 else count // 2 * 2)
    assert len(np.unique(masks, axis=0)) == len(masks)
    even = len(masks) // 2 * 2
    assert (masks[0:even:2] == ~masks[1:even:2]).all()
    assert not masks[0].any()


@settings(deadline=None)
@given(st.integers(2, 40), st.integers(1, 2000), st.sampled_from(["SV", "BII"]), st.integers(0, 3))
def test_counts_follow_the_law(n, pairs, index, seed):
    count = 2 * min(pairs, 2 ** (n - 1) - 1)
    law = size_law(n, index)
    counts = size_counts(law, count, np.random.default_rng(seed))
    total = [comb(n, s) for s in range(n + 1)]
    assert counts.sum() == count
    assert (counts == counts[::-1]).all()
    assert all(c <= t for c, t in zip(counts.tolist(), total, strict=True))
    free = [s for s in range(1, n) if counts[s] < total[s] or count * law[s] < total[s]]
    if len(free) == n - 1:  # no size is complete: each count is the expected one, rounded either way
        assert (np.abs(counts - count * law)[free] <= 2).all()


def test_border_sizes_are_complete():
    masks = repulsive_masks(14, 1000, "SV", np.random.default_rng(0))
    counts = np.bincount(masks.sum(axis=1), minlength=15)
    assert counts[[0, 1, 2, 12, 13, 14]].tolist() == [1, 14, 91, 91, 14, 1]
    uniform = repulsive_masks(14, 1000, "BII", np.random.default_rng(0))
    assert np.bincount(uniform.sum(axis=1), minlength=15)[7] > 180


def closeness(masks):
    signs = 2.0 * masks[0::2] - 1
    alike = np.abs(signs @ signs.T) / masks.shape[1]
    return np.exp((alike[np.triu_indices(len(alike), 1)] - 1) / 0.1).mean()


@pytest.mark.parametrize(("n", "ratio"), [(14, 0.8), (20, 0.9)])
def test_masks_are_farther_apart_than_random_ones_of_the_same_sizes(n, ratio):
    masks = repulsive_masks(n, 300, "SV", np.random.default_rng(0))
    rng = np.random.default_rng(1)
    half = rng.permuted(masks[0::2], axis=1)
    random = np.stack([half, ~half], axis=1).reshape(-1, n)
    assert closeness(masks) < ratio * closeness(random)


def test_a_shorter_run_has_all_sizes():
    masks = repulsive_masks(14, 1000, "SV", np.random.default_rng(0))[:400]
    counts = np.bincount(masks.sum(axis=1), minlength=15)
    assert (counts[3:12] > 5).all()


def test_same_seed_same_masks():
    first, second, other = (repulsive_masks(17, 100, "SV", np.random.default_rng(s)) for s in (3, 3, 4))
    assert (first == second).all()
    assert (first != other).any()


def test_laws_add_up_to_one():
    for n in (2, 9, 60):
        for law in (size_law(n, "SV"), size_law(n, "BV"), reading_law(n, "SV"), reading_law(n, "Fourier")):
            assert_allclose(law.sum(), 1)
            assert law[0] == law[n] == 0
    assert_allclose(reading_law(4, "SV")[1:4], np.array([1 / 3, 1 / 4, 1 / 3]) / (11 / 12))
