"""darts explains forecasts with a SHAP explainer, which can be another one than it makes."""

from __future__ import annotations

import numpy as np
import pytest

darts = pytest.importorskip("darts")
pytest.importorskip("darts.models")

from darts.explainability import ShapExplainer  # noqa: E402
from darts.models import SKLearnModel  # noqa: E402

from spex_plugins.shap import SpexExplainer  # noqa: E402


def test_the_lags_of_a_forecast_are_explained():
    """The recipe: its adapter's explainer is replaced by one of the same function and background."""
    steps = np.arange(60.0)
    series = darts.TimeSeries.from_values(np.sin(steps / 3) + 0.1 * np.cos(steps))
    model = SKLearnModel(lags=6, output_chunk_length=1)
    model.fit(series)
    shown = ShapExplainer(model, shap_method="permutation")
    adapter = shown.explainer
    background, _ = adapter.create_shap_input(series, None, None)

    def forecast(lags):
        return np.ravel(model.model.predict(lags))

    adapter.explainer = SpexExplainer(forecast, background, silent=True)
    found = shown.explain(series[-30:])
    parts = found.get_explanation(horizon=1)
    lags, _ = adapter.create_shap_input(series[-30:], None, None)
    expected = forecast(lags) - forecast(background).mean()
    np.testing.assert_allclose(parts.values().sum(axis=1), expected, atol=1e-8)
    assert parts.n_components == 6
