"""SHAP's operations give the values of NumPy's, and base values, data and names that belong to them."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest
import shap
from numpy.testing import assert_allclose

from spex_plugins import InputError
from spex_plugins.shap import SpexExplainer, SpexExplanation

NAMES = list("abcdef")
TEXTS = ["a charming story that never fails", "it never charms a bit a b"]


def one_output(x):
    return x[:, 0] * x[:, 1] - 2 * x[:, 2] * x[:, 3] * x[:, 4] + x[:, 5]


def two_outputs(x):
    return np.stack([one_output(x), x[:, 0] * x[:, 5]], axis=1)


def lengths(texts):
    return np.array([[len(text), text.count("a")] for text in texts], dtype=float)


@pytest.fixture
def rows(table):
    return table[20:24]


@pytest.fixture
def single(background, rows):
    settings = {"feature_names": NAMES, "main_effects": True, "error_bounds": True}
    return SpexExplainer(one_output, background, **settings)(rows, silent=True)


@pytest.fixture
def double(table, rows):
    masker = shap.maskers.Partition(table[:12])
    settings = {"feature_names": NAMES, "output_names": ["yes", "no"]}
    return SpexExplainer(two_outputs, masker, **settings)(rows, silent=True)


@pytest.fixture
def texts(words):
    return SpexExplainer(lengths, words, output_names=["length", "as"])(TEXTS, silent=True)


@pytest.mark.parametrize("name", ["mean", "sum", "min", "max"])
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, None, (0, 2)])
def test_reductions(name, axis, double):
    result = getattr(double, name)(axis=axis)
    function = getattr(np, name)
    assert_allclose(result.values, function(double.values, axis=axis), atol=0)
    if axis in (0, None):
        assert_allclose(result.base_values, function(double.base_values, axis=axis), atol=0)
        assert_allclose(result.data, function(double.data, axis=axis), atol=0)
    if axis in (2, -1):
        assert_allclose(result.base_values, function(double.base_values, axis=1), atol=0)
        assert_allclose(result.data, double.data, atol=0)
    if axis in (1, -2):
        assert result.base_values is None
        assert result.feature_names is None
    assert not hasattr(result, "interactions")


@pytest.mark.parametrize("axis", [0, 1])
def test_percentiles(axis, single):
    result = single.percentile(95, axis)
    assert_allclose(result.values, np.percentile(single.values, 95, axis), atol=0)
    assert_allclose(result.data, np.percentile(single.data, 95, axis), atol=0)
    assert (result.base_values is None) == (axis == 1)
    assert result[-1].values == result.values[-1]


def test_what_is_left_is_cut_along(double):
    over_outputs = double.sum(2)
    assert_allclose(over_outputs[:, "c"].values, double.values[:, 2].sum(axis=-1), atol=0)
    assert_allclose(over_outputs[1].base_values, double.base_values[1].sum(), atol=0)
    assert over_outputs.output_names is None
    over_rows = double.mean(0)
    assert over_rows["c", "no"].values == double.values[:, 2, 1].mean()
    assert over_rows.clustering.shape == (5, 4)
    assert double.sum(1).clustering is None


def test_an_average_has_no_deviations_of_one_row(single):
    assert single.mean(0).error_std is None
    assert single.mean(0).main_effects is None
    assert_allclose(single.abs.error_std, single.error_std, atol=0)
    assert_allclose(single[1:2].sum(1).values, single.values[1:2].sum(axis=1), atol=0)


def test_turned_round(double, rows):
    turned = double.flip
    assert_allclose(turned.values, np.flip(double.values), atol=0)
    assert_allclose(turned.base_values, np.flip(double.base_values), atol=0)
    assert_allclose(turned.data, np.flip(double.data), atol=0)
    assert turned.feature_names == NAMES[::-1]
    assert turned.output_names == ["no", "yes"]
    assert_allclose(turned[0].interactions.full_value, two_outputs(rows[3:])[0, ::-1], atol=1e-12)
    assert_allclose(double[::-2, ::-1].values, double.values[::-2, ::-1], atol=0)


@pytest.mark.parametrize("number", [2, np.float64(2), 0.5])
def test_numbers_on_either_side(number, single):
    assert_allclose((number - single).values, number - single.values, atol=0)
    assert_allclose((number - single).base_values, number - single.base_values, atol=0)
    assert_allclose((number * single).values, number * single.values, atol=0)
    assert isinstance(number * single, SpexExplanation)
    assert (number * single)[0].interactions.full_value == single[0].interactions.full_value


def test_shaps_idioms(single):
    strongest = int(np.percentile(np.abs(single.values), 95, axis=0).argmax())
    assert single[:, single.abs.percentile(95, 0).argsort[-1]].feature_names == NAMES[strongest]
    order = np.argsort(-np.abs(single.values).mean(axis=0))
    by_chain = single[:, shap.Explanation.abs.mean(0).argsort.flip]
    assert by_chain.feature_names == [NAMES[i] for i in order]
    assert single[:, shap.Explanation.abs.mean(0).argsort[-1]].feature_names == NAMES[order[0]]
    assert_allclose(single[shap.Explanation.sum(1).argsort].values.sum(1), np.sort(single.values.sum(1)))
    assert single.identity is single


INDICES = {
    "mask": [True, False, True, False],
    "array": np.array([True, False, True, False]),
    "series": pd.Series([True, False, True, False]),
    "integers": np.array([0, 2]),
    "range": range(0, 4, 2),
    "step": slice(None, None, 2),
}


@pytest.mark.parametrize("case", INDICES)
def test_rows_of_a_table(case, single):
    chosen = single[INDICES[case]]
    assert_allclose(chosen.values, single.values[::2], atol=0)
    assert_allclose(chosen.data, single.data[::2], atol=0)
    assert_allclose([one.full_value for one in chosen.interactions], one_output(single.data[::2]))


def test_no_rows_keep_the_other_axes(double):
    none = double[double[:, "a"].data > 100]
    assert none.shape == (0, 6, 2)
    assert none[..., "no"].base_values.shape == (0,)
    assert none[:, "c", 0].data.shape == (0,)
    assert double[1, []].shape == (0, 2)
    assert none.interactions == []


def test_rows_and_words_of_texts(texts):
    """SHAP takes data and names of rows 0 and 1 for [False, True], and of all rows for an empty list."""
    second = texts[[False, True]]
    assert second.shape[0] == len(second.data) == len(second.feature_names) == 1
    assert second.feature_names[0] == TEXTS[1].split()
    assert len(texts[[]].data) == 0
    never = texts[:, "never"]
    assert_allclose(never.values, [[6, 0], [6, 0]], atol=1e-12)
    assert_allclose(texts[:, "a", "as"].values, [1, 1, 1], atol=1e-12)
    assert [one.full_value for one in texts[:, "a", "as"].interactions] == [4, 3, 3]
    assert_allclose(texts[1]["a"].values, [[2, 1], [2, 1]], atol=1e-12)
    assert_allclose(texts[1, "never"].values, [6, 0], atol=1e-12)
    with pytest.raises(InputError, match="'nowhere' is in no row"):
        texts[:, "nowhere"]


def test_texts_keep_their_words(texts):
    for changed in (2 * texts, texts + 1, texts.abs):
        assert ["".join(words) for words in changed.data] == TEXTS
    assert_allclose((2 * texts)[1].values, 2 * texts[1].values, atol=0)
    assert_allclose(texts.sum(1).values, lengths(TEXTS) - texts.base_values, atol=1e-12)
    assert_allclose(texts[1, ..., 0].argsort.values, np.argsort(texts[1].values[:, 0]))
    per_word = texts.mean(0)
    assert_allclose(per_word["never"].values, [6, 0], atol=1e-12)
    assert_allclose(per_word.base_values, texts.base_values.mean(axis=0))
    assert_allclose(texts.percentile(100, 0)["charming", "length"].values, texts[0, "charming", 0].values)


@pytest.mark.parametrize(
    ("item", "error", "message"),
    [
        ((slice(None), "z"), InputError, "'z' is unknown; choose one of .'a'"),
        (([True],), IndexError, "axis 0 has length 4, the mask 1"),
        ((1.0,), IndexError, "axis 0 takes an integer"),
        ((0, 0, 0), IndexError, "2 axes, 3 items"),
    ],
)
def test_unusable_indices(item, error, message, single):
    with pytest.raises(error, match=message):
        single[item]


@pytest.mark.parametrize("name", ["max", "min", "sum", "mean"])
def test_columns_of_texts_have_none_of_these(name):
    table = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "s": list("uvuv")})
    found = SpexExplainer(lambda t: (t.a + (t.s == "u")).to_numpy(float), table)(table, silent=True)
    reduced = getattr(found.abs, name)(0)
    assert_allclose(reduced.values, getattr(np, name)(np.abs(found.values), axis=0))
    assert reduced.data is None


def test_side_by_side(single, double, texts):
    whole = single[:, :2].hstack(single[:, 2:])
    for name in ("values", "data", "base_values", "error_std", "main_effects"):
        assert_allclose(getattr(whole, name), getattr(single, name), atol=0)
    assert whole.feature_names == NAMES
    assert whole[1].interactions.full_value == single[1].interactions.full_value
    assert_allclose(double[:, :2].hstack(double[:, 2:])[..., "no"].values, double.values[..., 1], atol=0)
    assert single[0, :3].hstack(single[0, 3:]).feature_names == NAMES
    both = texts.hstack(texts)
    assert both[0].feature_names == 2 * TEXTS[0].split()
    other = single + 0 * single
    with pytest.raises(AttributeError, match="hstack"):
        _ = single.hstack(other).interactions
    with pytest.raises(ValueError, match="different base values"):
        single.hstack(single + 1)
    with pytest.raises(AssertionError, match="different numbers of rows"):
        single.hstack(single[:2])


def test_made_by_hand():
    explanation = SpexExplanation(np.ones((5, 3)), np.zeros(5), feature_names=list("abc"))
    assert explanation[:, "b"].shape == (5,)
    assert not hasattr(explanation, "interactions")
    assert repr(copy.copy(explanation)).startswith(".values")


def test_clustering_of_all_features_only(double):
    assert double[0].clustering.shape == (5, 4)
    assert double[0, :, 1].clustering.shape == (5, 4)
    assert double[0, [1, 0]].clustering is None
    assert double.flip[0].clustering is None
