"""The mean of several estimators."""

from __future__ import annotations

import numpy as np
import pytest

import spex_plugins as spex
from spex_plugins.estimators import Averaging, GaussianProcessEstimator, SparseRegression


def noisy(masks):
    signal = 2.0 * (masks[:, 0] & masks[:, 1]) - masks[:, 2]
    return signal + np.random.default_rng(int(masks.sum())).normal(size=len(masks))


def test_predictions_are_the_mean_of_those_of_the_members():
    masks = np.random.default_rng(0).random((200, 10)) < 0.5
    values = np.stack([noisy(masks), masks[:, 3] + 0.1 * noisy(masks)], axis=1)
    members = [SparseRegression(), GaussianProcessEstimator()]
    found = spex.fit(masks, values, estimator=Averaging(members))
    each = [spex.fit(masks, values, estimator=Averaging([member])) for member in members]
    test = np.random.default_rng(1).random((100, 10)) < 0.5
    # The generator of the first member is that of the second one then: the folds are the same.
    np.testing.assert_allclose(
        found.predict(test).mean(axis=0),
        np.mean([one.predict(test).mean(axis=0) for one in each], axis=0),
        atol=0.05,
    )
    assert found.method.startswith("the mean of sparse regression")
    assert np.all(found.r2 < 1)


def test_the_default_has_trees():
    pytest.importorskip("lightgbm")
    masks = np.random.default_rng(0).random((200, 10)) < 0.5
    found = spex.fit(masks, noisy(masks), estimator="averaging")
    assert "trees" in found.method or "boosted" in found.method or "refit" in found.method
    assert found.estimator == "averaging"
