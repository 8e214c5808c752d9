"""mlflow logs the explainer, and loads it with its settings."""

from __future__ import annotations

import numpy as np
import pytest

mlflow = pytest.importorskip("mlflow")
pytest.importorskip("mlflow.shap")

from spex_plugins.shap import SpexExplainer  # noqa: E402


def test_a_logged_explainer_gives_the_same_values(table, regressor, tmp_path, capsys):
    X, _ = table
    explainer = SpexExplainer(regressor.predict, X[:20], max_evals=60, seed=3)
    expected = explainer(X[:2], silent=True)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/runs.db")
    mlflow.set_experiment(experiment_id=mlflow.create_experiment("spex", artifact_location=str(tmp_path)))
    with mlflow.start_run():
        info = mlflow.shap.log_explainer(
            explainer, "explainer", serialize_model_using_mlflow=False, pip_requirements=[]
        )
    loaded = mlflow.shap.load_explainer(info.model_uri)
    assert type(loaded) is SpexExplainer
    np.testing.assert_array_equal(loaded(X[:2], silent=True).values, expected.values)
