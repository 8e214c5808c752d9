"""Standard deviations are 0 where every distinct mask was asked, whichever features vary."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import spex_plugins as spex
from spex_plugins.shap import SpexExplainer

ROW = np.array([[1.0, 2.0, 3.0, 4.0]])
ESTIMATORS = ["shapley", "auto", "spex", "sparse_regression", "gaussian_process"]


def single(x):
    return x[:, 0] * x[:, 1] + x[:, 2]


def several(x):
    return np.stack([single(x), x[:, 3]], axis=1)


@pytest.mark.slow
@pytest.mark.parametrize("model", [single, several])
@pytest.mark.parametrize("varying", range(5))
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_all_masks_of_the_features_that_vary(model, varying, estimator, tmp_path):
    background = np.zeros((3, 4))
    background[:, varying:] = ROW[0, varying:]
    explainer = SpexExplainer(model, background, estimator=estimator)
    explanation = explainer(ROW, error_bounds=True, silent=True)
    assert_array_equal(explanation.error_std, np.zeros(explanation.values.shape))
    found = explanation[0].interactions
    found.save(tmp_path / "found.npz")
    for each in (found, spex.Interactions.load(tmp_path / "found.npz")):
        for index in ("FSII", "SV", "Moebius"):
            table = each.index(index)
            assert_array_equal(each.deviations(table), np.zeros(table.values.shape))


def test_they_are_unknown_where_masks_are_missing():
    background = np.zeros((3, 4))
    background[:, 3] = ROW[0, 3]
    explainer = SpexExplainer(single, background, estimator="sparse_regression")
    explanation = explainer(ROW, max_evals=7, error_bounds=True, silent=True)
    found = explanation[0].interactions
    assert found.n_calls == 7
    assert np.isnan(explanation.error_std[0, :3]).all()
    assert np.isnan(found.deviations(found.index("SII"))).all()
