"""Dense pairs: the matrices of `shap.ExactExplainer`, at any budget and in SHAP's plots."""

from __future__ import annotations

from math import comb

import matplotlib.pyplot as plt
import numpy as np
import pytest
import shap
from numpy.testing import assert_allclose

from spex_plugins import InputError
from spex_plugins.shap import SpexExplainer, SpexExplanation


def third_order(x):
    return x[:, 0] * x[:, 1] + np.sin(x[:, 2]) * x[:, 3] * x[:, 4] + 0.5 * x[:, 5] - 1.0


def three_outputs(x):
    return np.stack([third_order(x), x[:, 0] ** 2, x[:, 1] * x[:, 2]], axis=1)


def definition(function, background, row, i, j):
    """Half of the Shapley–Taylor index of a pair, by its definition (Sundararajan et al. 2020, order 2)."""
    n = len(row)
    others = [k for k in range(n) if k not in (i, j)]
    masks = (np.arange(2 ** (n - 2))[:, None] >> np.arange(n - 2)) & 1 == 1
    kept = np.zeros((len(masks), n), dtype=bool)
    kept[:, others] = masks

    def value(first, second):
        kept[:, i], kept[:, j] = first, second
        return np.array([function(np.where(mask, row, background)).mean() for mask in kept])

    weights = [1 / (n * comb(n - 1, size)) for size in masks.sum(axis=1)]
    return np.dot(weights, value(1, 1) - value(0, 1) - value(1, 0) + value(0, 0))


def additive(explanation, single, full):
    """Symmetric; rows sum to the Shapley values, everything to f(x)."""
    assert_allclose(explanation.values, np.swapaxes(explanation.values, 1, 2), atol=1e-12)
    assert_allclose(explanation.values.sum(axis=2), single, atol=1e-8)
    assert_allclose(explanation.base_values + explanation.values.sum(axis=(1, 2)), full, atol=1e-8)


@pytest.mark.slow
def test_equals_the_exact_explainer(table, background):
    rows = table[20:23]
    dense = SpexExplainer(third_order, background)(rows, interactions=True, silent=True)
    exact = shap.ExactExplainer(third_order, background)(rows, interactions=True, silent=True)
    assert isinstance(dense, SpexExplanation)
    assert dense.shape == exact.shape == (3, 6, 6)
    assert_allclose(dense.values, exact.values, atol=1e-8)
    assert_allclose(dense.base_values, exact.base_values, atol=1e-8)
    assert dense.feature_names == exact.feature_names
    assert np.abs(exact.values[:, 2, 3]).max() > 0.01


@pytest.mark.slow
def test_several_outputs_have_an_axis(table, background):
    rows = table[20:23]
    explainer = SpexExplainer(three_outputs, background, output_names=["a", "b", "c"])
    dense = explainer(rows, interactions=True, silent=True)
    flattened = shap.ExactExplainer(three_outputs, background)(rows, interactions=True, silent=True)
    assert dense.shape == (3, 6, 6, 3)
    assert_allclose(dense.values, flattened.values.reshape(3, 6, 6, 3), atol=1e-8)
    assert_allclose(dense[..., 2].values, flattened.values[..., 2::3], atol=1e-8)
    assert_allclose(dense[..., "c"].values, dense[..., 2].values, atol=0)
    assert_allclose(dense[1, ..., 0].base_values, three_outputs(table[:12])[:, 0].mean())
    assert dense[1, ..., 2].interactions.index("STII").top(1).terms == [(1, 2)]
    one = SpexExplainer(three_outputs, background)(rows, interactions=True, outputs=[2], silent=True)
    assert one.shape == (3, 6, 6, 1)
    assert_allclose(one.values, dense.values[..., [2]], atol=1e-12)


def test_features_that_do_not_vary(table):
    """ExactExplainer numbers the pairs of the varying features as if they were the first; we do not."""
    row, zeros = np.array([[1.0, 2.0, 0.0, 3.0, 0.0, 1.0]]), np.zeros((1, 6))

    def model(x):
        return x[:, 0] * x[:, 3] + x[:, 1] * x[:, 3] * x[:, 5]

    dense = SpexExplainer(model, shap.maskers.Independent(zeros))(row, interactions=True, silent=True)
    expected = [[definition(model, zeros, row[0], i, j) for j in range(6) if j != i] for i in range(6)]
    assert_allclose(dense.values[0][~np.eye(6, dtype=bool)].reshape(6, 5), expected, atol=1e-12)
    assert dense.values[0, 0, 3] == 1.5
    assert not dense.values[0, [2, 4]].any()


@pytest.mark.slow
@pytest.mark.parametrize("function", [third_order, three_outputs])
@pytest.mark.parametrize("max_order", [None, 1])
def test_additive_at_partial_budgets(function, max_order, table, background):
    rows = table[20:22]
    explainer = SpexExplainer(function, background, max_order=max_order)
    dense = explainer(rows, max_evals=40, interactions=True, silent=True)
    additive(dense, explainer(rows, max_evals=40, silent=True).values, function(rows))
    pairs = dense.values[:, ~np.eye(6, dtype=bool)]
    assert pairs.any() == (max_order is None)


def test_texts_of_one_length(sentiment, words):
    texts = ["not bad at all", "never fails to charm"]
    explainer = SpexExplainer(sentiment.decision_function, words)
    dense = explainer(texts, interactions=True, silent=True)
    additive(dense, explainer(texts, silent=True).values, sentiment.decision_function(texts))
    found = dense[1].interactions.index("STII", 2).as_dict()
    assert_allclose(dense[1].values[0, 1], found[0, 1] / 2, atol=1e-12)
    assert dense[1].feature_names == ["never", "fails", "to", "charm"]


def test_cutting_keeps_interactions_and_names(table, background):
    names = list("abcdef")
    dense = SpexExplainer(third_order, background, feature_names=names)(
        table[20:23], main_effects=True, interactions=True, silent=True
    )
    assert_allclose(dense.values[:, range(6), range(6)], dense.main_effects, atol=1e-8)
    assert_allclose(dense[:, "b"].values, dense.values[:, 1], atol=0)
    assert dense[1:][1].interactions.full_value == pytest.approx(third_order(table[22:23])[0])
    flat = dense[1].interaction_explanation()
    assert_allclose(flat.base_values + flat.values.sum(), third_order(table[21:22])[0], atol=1e-8)


def test_a_clustering_stays(table):
    masker = shap.maskers.Partition(table[:12])
    dense = SpexExplainer(third_order, masker)(table[20:22], interactions=True, silent=True)
    assert_allclose(dense[1].clustering, masker.clustering, atol=0)


def counting(asked):
    def model(x):
        asked.append(len(x))
        return third_order(np.asarray(x))

    return model


@pytest.mark.slow
def test_impossible_requests_ask_the_model_nothing(table, background, sentiment, words):
    asked = []

    def texts(x):
        asked.append(len(x))
        return sentiment.decision_function(x)

    class Pair(shap.maskers.Masker):
        shape = (1, 4)

        def __call__(self, mask, first, second):
            return (first * mask[:2])[None], (second * mask[2:])[None]

        def mask_shapes(self, first, second):
            return [first.shape, second.shape]

    image = shap.maskers.Image(np.zeros((2, 2, 1)))
    row = table[20:21]
    model = counting(asked)
    cases = [
        (SpexExplainer(texts, words), (["not bad", "not bad at all"],), True, "rows of one length"),
        (SpexExplainer(model, Pair()), (row[:, :2], row[:, 2:4]), True, "one input, got 2"),
        (SpexExplainer(model, image), (np.ones((1, 2, 2, 1)),), True, r"vectors, got shape \(2, 2, 1\)"),
        (SpexExplainer(model, background, index="BV"), (row,), True, "index=\"SV\", got 'BV'"),
        (SpexExplainer(model, background), (row,), 3, "must be True or False, got 3"),
    ]
    for explainer, args, interactions, message in cases:
        with pytest.raises(InputError, match=f"interactions: .*{message}"):
            explainer(*args, interactions=interactions, silent=True)
    assert asked == []
    SpexExplainer(model, background)(row, interactions=True, silent=True)
    assert asked


@pytest.fixture
def dense(table, background):
    explainer = SpexExplainer(third_order, background, feature_names=list("abcdef"))
    return explainer(table[20:40], interactions=True, silent=True)


def test_decision_plot(dense):
    shap.decision_plot(
        dense.base_values[0], dense.values, feature_names=list("abcdef"), show=False, ignore_warnings=True
    )
    plt.gcf().canvas.draw()
    axes = plt.gca()
    assert "a *\nb" in [label.get_text() for label in axes.get_yticklabels()]
    ends = [line.get_xdata()[-1] for line in axes.lines if len(line.get_xdata()) > 15]
    assert_allclose(sorted(ends), sorted(dense.base_values + dense.values.sum(axis=(1, 2))), atol=1e-8)


# SHAP shuffles with NumPy's global generator, and warns once anything in the process has seeded that.
@pytest.mark.filterwarnings("ignore:The NumPy global RNG was seeded:FutureWarning")
def test_summary_plot(dense):
    shap.summary_plot(dense.values, dense.data, feature_names=list("abcdef"), show=False, max_display=6)
    titles = [axes.get_title() for axes in plt.gcf().axes]
    assert sorted(titles) == sorted("abcdef")
    strongest = np.abs(dense.values.sum(axis=1)).sum(axis=0).argmax()
    assert titles[0] == "abcdef"[strongest]


def test_dependence_plot_shows_the_whole_interaction(dense):
    shap.dependence_plot((0, 1), dense.values, dense.data, feature_names=list("abcdef"), show=False)
    axes = plt.gca()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("a", "SHAP interaction value for\na and b")
    drawn = axes.collections[0].get_offsets()
    truth = [row.index("STII", 2).as_dict()[0, 1] for row in dense.interactions]
    order = np.argsort(dense.data[:, 0])
    assert_allclose(drawn[np.argsort(drawn[:, 0])], np.c_[dense.data[:, 0], truth][order], atol=1e-6)
