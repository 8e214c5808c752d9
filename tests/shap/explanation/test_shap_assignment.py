"""Values, base values and names that are assigned: the usual way to cut one class out of an explanation."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest
import shap
from numpy.testing import assert_allclose

from spex_plugins.shap import SpexExplainer

NAMES = list("abcdef")


def model(x):
    return np.stack([x[:, 0] * x[:, 1] + x[:, 5], x[:, 2] * x[:, 3] * x[:, 4]], axis=1)


@pytest.fixture
def explanation(table, background):
    names = {"feature_names": NAMES, "output_names": ["yes", "no"]}
    return SpexExplainer(model, background, **names, error_bounds=True)(table[20:24], silent=True)


def values_first(explanation, k):
    explanation.values = explanation.values[..., k]
    explanation.base_values = explanation.base_values[..., k]


def base_values_first(explanation, k):
    explanation.base_values = explanation.base_values[..., k]
    explanation.values = explanation.values[..., k].copy()


@pytest.mark.parametrize("assign", [values_first, base_values_first])
def test_one_class_of_every_row(assign, explanation, table):
    truth = explanation[..., "no"]
    one = copy.copy(explanation)
    assign(one, 1)
    assert one.output_names == "no"
    for name in ("values", "base_values", "data", "error_std"):
        assert_allclose(getattr(one, name), getattr(truth, name), atol=0)
        assert_allclose(getattr(one[2, 3:], name), getattr(truth[2, 3:], name), atol=0)
    assert one[:, "c"].shape == (4,)
    assert_allclose(one.abs.mean(0).values, np.abs(truth.values).mean(axis=0), atol=0)
    assert_allclose([row.full_value for row in one.interactions], model(table[20:24])[:, 1], atol=1e-12)
    assert one[0].interaction_explanation().feature_names == truth[0].interaction_explanation().feature_names
    assert explanation.shape == (4, 6, 2)


@pytest.mark.parametrize("assign", [values_first, base_values_first])
def test_one_class_of_a_row(assign, explanation, table):
    row = explanation[1]
    assign(row, 0)
    assert row.shape == (6,)
    assert_allclose(row.interactions.full_value, model(table[21:22])[0, 0], atol=1e-12)
    assert row["c"].values == explanation.values[1, 2, 0]


@pytest.mark.parametrize(
    "plot",
    [
        lambda e: shap.plots.bar(e, show=False),
        lambda e: shap.plots.beeswarm(e, show=False),
        lambda e: shap.plots.waterfall(e[0], show=False),
        lambda e: shap.plots.scatter(e[:, "c"], show=False),
        lambda e: shap.plots.heatmap(e, show=False),
    ],
)
@pytest.mark.filterwarnings("ignore")  # of SHAP and matplotlib
def test_plots_of_one_class(plot, explanation):
    values_first(explanation, 1)
    assert plot(explanation) is not None


@pytest.mark.slow
def test_texts(words):
    explanation = SpexExplainer(lambda ts: np.array([[len(t), t.count("a")] for t in ts]), words)(
        ["a story", "never a bad bit"], silent=True
    )
    truth = explanation[..., 1]
    explanation.values = [values[:, 1] for values in explanation.values]
    explanation.base_values = explanation.base_values[:, 1]
    assert_allclose(explanation[1].values, truth[1].values, atol=0)
    assert explanation[1].interactions.full_value == 2


def doubled_in_place(explanation):
    explanation.values *= 2


def doubled(explanation):
    explanation.values = 2 * explanation.values


def summed(explanation):
    explanation.values = explanation.values.sum(axis=2)


def without_a_row(explanation):
    explanation.values = explanation.values[1:, :, 0]


@pytest.mark.parametrize("assign", [doubled_in_place, doubled, summed, without_a_row])
def test_values_from_elsewhere_have_no_interactions(assign, explanation):
    assign(explanation)
    with pytest.raises(AttributeError, match=r"assigned.*explanation\[\.\.\., k\]"):
        _ = explanation.interactions
    assert "interactions" not in repr(explanation)
    assert explanation._repr_html_() is None
    assert_allclose(explanation[1].values, explanation.values[1], atol=0)


def test_equal_values_keep_the_interactions(explanation, table):
    explanation.values = explanation.values.copy()
    assert_allclose(explanation[1].interactions.full_value, model(table[21:22])[0], atol=1e-12)


def test_classes_with_equal_values_are_not_told_apart(table, background):
    explanation = SpexExplainer(lambda x: x[:, [0, 0]], background)(table[20:22], silent=True)
    values_first(explanation, 1)
    assert not hasattr(explanation, "interactions")


def test_base_values_and_data(explanation, table):
    explanation.base_values = 0.5
    assert explanation[1].base_values == 0.5
    explanation.data = table[20:24] + 1
    assert_allclose(explanation[1].data, table[21] + 1, atol=0)
    explanation.data = None
    assert explanation[1].data is None
    assert_allclose(explanation.abs.mean(0).values, np.abs(explanation.values).mean(axis=0), atol=0)


@pytest.mark.parametrize("kind", [list, tuple, np.array, pd.Index])
def test_other_names_of_the_features(kind, explanation):
    explanation.feature_names = kind(["p", "q", "r", "s", "t", "u"])
    assert explanation[:, "q"].shape == (4, 2)
    assert explanation.interactions[1].feature_names == ("p", "q", "r", "s", "t", "u")
    part = explanation[:, ["r", "p"]]
    part.feature_names = ["R", "P"]
    assert part[0].interactions.feature_names == ("P", "q", "R", "s", "t", "u")
    assert explanation.interactions[0].feature_names[0] == "p"
    row = explanation[1]
    row.feature_names = NAMES
    assert row.interactions.feature_names == tuple(NAMES)


@pytest.mark.slow
def test_other_names_of_words(words):
    explanation = SpexExplainer(lambda ts: np.array([float(len(t)) for t in ts]), words)(
        ["a bad a", "good"], silent=True
    )
    explanation.feature_names = [["1", "2", "3"], ["4"]]
    assert [row.feature_names for row in explanation.interactions] == [("1", "2", "3"), ("4",)]
