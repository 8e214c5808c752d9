"""What a `SpexExplanation` says about itself, at the prompt and in a notebook."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pytest
import shap

from spex_plugins.shap import SpexExplainer
from spex_plugins.shap.explanation.display import _values_table


def pairs(x):
    return x[:, 0] * x[:, 1] - 2 * x[:, 2] * x[:, 3] * x[:, 4] + x[:, 5]


def four_outputs(x):
    return np.stack([pairs(x), x[:, 0] * x[:, 5], x[:, 1], x[:, 2]], axis=1)


NAMES = ["<a>", *"bcdef"]


@pytest.fixture
def explanation(table, background):
    return SpexExplainer(pairs, background, feature_names=NAMES)(table[20:32], silent=True)


def test_text_of_several_rows(explanation):
    text = repr(explanation)
    plain = shap.Explanation(explanation.values, explanation.base_values, explanation.data)
    assert text.startswith(repr(plain) + "\n\n.interactions =\n")
    lines = text.split(".interactions =\n")[1].splitlines()
    assert len(lines) == 11
    assert lines[-1] == "… 2 more rows"
    row = explanation[1].interactions
    top = row.top(1)
    expected = (
        f"[1] f(∅) {row.empty_value:.4g}, f(x) {row.full_value:.4g}, R² 1.000, calls 64, "
        f"strongest: {top.names[0]} {top.values[0]:+.4g}"
    )
    assert lines[1] == expected


def test_text_of_a_row(explanation):
    assert repr(explanation[1]).endswith(".interactions =\n" + repr(explanation[1].interactions))


def test_text_of_mixed_rows(explanation):
    mean = explanation.mean(0)
    assert "interactions" not in repr(mean)
    assert repr(mean).startswith(".values =")
    assert mean._repr_html_() is None


def cells(html, tag="td"):
    return re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", html)


def test_page_of_several_rows(explanation):
    html = explanation._repr_html_()
    assert "SpexExplanation, values 12 × 6" in html
    assert "… 2 more rows" in html
    assert cells(html, "th") == ["row", "f(∅)", "f(x)", "R²", "model calls", "strongest interaction"]
    rows = html.split("<tr>")[2:]
    assert len(rows) == 10
    found = explanation[3].interactions
    assert cells(rows[3])[:5] == [
        "3",
        f"{found.empty_value:.4g}",
        f"{found.full_value:.4g}",
        "1.000",
        "64",
    ]
    assert "&lt;a&gt; × b" in html
    assert "<a>" not in html


def test_page_of_a_row(explanation):
    html = explanation[1]._repr_html_()
    order = np.argsort(-np.abs(explanation[1].values))
    first = [NAMES[i].replace("<a>", "&lt;a&gt;") for i in order]
    assert cells(html)[:12:2] == first
    assert cells(html)[1] == f"{explanation[1].values[order[0]]:.4g}"
    assert explanation[1].interactions._repr_html_() in html


def test_a_rounding_error_is_shown_as_the_zero_that_it_is():
    row = SimpleNamespace(feature_names=["a", "b"], values=np.array([2e-18, -0.5]), base_values=0.0)
    assert cells(_values_table(row)) == ["b", "-0.5", "a", "0"]


def test_several_outputs(table, background):
    explanation = SpexExplainer(four_outputs, background)(table[20:22], silent=True)
    assert "… (4), R²" in repr(explanation)
    html = explanation[0]._repr_html_()
    assert "values 6 × 4" in html
    assert cells(html)[1].count("  ") == 3
    assert "values: 6 features" in explanation[0, :, 1]._repr_html_()


def test_matrices_and_texts(table, background, sentiment, words):
    dense = SpexExplainer(pairs, background)(table[20:22], interactions=True, silent=True)
    assert "values 2 × 6 × 6" in dense._repr_html_()
    assert "values: " not in dense[0]._repr_html_()
    text = SpexExplainer(sentiment.decision_function, words)(["not bad", "so very good"], silent=True)
    assert "values 2 × …" in text._repr_html_()
    assert "not" in cells(text[0]._repr_html_())[:4:2]


def test_nothing_acts_together(background, table):
    explanation = SpexExplainer(lambda x: x[:, 0], background)(table[20:22], silent=True)
    assert repr(explanation).count("strongest: none") == 2


def test_page_of_one_feature(explanation, table):
    html = explanation[:, "c"]._repr_html_()
    assert "SpexExplanation, values of c" in html
    assert cells(html, "th") == ["row", "c", "value", "f(∅)"]
    assert cells(html)[:4] == [
        "0",
        f"{table[20, 2]:.4g}",
        f"{explanation.values[0, 2]:.4g}",
        f"{explanation.base_values[0]:.4g}",
    ]
    assert "… 2 more rows" in html
    assert len(cells(html)) == 40
    escaped = explanation[:, "<a>"]._repr_html_()
    assert "<a>" not in escaped
    assert cells(escaped)[2] == f"{explanation.values[0, 0]:.4g}"


def test_page_of_one_number(explanation, table):
    html = explanation[3, "c"]._repr_html_()
    assert "SpexExplanation, value of c" in html
    assert cells(html) == [
        f"{number:.4g}" for number in (table[23, 2], explanation.values[3, 2], explanation.base_values[3])
    ]


def test_page_of_some_features(explanation):
    html = explanation[:, ["c", "e"]]._repr_html_()
    assert cells(html, "th") == ["row", "c", "e"]
    assert cells(html)[:3] == ["0", f"{explanation.values[0, 2]:.4g}", f"{explanation.values[0, 4]:.4g}"]


def test_page_of_no_rows(explanation):
    assert cells(explanation[[]]._repr_html_()) == []


def test_pages_of_one_feature_of_outputs_and_texts(table, background, words):
    several = SpexExplainer(four_outputs, background)(table[20:22], silent=True)
    html = several[:, "Feature 1"]._repr_html_()
    assert cells(html)[2].split("  ")[:3] == [f"{one:.4g}" for one in several.values[0, 1, :3]]
    text = SpexExplainer(lambda texts: np.array([float(len(one)) for one in texts]), words)(
        ["not bad", "so bad"], silent=True
    )
    bad = text[:, "bad"]
    assert cells(bad._repr_html_())[2::4] == [f"{value:.4g}" for value in bad.values]
