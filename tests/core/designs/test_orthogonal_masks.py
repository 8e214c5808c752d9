"""Nearly orthogonal masks: distinct, in pairs, the same everywhere, and more orthogonal than chance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from spex_plugins.core.designs.complementary_masks import antithetic_masks
from spex_plugins.core.designs.orthogonal_masks import orthogonal_masks


def products(masks):
    """Return the products of different columns of ±1."""
    signs = np.where(masks, 1, -1)
    return (signs.T @ signs)[np.triu_indices(masks.shape[1], 1)]


@given(st.one_of(st.integers(1, 12), st.integers(1, 300)), st.integers(0, 400), st.integers(0, 2**32 - 1))
def test_distinct_pairs_without_the_end_points(n, count, seed):
    masks = orthogonal_masks(n, count, np.random.default_rng(seed))
    assert masks.dtype == bool
    assert masks.shape[1] == n
    assert len(masks) == count or n < 20
    assert len(masks) <= count
    assert len({mask.tobytes() for mask in masks}) == len(masks)
    assert (masks.any(axis=1) & ~masks.all(axis=1)).all()
    even = len(masks) // 2 * 2
    assert (masks[0:even:2] ^ masks[1:even:2]).all()


# Few masks for many features cannot be orthogonal: with 100 pairs, 200 columns have at least half of the
# products of uniform masks (Nguyen 1993).
@pytest.mark.parametrize(
    ("n", "count", "most"), [(20, 200, 0.1), (64, 500, 0.15), (256, 1000, 0.25), (200, 200, 0.7)]
)
def test_far_more_orthogonal_than_uniform_masks(n, count, most):
    found = products(orthogonal_masks(n, count, np.random.default_rng(0)))
    uniform = products(antithetic_masks(n, count, np.random.default_rng(0)))
    assert (found**2).sum() < most * (uniform**2).sum()


def test_features_are_kept_in_half_of_the_masks():
    masks = np.stack([orthogonal_masks(30, 100, np.random.default_rng(s))[::2] for s in range(200)])
    assert np.abs(masks.mean(axis=0) - 0.5).max() < 5 * 0.5 / np.sqrt(200)


@pytest.mark.slow
def test_the_same_on_every_machine():
    """Stored answers are found again: neither the sum's order nor the number of threads changes a mask."""
    drawn = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            drawn.append(orthogonal_masks(300, 1200, np.random.default_rng(5)))
    np.testing.assert_array_equal(*drawn)
    order = np.random.default_rng(0).permutation(64)
    signs = np.where(antithetic_masks(64, 5000, np.random.default_rng(1)), 1, -1).astype(np.float32)
    np.testing.assert_array_equal(signs @ signs.T, signs[:, order] @ signs[:, order].T)


def test_single_effects_are_found_with_fewer_masks():
    """A linear function in odd disturbances, as many masks as twice its features."""
    rng = np.random.default_rng(0)
    n, count = 100, 400
    linear, triples = rng.normal(size=n), rng.permuted(np.tile(np.arange(n), (60, 1)), axis=1)[:, :3]

    def error(masks):
        signs = np.where(masks, 1.0, -1.0)
        values = signs @ linear + signs[:, triples].prod(axis=2).sum(axis=1)
        return ((np.linalg.lstsq(signs, values, rcond=None)[0] - linear) ** 2).sum()

    ratio = [
        error(orthogonal_masks(n, count, np.random.default_rng(s)))
        / error(antithetic_masks(n, count, np.random.default_rng(s)))
        for s in range(10)
    ]
    assert np.median(ratio) < 0.65  # (n / m) / (n / m / (1 − n / m)) = 1/2
