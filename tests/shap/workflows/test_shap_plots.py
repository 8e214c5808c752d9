"""SHAP's plots draw tables as values and as interactions, and what they draw is what was found."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
import shap
from numpy.testing import assert_allclose

from spex_plugins.shap import SpexExplainer

ROWS = 10
REST = "all other terms"


def pairs(x):
    return x[:, 0] * x[:, 1] - 2 * x[:, 2] * x[:, 3] * x[:, 4] + x[:, 5]


@pytest.fixture(scope="module")
def explanation():
    table = np.random.default_rng(5).normal(size=(40, 6))
    explainer = SpexExplainer(pairs, shap.maskers.Independent(table[:12]), feature_names=list("abcdef"))
    return explainer(table[20:30], silent=True)


@pytest.fixture(params=["values", "interactions"])
def drawn(request, explanation):
    """An explanation that SHAP can draw: the values, or one "feature" per interaction."""
    return explanation if request.param == "values" else explanation.interaction_explanation(top=8)


def drawn_labels(axis="y"):
    plt.gcf().canvas.draw()
    ticks = [label for axes in plt.gcf().axes for label in getattr(axes, f"get_{axis}ticklabels")()]
    return [label.get_text() for label in ticks]


def texts():
    return [text.get_text() for text in plt.gcf().findobj(plt.Text)]


def by_strength(explanation):
    strength = np.abs(explanation.values).reshape(-1, len(explanation.feature_names)).mean(axis=0)
    return [explanation.feature_names[i] for i in np.argsort(-strength)], np.sort(strength)[::-1]


def test_bar(drawn):
    shap.plots.bar(drawn, show=False)
    names, strength = by_strength(drawn)
    assert [label for label in drawn_labels() if label][: len(names)] == names
    widths = [bar.get_width() for bar in plt.gca().patches]
    assert_allclose(widths[: len(names)], strength)


def test_bar_of_a_row(drawn):
    shap.plots.bar(drawn[0], show=False)
    _, strength = by_strength(drawn[0])
    assert_allclose([abs(bar.get_width()) for bar in plt.gca().patches][: len(strength)], strength)


def test_bar_of_cohorts(drawn):
    cohorts = drawn.cohorts(["p", "q"] * (ROWS // 2))
    shap.plots.bar(cohorts.abs.mean(0), show=False)
    widths = [round(bar.get_width(), 9) for bar in plt.gca().patches]
    for first in (0, 1):
        means = np.abs(drawn.values[first::2]).mean(axis=0)
        assert set(means.round(9)) <= set(widths)
    assert {"p [5]", "q [5]"} <= set(texts())


def test_beeswarm(drawn):
    shap.plots.beeswarm(drawn, show=False)
    names, _ = by_strength(drawn)
    assert drawn_labels()[: len(names)] == names[::-1]
    dots = [points.get_offsets() for points in plt.gcf().axes[0].collections]
    assert sum(map(len, dots)) == ROWS * len(names)
    assert_allclose(np.sort(np.concatenate(dots)[:, 0]), np.sort(drawn.values, axis=None), atol=1e-12)


def test_waterfall(drawn):
    shap.plots.waterfall(drawn[0], show=False)
    names, _ = by_strength(drawn[0])
    labels = drawn_labels()
    assert all(any(label.endswith(name) for label in labels) for name in names)
    total = drawn[0].base_values + drawn[0].values.sum()
    assert any(f"{total:0.03f}".replace("-", "−") in text for text in texts())


@pytest.mark.parametrize("rows", [0, slice(None)])
def test_force_in_the_browser(rows, drawn):
    html = shap.plots.force(drawn[rows]).html()
    for name in drawn.feature_names:
        assert f'"{name}"' in html.encode().decode("unicode_escape", errors="ignore")
    assert str(np.ravel(drawn.base_values)[0]) in html


def test_force_as_a_figure(drawn):
    shap.plots.force(drawn[0], matplotlib=True, show=False)
    strongest = by_strength(drawn[0])[0][0]
    assert any(text.startswith(f"{strongest} =") for text in texts())
    assert f"{drawn[0].base_values + drawn[0].values.sum():.2f}" in texts()


def test_decision(drawn):
    shap.plots.decision(
        drawn.base_values[0], drawn.values, feature_names=list(drawn.feature_names), show=False
    )
    names, _ = by_strength(drawn)
    assert drawn_labels()[: len(names)] == names[::-1]
    lines = [line.get_xdata() for line in plt.gca().lines if len(line.get_xdata()) == len(names) + 1]
    full = drawn.base_values + drawn.values.sum(axis=1)
    assert_allclose(sorted(line[-1] for line in lines), sorted(full))


def test_heatmap(drawn):
    shap.plots.heatmap(drawn, show=False)
    names, _ = by_strength(drawn)
    assert set(names) <= set(drawn_labels())
    image = plt.gcf().axes[0].images[0].get_array()
    order = drawn.hclust()
    columns = [list(drawn.feature_names).index(name) for name in names]
    assert_allclose(image, drawn.values[order][:, columns].T)


@pytest.mark.slow
def test_violin(drawn):
    shap.plots.violin(drawn, show=False)
    names, _ = by_strength(drawn)
    assert drawn_labels()[: len(names)] == names[::-1]
    assert len(plt.gcf().axes[0].collections) > len(names)


def test_scatter(drawn):
    name = by_strength(drawn)[0][0]
    shap.plots.scatter(drawn[:, name], color=drawn, show=False)
    axes = plt.gcf().axes[0]
    assert axes.get_xlabel() == name
    column = list(drawn.feature_names).index(name)
    dots = np.concatenate([points.get_offsets() for points in axes.collections])
    expected = np.c_[drawn.data[:, column], drawn.values[:, column]]
    assert_allclose(dots[dots[:, 0].argsort()], expected[expected[:, 0].argsort()], atol=1e-9)


def test_partial_dependence(explanation):
    row = explanation[:1]
    settings = {"feature_names": list("abcdef"), "ice": False, "model_expected_value": True, "show": False}
    shap.plots.partial_dependence("a", pairs, explanation.data, shap_values=row, **settings)
    (dot,) = [line.get_xydata() for line in plt.gcf().axes[0].lines if len(line.get_xdata()) == 1]
    assert_allclose(dot, [[row.data[0, 0], row.base_values[0] + row.values[0, 0]]])
