"""Whatever people do to a `shap.Explanation` gives the same numbers with a `SpexExplanation`."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import shap
from numpy.testing import assert_allclose

from spex_plugins.shap import SpexExplainer, SpexExplanation


def plain(explanation):
    """The same as a `shap.Explanation`, made by SHAP's own constructor."""
    names = ("values", "base_values", "data", "feature_names", "output_names", "main_effects", "clustering")
    return shap.Explanation(**{name: getattr(explanation, name) for name in names})


@pytest.fixture
def tables(table):
    def model(x):
        return np.stack([x[:, 0] * x[:, 1] + x[:, 5], x[:, 2] * x[:, 3] * x[:, 4]], axis=1)

    masker = shap.maskers.Partition(table[:12])
    settings = {"feature_names": list("abcdef"), "output_names": ["yes", "no"]}
    return SpexExplainer(model, masker, **settings)(table[20:26], main_effects=True, silent=True)


@pytest.fixture
def texts(sentiment, words):
    explainer = SpexExplainer(sentiment.predict_proba, words, output_names=["bad", "good"])
    return explainer(["this film never fails to charm", "not bad film"], silent=True)


BESIDES = {  # where SHAP keeps those of the first row, of other rows, or of a feature in the place of a row
    "mean": {"main_effects"},
    "largest": {"main_effects"},
    "smallest": {"main_effects"},
    "percentile": {"main_effects", "base_values"},
    "sum of features": {"main_effects", "feature_names"},
    "mean of words": {"base_values"},
    "mean of words for an output": {"base_values"},
}


def same(mine, theirs, besides=()):
    if not isinstance(theirs, shap.Explanation):
        assert type(mine) is type(theirs)
        assert_allclose(mine, theirs, atol=0)
        return
    assert isinstance(mine, SpexExplanation)
    assert (mine.shape, len(mine.shape) and len(mine)) == (theirs.shape, len(theirs.shape) and len(theirs))
    for name in ("values", "base_values", "data", "feature_names", "output_names", "main_effects"):
        if name in besides:
            continue
        one, other = getattr(mine, name), getattr(theirs, name)
        assert (one is None) == (other is None), name
        if one is not None:
            assert repr(list(np.ravel(np.asarray(one, dtype=object)))) == repr(
                list(np.ravel(np.asarray(other, dtype=object)))
            ), name


TABLES = {
    "row": lambda e: e[0],
    "rows": lambda e: e[1:3],
    "rows of a list": lambda e: e[[0, 2]],
    "cell": lambda e: e[0, 2],
    "feature": lambda e: e[:, "c"],
    "features": lambda e: e[:, ["a", "b"]],
    "output": lambda e: e[:, :, "no"],
    "output of a row": lambda e: e[1, :, "no"],
    "abs": lambda e: e.abs,
    "mean": lambda e: e[:, :, 0].mean(0),
    "largest": lambda e: e[:, :, 0].abs.max(0),
    "smallest": lambda e: e[:, :, 0].min(0),
    "sum of features": lambda e: e[:, :, 0].sum(1),
    "flip": lambda e: e.flip.values,
    "times": lambda e: 2 * e,
    "plus": lambda e: e + e,
    "minus": lambda e: e - 1,
    "sample": lambda e: e.sample(3, random_state=2),
    "clustered order": lambda e: e[:, :, 0].hclust(),
    "rows in clustered order": lambda e: e[e[:, :, 0].hclust()],
    "copy": copy.copy,
    "percentile": lambda e: e[:, :, 0].percentile(50, 0),
}
TEXTS = {
    "row": lambda e: e[0],
    "output": lambda e: e[:, :, "good"],
    "output of a row": lambda e: e[0, :, "good"],
    "abs": lambda e: e.abs,
    "mean of words": lambda e: e.abs.mean(0),
    "mean of words for an output": lambda e: e[:, :, "good"].abs.mean(0),
    "times": lambda e: 2 * e,
    "sample": lambda e: e.sample(1),
}


@pytest.mark.parametrize("case", TABLES)
def test_tables(case, tables):
    same(TABLES[case](tables), TABLES[case](plain(tables)), BESIDES.get(case, ()))


@pytest.mark.parametrize("case", TEXTS)
def test_texts(case, texts):
    same(TEXTS[case](texts), TEXTS[case](plain(texts)), {"data"} | BESIDES.get(case, set()))


def test_an_output_after_dots(tables):
    """SHAP itself raises IndexError."""
    same(tables[..., "no"], plain(tables)[:, :, "no"])
    same(tables[0, ..., "no"], plain(tables)[0, :, "no"])
    same(tables[..., 0, 1], plain(tables)[:, 0, 1])


def test_order_in_one_output(tables, texts):
    """SHAP itself raises IndexError: its copy of a chosen output takes the name for an axis."""
    one = tables[:, :, "no"]
    best = one[:, shap.Explanation.abs.mean(0).argsort.flip.values]
    means = np.abs(one.values).mean(axis=0)
    assert best.feature_names[:3] == [one.feature_names[i] for i in np.argsort(-means)[:3]]
    for row in (tables[1, :, "no"], texts[0, :, "good"]):
        order = row.abs.argsort.flip.values
        assert_allclose(row[order].values, sorted(row.values, key=abs, reverse=True), atol=0)
        assert row[order].feature_names == [row.feature_names[i] for i in order]


def test_as_many_features_as_outputs(table, background):
    """SHAP confuses the axes of the copy of a row; names of features and outputs keep theirs."""

    def model(x):
        return x * np.roll(x, 1, axis=1)

    names = {"feature_names": list("abcdef"), "output_names": list("uvwxyz")}
    explanation = SpexExplainer(model, background, **names)(table[20:22], silent=True)
    row = copy.copy(explanation[1])
    assert_allclose(row[:, "w"].values, explanation.values[1, :, 2], atol=0)
    assert row[:, "w"].feature_names == list("abcdef")
    assert row[:, "w"].interactions.index("SV").top(1).terms[0][0] in (1, 2)
