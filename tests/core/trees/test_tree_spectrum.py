"""The spectrum of a tree ensemble against the definition, and against the predictions of real ensembles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import all_masks, fourier

from spex_plugins.core.trees import tree_spectrum as trees_module
from spex_plugins.core.trees.tree_spectrum import Trees, tree_spectrum
from spex_plugins.estimators.common.boosting import read_trees


def forest(n, splits, rng):
    """Grow random trees, one for each number of splits; a feature may return on a path, as it pleases."""
    roots, features, masked, kept = [], [], [], []
    for count in splits:
        roots.append(len(features))
        leaves = [len(features)]
        features.append(-1), masked.append(0), kept.append(0)
        for _ in range(count):
            node = leaves.pop(int(rng.integers(len(leaves))))
            features[node] = int(rng.integers(n))
            masked[node], kept[node] = len(features), len(features) + 1
            for child in (masked[node], kept[node]):
                leaves.append(child)
                features.append(-1), masked.append(0), kept.append(0)
    arrays = map(np.array, (roots, features, masked, kept))
    return Trees(*arrays, rng.normal(size=len(features)))


def walk(trees, masks):
    """Predict as a reader would, node by node."""
    out = np.zeros(len(masks))
    for j, mask in enumerate(masks):
        for node in trees.roots:
            while trees.features[node] >= 0:
                side = trees.kept if mask[trees.features[node]] else trees.masked
                node = side[node]
            out[j] += trees.values[node]
    return out


@given(st.integers(1, 7), st.lists(st.integers(0, 12), min_size=1, max_size=5), st.integers(0, 2**32 - 1))
def test_every_coefficient_is_that_of_the_definition(n, splits, seed):
    trees = forest(n, splits, np.random.default_rng(seed))
    found = tree_spectrum(trees, n)
    assert found.lost == 0
    truth, terms = fourier(walk(trees, all_masks(n))), found.spectrum.as_dict()
    for features, value in truth.items():
        assert terms.get(features, 0.0) == pytest.approx(value, abs=1e-11)


@given(st.integers(2, 7), st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_a_largest_order_cuts_and_changes_nothing_else(n, seed, order):
    trees = forest(n, [12, 5], np.random.default_rng(seed))
    whole, cut = tree_spectrum(trees, n), tree_spectrum(trees, n, order)
    assert cut.spectrum.max_order <= order
    assert cut.lost == 0
    left = (whole.spectrum.truncate(order) - cut.spectrum).coefficients
    assert np.abs(left).max(initial=0.0) < 1e-12


@given(st.integers(0, 2**32 - 1), st.integers(0, 60))
def test_what_has_no_room_is_bounded(seed, rows):
    trees = forest(8, [20, 10, 6], np.random.default_rng(seed))
    whole, part = tree_spectrum(trees, 8), tree_spectrum(trees, 8, max_rows=rows)
    missing = np.sqrt(((whole.spectrum - part.spectrum).coefficients ** 2).sum())
    assert missing <= part.lost + 1e-12
    assert (part.lost > 0) == (missing > 1e-12) or part.lost > missing


def test_a_chain_of_thirty_features():
    """2^30 terms in truth: those of order ≤ 2 are exact, and the prediction can be worked out by hand."""
    n = 30
    inner = np.arange(n)
    trees = Trees(
        np.array([0]),
        np.append(inner, np.full(n + 1, -1)),
        np.append(n + inner, np.zeros(n + 1, dtype=int)),
        np.append(np.append(inner[1:], 2 * n), np.zeros(n + 1, dtype=int)),
        np.append(np.zeros(2 * n), 1.0),  # one only where everything is kept
    )
    found = tree_spectrum(trees, n, 2)
    assert found.lost == 0
    assert len(found.spectrum) == 1 + n + n * (n - 1) // 2
    for features, value in found.spectrum:
        assert value == pytest.approx((-1.0) ** len(features) / 2**n, rel=1e-12)


def test_many_columns_need_several_words():
    """Rows of seven features of 1000 do not fit one 64-bit word."""
    rng = np.random.default_rng(0)
    trees = forest(1000, [60] * 50, rng)
    masks = rng.random((50, 1000)) < 0.5
    found = tree_spectrum(trees, 1000)
    assert found.spectrum.max_order > 6
    np.testing.assert_allclose(found.spectrum.predict(masks), walk(trees, masks), atol=1e-9)


def test_equal_splits_are_added_up_before_they_are_expanded(monkeypatch):
    one = forest(20, [15], np.random.default_rng(0))
    size = len(one.features)
    shift = lambda a: np.concatenate([a + size * k for k in range(50)])  # noqa: E731
    copies = Trees(
        np.arange(50) * size, np.tile(one.features, 50), shift(one.masked), shift(one.kept),
        np.tile(one.values, 50),
    )  # fmt: skip
    sizes = []
    merged = trees_module._merged

    def recorded(rows, values, top):
        sizes.append(len(rows))
        return merged(rows, values, top)

    monkeypatch.setattr(trees_module, "_merged", recorded)
    both = tree_spectrum(copies, 20).spectrum
    assert max(sizes) < 50 * 15
    left = both - 50.0 * tree_spectrum(one, 20).spectrum
    assert np.abs(left.coefficients).max() < 1e-11


@pytest.fixture(scope="module")
def samples():
    rng = np.random.default_rng(0)
    masks = rng.random((600, 12)) < 0.5
    values = masks[:, 0] * 2.0 + (masks[:, 1] & masks[:, 2]) - masks[:, 3:6].all(axis=1)
    return masks, values + 0.3 * rng.normal(size=600)


@pytest.mark.slow
@pytest.mark.parametrize("depth", [3, 5, -1])
def test_lightgbm(samples, depth):
    lightgbm = pytest.importorskip("lightgbm")
    masks, values = samples
    settings = {"max_depth": depth, "verbosity": -1, "num_threads": 1}
    data = lightgbm.Dataset(masks.astype(np.uint8), values)
    booster = lightgbm.train(settings, data, 60)
    for count in (1, 25, 60):
        found = tree_spectrum(read_trees(booster, count), 12)
        assert found.lost == 0
        expected = booster.predict(all_masks(12).astype(np.uint8), num_iteration=count)
        np.testing.assert_allclose(found.spectrum.predict(all_masks(12)), expected, atol=1e-9)


@pytest.mark.parametrize("value", [0.0, 7.5])
def test_lightgbm_has_nothing_to_split(value):
    """Ensembles of constants: one leaf a tree."""
    lightgbm = pytest.importorskip("lightgbm")
    data = lightgbm.Dataset(np.ones((50, 3), dtype=np.uint8), np.full(50, value))
    booster = lightgbm.train({"verbosity": -1, "num_threads": 1}, data, 5)
    found = tree_spectrum(read_trees(booster, 5), 3)
    assert found.spectrum.as_dict() == {(): pytest.approx(value)}


def test_scikit_learn(samples):
    ensemble = pytest.importorskip("sklearn.ensemble")
    masks, values = samples
    model = ensemble.GradientBoostingRegressor(n_estimators=40, max_depth=6, random_state=0)
    model.fit(masks, values)
    parts = [estimator.tree_ for estimator in model.estimators_.ravel()]
    roots = np.cumsum([0, *(tree.node_count for tree in parts)])[:-1]
    trees = Trees(
        roots,
        np.concatenate([np.where(tree.children_left < 0, -1, tree.feature) for tree in parts]),
        np.concatenate([tree.children_left + root for tree, root in zip(parts, roots, strict=True)]),
        np.concatenate([tree.children_right + root for tree, root in zip(parts, roots, strict=True)]),
        np.concatenate([0.1 * tree.value.ravel() for tree in parts]),
    )
    expected = model.predict(all_masks(12)) - values.mean()
    np.testing.assert_allclose(tree_spectrum(trees, 12).spectrum.predict(all_masks(12)), expected, atol=1e-9)
