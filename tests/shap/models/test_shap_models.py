"""Models as their libraries make them: scikit-learn, LightGBM, torch; and what cannot be explained."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shap
from numpy.testing import assert_allclose

from spex_plugins import InputError, ValueFunctionError
from spex_plugins.shap import SpexExplainer


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(200, 5))
    return x, (x[:, 0] * x[:, 1] + 0.3 * x[:, 2] > 0).astype(int)


def check(model, background, rows):
    """Compare with the exact explainer, and the sums with the model itself."""
    explanation = SpexExplainer(model, background)(rows, silent=True)
    exact = shap.ExactExplainer(model, background)(rows, silent=True)
    assert_allclose(explanation.values, exact.values, atol=1e-8)
    assert_allclose(explanation.base_values + explanation.values.sum(axis=1), model(rows), atol=1e-8)
    assert np.abs(explanation.values).max() > 0.01
    return explanation


@pytest.mark.parametrize("bare", [True, False])
def test_a_torch_module_in_training_mode_is_refused(bare, data):
    torch = pytest.importorskip("torch")
    net = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.Dropout(0.5), torch.nn.Linear(4, 1))
    x = torch.as_tensor(data[0]).float()

    def predict(rows):
        return net(torch.as_tensor(rows).float()).detach().numpy()[:, 0]

    explainer = SpexExplainer(net if bare else predict, x[:4] if bare else x[:4].numpy())
    with pytest.raises(InputError, match=r"^model: .*\(Dropout\) is in training mode"):
        explainer(x[4:5] if bare else x[4:5].numpy(), silent=True)
    net.eval()
    assert np.isfinite(explainer(x[4:5] if bare else x[4:5].numpy(), silent=True).values).all()


@pytest.mark.slow
def test_scikit_learn(data):
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    x, y = data
    classifier = RandomForestClassifier(10, random_state=0).fit(x, y)
    assert check(classifier.predict_proba, x[:10], x[50:52]).shape == (2, 5, 2)
    assert check(classifier.predict, x[:10], x[50:52]).shape == (2, 5)
    regressor = RandomForestRegressor(10, random_state=0).fit(x, np.stack([y, x[:, 3]], axis=1))
    assert check(regressor.predict, x[:10], x[50:52]).shape == (2, 5, 2)


@pytest.mark.slow
def test_lightgbm(data):
    lightgbm = pytest.importorskip("lightgbm")
    x, y = data
    frame = pd.DataFrame(x, columns=list("abcde"))
    model = lightgbm.LGBMClassifier(n_estimators=10, n_jobs=1, verbose=-1).fit(frame, y)
    background, rows = frame.iloc[:10], frame.iloc[50:52]
    check(model.predict_proba, background, rows)
    check(model.booster_.predict, background, rows)
    check(model.booster_.predict, background.to_numpy(), rows.to_numpy())


def test_lightgbm_with_categories(data):
    lightgbm = pytest.importorskip("lightgbm")
    x, y = data
    kinds = pd.cut(x[:, 1], [-9, -0.5, 0.5, 9], labels=["low", "middle", "high"])
    frame = pd.DataFrame({"a": x[:, 0], "kind": kinds, "c": x[:, 2]})
    model = lightgbm.LGBMClassifier(n_estimators=10, n_jobs=1, verbose=-1).fit(frame, y)
    rows = frame.iloc[50:53]
    explanation = SpexExplainer(model.predict_proba, frame.iloc[:20])(rows, silent=True)
    full = explanation.base_values + explanation.values.sum(axis=1)
    assert_allclose(full, model.predict_proba(rows), atol=1e-8)
    assert np.abs(explanation.values[:, 1]).max() > 0.01


def test_torch_modules_through_a_function(data):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2)).double()
    x, _ = data

    def model(rows):
        return network(torch.tensor(rows))  # with its gradient

    explanation = SpexExplainer(model, x[:10])(x[50:52], silent=True)
    exact = shap.ExactExplainer(lambda rows: model(rows).detach().numpy(), x[:10])(x[50:52])
    assert_allclose(explanation.values, exact.values, atol=1e-8)
    assert explanation[:, :, 0].interactions[0].output_shape == ()


def estimators():
    from lightgbm import LGBMClassifier
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    search = GridSearchCV(LogisticRegression(), {"C": [1.0, 2.0]}, cv=2)
    return {
        "forest": (RandomForestClassifier(5, random_state=0), "predict_proba"),
        "pipeline": (make_pipeline(StandardScaler(), LogisticRegression()), "predict_proba"),
        "search": (search, "predict_proba"),
        "lightgbm": (LGBMClassifier(n_estimators=5, n_jobs=1, verbose=-1), "predict_proba"),
        "regression": (LinearRegression(), "predict"),
        "labels": (SVC(), "predict"),
    }


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize("name", ["forest", "pipeline", "search", "lightgbm", "regression", "labels"])
def test_estimators_predict(name, data, tmp_path):
    pytest.importorskip("lightgbm")
    x, y = data
    estimator, method = estimators()[name]
    estimator.fit(x, y)
    explainer = SpexExplainer(estimator, x[:10])
    explanation = explainer(x[50:52], silent=True)
    exact = shap.ExactExplainer(getattr(estimator, method), x[:10])(x[50:52], silent=True)
    assert_allclose(explanation.values, exact.values, atol=1e-8)
    with open(tmp_path / "explainer", "wb") as file:
        explainer.save(file)
    with open(tmp_path / "explainer", "rb") as file:
        again = SpexExplainer.load(file)
    assert_allclose(again(x[50:52], silent=True).values, explanation.values)


def test_estimators_that_predict_nothing(data):
    from sklearn.preprocessing import StandardScaler

    with pytest.raises(InputError, match=r"model: StandardScaler cannot be called and has no predict_proba"):
        SpexExplainer(StandardScaler(), data[0][:5])


@pytest.mark.parametrize("kind", ["bfloat16", "float16", "float32"])
def test_answers_in_short_types_of_torch(kind, data):
    torch = pytest.importorskip("torch")
    x = np.round(data[0][:8])

    def model(rows):
        return torch.tensor(rows[:, :2] * rows[:, 2:4]).to(getattr(torch, kind))  # small whole numbers

    explanation = SpexExplainer(model, x[:4])(x[4:6], silent=True)
    exact = shap.ExactExplainer(lambda rows: rows[:, :2] * rows[:, 2:4], x[:4])(x[4:6], silent=True)
    assert_allclose(explanation.values, exact.values, atol=1e-8)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda x: np.where(x[:, 0] > 0, "yes", "no"), r"model: .* \['.*predict_proba"),
        (lambda x: np.array(["no"] * len(x), dtype=object), r"model: .* \['no'\]"),
        (lambda x: None, r"model: .* shape \(\)"),
        (lambda x: x.sum(), r"model: .* shape \(\)"),
        (lambda x: x[:, :, None], r"model: .* shape \(1, 5, 1\)"),
        (lambda x: x[:-1, 0], "model: got 1 rows of input, but returned 0 rows"),
    ],
)
def test_answers_that_are_no_numbers(model, message, data):
    background = shap.maskers.Independent(data[0][:1])
    with pytest.raises(ValueFunctionError, match=message):
        SpexExplainer(model, background)(data[0][1:2], silent=True)


def test_objects_that_are_numbers(data):
    x = data[0]
    explanation = SpexExplainer(lambda rows: (rows[:, 0] * rows[:, 1]).astype(object), x[:5])(
        x[50:51], silent=True
    )
    assert_allclose(explanation.base_values + explanation.values.sum(1), x[50:51, 0] * x[50:51, 1])


def test_names_for_fewer_outputs_than_the_model_has(data):
    x = data[0]
    for names in (["a"], "abcde"):
        with pytest.raises(InputError, match="output_names: expected a list of 5 names"):
            SpexExplainer(lambda rows: rows, x[:5], output_names=names)(x[50:51], silent=True)
    explainer = SpexExplainer(lambda rows: rows, x[:5], output_names=["a", "b"])
    assert list(explainer(x[50:52], outputs=[1], silent=True).output_names) == ["b"]
