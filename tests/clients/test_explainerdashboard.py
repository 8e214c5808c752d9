"""explainerdashboard takes values and pairs that were computed before."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("explainerdashboard")

from explainerdashboard import RegressionExplainer

from spex_plugins.shap import SpexExplainer


def test_values_and_pairs_are_set(table, regressor):
    X, y = table
    rows = X[:6]
    explainer = SpexExplainer(regressor.predict, X[:20])
    found, pairs = explainer(rows, silent=True), explainer(rows, silent=True, interactions=True)
    dashboard = RegressionExplainer(regressor, rows, y[:6])
    dashboard.set_shap_values(float(found.base_values[0]), found.values)
    dashboard.set_shap_interaction_values(pairs.values)
    shown = dashboard.get_shap_values_df()
    total = shown.to_numpy().sum(axis=1) + dashboard.shap_base_value()
    np.testing.assert_allclose(total, regressor.predict(rows), atol=1e-4)
    np.testing.assert_allclose(dashboard.shap_interaction_values(), pairs.values, atol=1e-6)
    assert dashboard.top_shap_interactions("bmi", topx=2)[0] == "bmi"
    assert dashboard.plot_importances() is not None
    assert dashboard.plot_interaction("bmi", "bp") is not None
