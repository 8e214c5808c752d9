"""Masks for many features: distinct pairs, singles first, the sizes of the law, far from each other."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spex_plugins.core.basis.masks import with_complements
from spex_plugins.core.designs.complementary_masks import antithetic_masks
from spex_plugins.core.designs.index_masks import index_masks
from spex_plugins.core.designs.repulsive_masks import repulsive_masks
from spex_plugins.core.designs.singles_design import singles_masks


@given(st.integers(8, 150), st.integers(0, 400), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_distinct_pairs_without_the_end_points(n, count, seed):
    masks = singles_masks(n, min(count, 2**n - 2), np.random.default_rng(seed))
    lone = count % 2 == 1 and count > 2 * n  # its complement would not be there
    assert masks.shape == (min(count, 2**n - 2) - lone, n)
    assert len({mask.tobytes() for mask in masks}) == len(masks)
    assert (masks.any(axis=1) & ~masks.all(axis=1)).all()
    even = len(masks) // 2 * 2
    assert (masks[0:even:2] ^ masks[1:even:2]).all()


@pytest.mark.parametrize("n", range(1, 8))
def test_of_few_features_no_mask_comes_twice(n):
    masks = singles_masks(n, 2**n, np.random.default_rng(0))
    assert len({mask.tobytes() for mask in masks}) == len(masks) <= 2**n - 2
    assert n == 1 or len(masks) >= 2
    assert ((masks.sum(axis=1) > 0) & (masks.sum(axis=1) < n)).all()


@pytest.mark.parametrize(("count", "given"), [(4 * 40 - 6, False), (4 * 40 - 4, True), (1000, True)])
def test_all_singles_come_first_where_they_are_half_of_the_masks(count, given):
    sizes = singles_masks(40, count, np.random.default_rng(0)).sum(axis=1)
    assert (np.isin(sizes, [1, 39]).sum() == 80) == given
    if given:
        assert np.isin(sizes[:80], [1, 39]).all()


def test_sizes_follow_the_law():
    sizes = np.minimum(
        *(singles_masks(100, 2000, np.random.default_rng(0))[k::2].sum(axis=1) for k in (0, 1))
    )
    others = sizes[sizes > 1]
    assert len(others) == 900
    share = 0.6 * 28 / 49 + 0.4 * 0  # the sizes 2 … 29 get none of the middle's part
    assert (others < 30).mean() == pytest.approx(share, abs=0.01)
    first = others[:90]  # a run that is cut short has seen all sizes
    assert (first < 30).mean() == pytest.approx(share, abs=0.05)


def energy(masks):
    signs = np.where(masks[::2], 1.0, -1.0)
    terms = ((1 + np.abs(signs @ signs.T) / signs.shape[1]) / 2) ** 8
    return terms.sum() - len(terms)


def test_masks_are_farther_apart_than_random_ones_of_the_same_sizes():
    masks = singles_masks(30, 400, np.random.default_rng(0))[60:]
    rng = np.random.default_rng(1)
    random = with_complements(rng.permuted(masks[::2], axis=1))
    assert energy(masks) < 0.95 * energy(random)


def test_known_masks_are_not_asked_again_and_kept_away_from():
    n, rng = 30, np.random.default_rng(0)
    known = np.concatenate([np.eye(n, dtype=bool)[:10], antithetic_masks(n, 100, rng)])
    more = singles_masks(n, 200, rng, known)
    either = {row.tobytes() for row in np.concatenate([known, ~known])}
    assert not either & {row.tobytes() for row in more}
    sizes = more.sum(axis=1)
    missing = n - len(
        {tuple(np.flatnonzero(min(row, ~row, key=sum))) for row in known if sum(row) in (1, n - 1)}
    )
    assert np.isin(sizes, [1, n - 1]).sum() == 2 * missing
    again = singles_masks(n, 200, np.random.default_rng(5), np.concatenate([known, more]))
    assert not {row.tobytes() for row in again} & ({row.tobytes() for row in more} | either)


def test_the_seed_decides_on_every_machine():
    masks = singles_masks(70, 600, np.random.default_rng(7))
    np.testing.assert_array_equal(masks, singles_masks(70, 600, np.random.default_rng(7)))
    assert (masks != singles_masks(70, 600, np.random.default_rng(8))).any()
    assert hashlib.sha256(np.packbits(masks).tobytes()).hexdigest()[:16] == "5d7921d00bbc6fe0"


def test_one_rule_by_the_number_of_features_and_the_index():
    few, many = (index_masks(n, 202, "SV", np.random.default_rng(0)) for n in (23, 24))
    assert np.isin(many.sum(axis=1), [1, 23]).sum() == 48
    np.testing.assert_array_equal(few, repulsive_masks(23, 202, "SV", np.random.default_rng(0)))
    uniform = index_masks(24, 202, "BV", np.random.default_rng(0))
    assert np.isin(uniform.sum(axis=1), [1, 23]).sum() == 0
