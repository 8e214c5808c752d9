"""Complementary masks of all sizes: distinct, in pairs, of the sizes they should have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spex_plugins.core.basis.masks import pair_numbers
from spex_plugins.core.designs.complementary_masks import paired_masks


@given(st.one_of(st.integers(1, 18), st.integers(1, 300)), st.integers(0, 600), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_distinct_pairs_without_the_end_points(n, count, seed):
    masks = paired_masks(n, count, np.random.default_rng(seed))
    assert masks.shape == (min(count, 2**n - 2), n)
    assert len({mask.tobytes() for mask in masks}) == len(masks)
    assert (masks.any(axis=1) & ~masks.all(axis=1)).all()
    even = len(masks) // 2 * 2
    assert (masks[0:even:2] ^ masks[1:even:2]).all()


def test_the_seed_decides():
    one, same, other = (paired_masks(40, 100, np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


@pytest.mark.parametrize("n", [100, 300])
def test_sizes_follow_the_arcsine_law(n):
    sizes = paired_masks(n, 1000, np.random.default_rng(0)).sum(axis=1)
    law = 1 / np.sqrt(np.arange(1, n) * np.arange(n - 1, 0, -1))
    law /= law.sum()
    middle = np.abs(np.arange(1, n) - n / 2) < n / 4
    share = (np.abs(sizes - n / 2) < n / 4).mean()
    assert share == pytest.approx(law[middle].sum(), abs=0.02)  # 1/3; uniform masks: 1
    assert (sizes <= n // 20).sum() > 100  # 14 %


def test_listed_masks_prefer_the_sizes_of_the_law():
    sizes = np.concatenate([paired_masks(12, 200, np.random.default_rng(s)).sum(axis=1) for s in range(20)])
    # All 24 sets of size 1 or 11 are likely, of 924 of size 6 few.
    assert (np.isin(sizes, [1, 11])).sum() > 0.8 * 24 * 20
    assert (sizes == 6).sum() < 0.2 * 924 * 20


def test_features_are_kept_equally_often():
    masks = paired_masks(30, 3001, np.random.default_rng(0))
    assert np.abs(masks.mean(axis=0) - 0.5).max() < 1e-3
    masks = np.concatenate([paired_masks(30, 500, np.random.default_rng(s))[::2] for s in range(10)])
    assert np.abs(masks.mean(axis=0) - 0.5).max() < 0.05


def test_complements_have_one_number():
    masks = paired_masks(30, 200, np.random.default_rng(0))
    np.testing.assert_array_equal(pair_numbers(masks), np.arange(200) // 2)
    np.testing.assert_array_equal(pair_numbers(masks[::2]), np.arange(100))
    order = np.random.default_rng(1).permutation(200)
    numbers = pair_numbers(masks[order])
    for a, b in zip(*np.nonzero(numbers[:, None] == numbers), strict=True):
        assert order[a] // 2 == order[b] // 2
    assert len(set(numbers)) == 100


def test_sizes_come_in_no_order():
    """A run that is cut short must have seen all sizes."""
    sizes = paired_masks(100, 400, np.random.default_rng(0))[::2].sum(axis=1)
    assert abs(np.corrcoef(sizes, np.arange(200))[0, 1]) < 0.2
