"""shapash takes the explainer in ``explainer_args``."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("shapash")

from shapash import SmartExplainer

from spex_plugins.shap import SpexExplainer


def test_contributions_are_those_of_the_explainer(table, regressor):
    X, _ = table
    settings = {"explainer": SpexExplainer, "model": regressor.predict, "masker": X[:20], "silent": True}
    shown = SmartExplainer(model=regressor, backend="shap", explainer_args=settings)
    shown.compile(x=X[:4])
    expected = SpexExplainer(regressor.predict, X[:20])(X[:4], silent=True)
    np.testing.assert_allclose(shown.explainer.contributions.to_numpy(), expected.values, atol=1e-9)
    assert shown.explainer.to_pandas(max_contrib=2).shape[0] == 4
