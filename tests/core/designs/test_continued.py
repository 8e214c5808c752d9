"""Designs that continue from known masks: of the same sizes, distinct, and with masks that test the fit."""

from __future__ import annotations

import numpy as np
import pytest

from spex_plugins.core.basis.masks import is_among
from spex_plugins.core.decoding.bch import bch
from spex_plugins.core.decoding.coded_design import complete_groups, draw_coded, grown
from spex_plugins.core.designs.continued import Known
from spex_plugins.core.designs.repulsive_masks import repulsive_masks
from spex_plugins.estimators import resolve


def rng(seed=0):
    return np.random.default_rng(seed)


def fresh(name, n, budget, index=None, seed=0):
    method = resolve(name, index)
    return method, method.design(n, budget, None, rng(seed))


def known_of(design, *, alike=False):
    tests = np.arange(len(design.masks)) >= design.n_structured
    coded = () if design.coded is None else (design.coded,)
    return Known(design.masks, tests, np.full(len(tests), alike), coded)


def sizes(masks):
    return np.bincount(masks.sum(axis=1), minlength=masks.shape[1] + 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "index"), [("auto", None), ("auto", "SV"), ("spex", None), ("shapley", "SV")]
)
@pytest.mark.parametrize(("n", "first", "second"), [(14, 250, 500), (30, 300, 301), (64, 2000, 4000)])
def test_known_masks_are_kept_and_the_rest_is_new(name, index, n, first, second):
    known = known_of(fresh(name, n, first, index, seed=1)[1])
    method, start = fresh(name, n, second, index)
    design = method.continued(start, known, None, rng(2))
    masks = design.masks
    assert len(masks) == len(start.masks)
    assert len(np.unique(masks, axis=0)) == len(masks)
    assert masks.any(axis=1).sum() == masks.shape[0] - 1  # the empty mask, and
    assert masks.all(axis=1).sum() == 1
    allowed = max(0.05 * first, 100 if second < 1.1 * first else 0)  # some must test the fit
    assert is_among(known.masks, masks).sum() >= len(known.masks) - allowed
    again = method.continued(start, known, None, rng(2))
    np.testing.assert_array_equal(again.masks, masks)
    expected = sizes(start.masks)
    assert (np.abs(sizes(masks) - expected) <= 4 * np.sqrt(expected) + 4).all()


@pytest.mark.parametrize(
    ("name", "index"), [("auto", None), ("auto", "BII"), ("auto", "SV"), ("gaussian_process", None)]
)
@pytest.mark.parametrize(
    ("n", "first", "second"), [(17, 200, 220), (40, 50, 60), (64, 200, 210), (100, 200, 400)]
)
def test_all_masks_of_a_design_with_the_same_law_are_kept(name, index, n, first, second):
    known = known_of(fresh(name, n, first, index, seed=1)[1], alike=True)
    method, start = fresh(name, n, second, index)
    design = method.continued(start, known, None, rng(2))
    assert is_among(known.masks, design.masks).all()
    assert len(np.unique(design.masks, axis=0)) == len(start.masks)


def test_the_masks_that_test_the_fit_were_drawn_independently():
    known = known_of(fresh("auto", 30, 300, seed=1)[1])
    method, start = fresh("auto", 30, 600)
    design = method.continued(start, known, None, rng(2))
    tests = design.masks[design.n_structured :]
    assert not is_among(known.masks[~known.independent], tests).any()
    assert is_among(known.masks[known.independent], tests).mean() > 0.9
    assert len(tests) >= 100


def test_a_coded_design_grows_by_groups():
    method, before = fresh("spex", 64, 2000, seed=1)
    _, start = fresh("spex", 64, 4000)
    design = method.continued(start, known_of(before), None, rng(2))
    groups = len(before.coded.rows)
    assert len(design.coded.rows) >= groups + 2
    np.testing.assert_array_equal(design.coded.hashes[:groups], before.coded.hashes)
    np.testing.assert_array_equal(design.coded.offsets[:groups], before.coded.offsets)
    shifts = design.coded.offsets[:, None] ^ design.coded.delays
    np.testing.assert_array_equal(design.masks[design.coded.rows[:, :, 0]], shifts)


def test_groups_of_which_a_mask_is_missing_are_no_groups():
    coded, masks = draw_coded(bch(20, 3), 3, 3, rng())
    missing = coded.rows[1, 2, 5]
    left = complete_groups(coded, np.delete(masks, missing, axis=0))
    np.testing.assert_array_equal(left.hashes, np.delete(coded.hashes, 1, axis=0))
    more, together = grown(left, 2, rng(1))
    assert len(more.rows) == 4
    assert len(np.unique(together, axis=0)) == len(together)
    assert is_among(left.masks, together).all()


@pytest.mark.parametrize("n", [10, 20])
def test_masks_are_repelled_by_known_ones(n):
    first = repulsive_masks(n, 200, "SV", rng())
    inner = first[2::2]
    new = repulsive_masks(n, 400, "SV", rng(1), inner)[2:]
    blind = repulsive_masks(n, 400, "SV", rng(1))[2:][: len(new)]
    assert not is_among(new, first).any()
    assert len(new) == 200

    def alike(masks):
        middle = masks[(masks.sum(axis=1) > 2) & (masks.sum(axis=1) < n - 2)]
        products = np.abs((2.0 * middle - 1) @ (2.0 * inner - 1).T) / n
        return np.exp((products - 1) / 0.1).sum(axis=1).mean()

    assert alike(new) < 0.9 * alike(blind)
