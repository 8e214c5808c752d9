"""Functions that agree at all masks and differ elsewhere are not told apart by how few sets they have."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

import spex_plugins as spex
from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.regression.unseen_combinations import has_unseen_combinations
from spex_plugins.estimators.common.exact_sparse_fit import exact_sparse_fit


def conjunction(masks):
    return masks[:, 0] - 2.0 * (masks[:, 3] & masks[:, 4]) + 1.5 * (masks[:, 5] & masks[:, 6] & masks[:, 7])


def mostly_kept(kept, rng):
    """Masks in which the features 5, 6 and 7 are never masked all at once."""
    masks = np.unique(rng.random((400, 24)) < kept, axis=0)
    return masks[masks[:, 5:8].any(axis=1)]


@pytest.mark.parametrize("kept", [0.8, 0.9])
def test_a_function_that_the_masks_leave_open_is_not_taken_for_exact(kept):
    rng = np.random.default_rng(0)
    masks = mostly_kept(kept, rng)
    assert exact_sparse_fit(masks, conjunction(masks)[:, None]) is None
    found = spex.fit(masks, conjunction(masks))
    deviations = found.deviations(found.index("SV"))
    assert not (deviations == 0).any()


def test_masks_that_show_every_combination_tell_the_function():
    rng = np.random.default_rng(0)
    masks = mostly_kept(0.8, rng)
    rare = rng.random((40, 24)) < 0.8
    rare[:, 5:8] = False
    masks = np.unique(np.concatenate([masks, rare]), axis=0)
    truth = np.zeros(24)
    truth[[0, 3, 4, 5, 6, 7]] = 1, -1, -1, 0.5, 0.5, 0.5
    assert_allclose(spex.fit(masks, conjunction(masks)).single_values("SV").values, truth, atol=1e-9)


def test_masks_of_half_of_the_features_are_never_refused():
    """Neither uniform masks nor complementary ones of all sizes have a scarce value."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        uniform = rng.random((60, 20)) < 0.5
        sizes = rng.random((100, 20)) < rng.random((100, 1))
        found = sets.from_sets([rng.choice(20, 3, replace=False) for _ in range(30)], 20)
        assert not has_unseen_combinations(np.concatenate([sizes, ~sizes]), found)
        assert not has_unseen_combinations(np.concatenate([uniform, ~uniform]), found)


@pytest.mark.parametrize(
    ("found", "left_out", "unseen"),
    [
        ([(0,), (1,)], [(0,), (1,)], True),  # a pair might act together
        ([(0,), (1,)], [(0, 1)], False),
        ([(0, 1), (0, 2), (1, 2)], [(0, 1), (0, 2), (1, 2)], True),  # and so might all three
        ([(0, 1), (0, 2), (1, 2)], [(0, 1, 2)], False),
        ([(0, 1), (2,)], [(0, 1), (0, 2), (1, 2)], False),  # the third shares no set with the others
        ([(0, 1, 2)], [(0, 1), (0, 2), (1, 2)], True),
        ([], [], False),
    ],
)
def test_combinations_of_a_few_masks(found, left_out, unseen):
    masks = np.ones((20, 5), dtype=bool)
    for row, features in enumerate(left_out):
        masks[row, list(features)] = False
    assert has_unseen_combinations(masks, sets.from_sets(found, 5)) is unseen
    assert has_unseen_combinations(~masks, sets.from_sets(found, 5)) is unseen


def largest(masks, weights):
    return (masks * weights).max(axis=1)


@pytest.mark.parametrize("kept", [0.5, 0.8])
def test_a_maximum_is_not_taken_for_a_function_of_few_features(kept):
    """It depends on all features, so that what meets all values with fewer is wrong."""
    for seed in range(25):
        rng = np.random.default_rng(seed)
        weights, masks = rng.random(12), np.unique(rng.random((150, 12)) < kept, axis=0)
        assert exact_sparse_fit(masks, largest(masks, weights)[:, None]) is None


def test_functions_of_few_features_are_found_all_the_same():
    rng = np.random.default_rng(0)
    masks = np.unique(rng.random((150, 12)) < 0.5, axis=0)
    for values in (
        masks[:, 0] & masks[:, 1],
        masks[:, 2] | masks[:, 3] & masks[:, 4],
        masks[:, :5].sum(axis=1) % 2,
    ):
        fit = exact_sparse_fit(masks, values[:, None] * 2.0 - 1.0)
        assert fit is not None
        np.testing.assert_allclose(fit.r2, 1.0, atol=1e-12)
