"""Uniform masks with their complements: distinct, in pairs."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from spex_plugins.core.basis.masks import pair_numbers
from spex_plugins.core.designs.complementary_masks import antithetic_masks


@given(st.one_of(st.integers(1, 18), st.integers(1, 300)), st.integers(0, 600), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_distinct_pairs_without_the_end_points(n, count, seed):
    masks = antithetic_masks(n, count, np.random.default_rng(seed))
    assert masks.shape == (min(count, 2**n - 2), n)
    assert len({mask.tobytes() for mask in masks}) == len(masks)
    assert (masks.any(axis=1) & ~masks.all(axis=1)).all()
    even = len(masks) // 2 * 2
    assert (masks[0:even:2] ^ masks[1:even:2]).all()


def test_the_seed_decides():
    one, same, other = (antithetic_masks(40, 100, np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_features_are_kept_equally_often():
    masks = antithetic_masks(30, 3001, np.random.default_rng(0))
    assert np.abs(masks.mean(axis=0) - 0.5).max() < 1e-3
    masks = np.concatenate([antithetic_masks(30, 500, np.random.default_rng(s))[::2] for s in range(10)])
    assert np.abs(masks.mean(axis=0) - 0.5).max() < 0.05


def test_complements_have_one_number():
    masks = antithetic_masks(30, 200, np.random.default_rng(0))
    np.testing.assert_array_equal(pair_numbers(masks), np.arange(200) // 2)
    np.testing.assert_array_equal(pair_numbers(masks[::2]), np.arange(100))
    order = np.random.default_rng(1).permutation(200)
    numbers = pair_numbers(masks[order])
    for a, b in zip(*np.nonzero(numbers[:, None] == numbers), strict=True):
        assert order[a] // 2 == order[b] // 2
    assert len(set(numbers)) == 100
