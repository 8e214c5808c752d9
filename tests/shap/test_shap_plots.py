"""SHAP's plots draw our explanations, and show what they should."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pytest
import shap

from spex_plugins.shap import SpexExplainer


def pairs(x):
    return x[:, 0] * x[:, 1] - 2 * x[:, 2] * x[:, 3] * x[:, 4] + x[:, 5]


@pytest.fixture
def explanation(table, background):
    explainer = SpexExplainer(pairs, background, feature_names=list("abcdef"))
    return explainer(table[20:30], silent=True)


@pytest.fixture
def text(sentiment, words):
    texts = ["this film never fails to charm", "not bad at all"]
    return SpexExplainer(sentiment.decision_function, words)(texts, silent=True)


def labels():
    plt.gcf().canvas.draw()
    return [label.get_text() for axes in plt.gcf().axes for label in axes.get_yticklabels()]


def test_waterfall_of_values(explanation):
    shap.plots.waterfall(explanation[0], show=False)
    assert any(label.endswith("= f") for label in labels())


def test_waterfall_of_interactions(text):
    shap.plots.waterfall(text[1].interaction_explanation(), show=False)
    assert "not × bad" in labels()


@pytest.mark.parametrize("flat", [False, True])
def test_bar(flat, explanation):
    shap.plots.bar(explanation.interaction_explanation(top=8) if flat else explanation, show=False)
    assert ("c × d × e" if flat else "c") in labels()


def test_bar_of_a_row_of_interactions(text):
    shap.plots.bar(text[0].interaction_explanation(), show=False)
    assert "never × fails" in labels()


@pytest.mark.parametrize("flat", [False, True])
def test_beeswarm(flat, explanation):
    chosen = explanation.interaction_explanation(top=8) if flat else explanation
    shap.plots.beeswarm(chosen, show=False)
    assert ("c × d × e" if flat else "c") in labels()


def test_text(text):
    html = shap.plots.text(text, display=False)
    assert html.count("never") >= 1
    assert html.count("charm") >= 1
    assert "bad" in shap.plots.text(text[1], display=False)


def test_text_of_several_outputs(sentiment, words):
    explainer = SpexExplainer(sentiment.predict_proba, words, output_names=["negative", "positive"])
    html = shap.plots.text(explainer(["not bad at all"], silent=True), display=False)
    assert "positive" in html
    assert "bad" in html
