"""Screening of pairs against the products written out."""

from __future__ import annotations

import numpy as np
import pytest

from spex_plugins.core.regression import screening as module
from spex_plugins.core.regression.screening import strongest_pairs


def draw(n, m, seed):
    rng = np.random.default_rng(seed)
    return rng.random((m, n)) < 0.5, rng


@pytest.mark.parametrize("outputs", [1, 3])
def test_the_pairs_with_the_largest_products_are_kept(outputs):
    masks, rng = draw(12, 200, 0)
    values = rng.normal(size=(200, outputs))
    signs = 1.0 - 2.0 * masks
    design = np.column_stack([np.ones(200), signs])
    left = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    strength = {
        (i, j): np.square(signs[:, i] * signs[:, j] @ left).sum() for j in range(12) for i in range(j)
    }
    ranked = sorted(strength, key=strength.get, reverse=True)
    kept = {tuple(pair) for pair in strongest_pairs(masks, values, 10).tolist()}
    assert len(kept & set(ranked[:10])) >= 9  # the linear fit carries a small ridge
    assert kept <= set(ranked[:13])


def test_planted_pairs_are_found_beside_strong_single_features():
    masks, _ = draw(200, 600, 1)
    signs = 1.0 - 2.0 * masks
    values = 5.0 * signs[:, :4].sum(axis=1) + signs[:, 10] * signs[:, 20] - signs[:, 0] * signs[:, 199]
    kept = {tuple(pair) for pair in strongest_pairs(masks, values[:, None], 20).tolist()}
    assert {(10, 20), (0, 199)} <= kept


@pytest.mark.parametrize(("n", "keep", "count"), [(1, 5, 0), (2, 5, 1), (6, 100, 15), (6, 0, 0), (6, 4, 4)])
def test_no_more_pairs_than_exist(n, keep, count):
    masks, rng = draw(n, 30, 2)
    pairs = strongest_pairs(masks, rng.normal(size=(30, 1)), keep)
    assert pairs.shape == (count, 2)
    assert (pairs[:, 0] < pairs[:, 1]).all()
    assert len(set(map(tuple, pairs.tolist()))) == count


def test_fewer_samples_than_features_are_enough():
    masks, rng = draw(100, 40, 3)
    assert strongest_pairs(masks, rng.normal(size=(40, 1)), 7).shape == (7, 2)


def test_chunks_do_not_change_the_choice(monkeypatch):
    masks, rng = draw(20, 500, 4)
    values = rng.normal(size=(500, 2))
    whole = {tuple(p) for p in strongest_pairs(masks, values, 15).tolist()}
    monkeypatch.setattr(module, "_CHUNK", 1)
    assert {tuple(p) for p in strongest_pairs(masks, values, 15).tolist()} == whole
