"""Outputs that differ from row to row: the tokens of a language model, and the best outputs of a table."""

from __future__ import annotations

import numpy as np
import pytest
import shap
from numpy.testing import assert_allclose

from spex_plugins import InputError
from spex_plugins.shap import SpexExplainer, SpexExplanation

pytest.importorskip("transformers")
import tiny_transformers


@pytest.fixture(scope="module")
def explainer():
    return SpexExplainer(*tiny_transformers.language_model())


@pytest.fixture(scope="module")
def ragged(explainer):
    texts = ["never fails to charm", "not bad", "not to charm"]
    return explainer(texts, ["to charm never", "never to", "bad"], silent=True)


@pytest.mark.parametrize("item", [(slice(None), slice(None), "to"), (..., "to"), ([0, 1], ..., "to")])
def test_a_token_of_every_row_that_has_it(item, ragged):
    chosen = ragged[item]
    assert isinstance(chosen, SpexExplanation)
    assert len(chosen) == 2
    for row, (i, j) in zip(chosen, [(0, 0), (1, 1)], strict=True):
        assert_allclose(row.values, ragged[i].values[:, j], atol=0)
        assert row.base_values == ragged[i].base_values[j]
        assert row.feature_names == ragged[i].feature_names
        assert list(row.data) == list(ragged[i].data)
        assert row.output_names == "to"
        assert row.interactions.output_shape == ()
        assert row.interactions.full_value == ragged[i].interactions.full_value[j]
        assert_allclose(row.base_values + row.values.sum(), row.interactions.full_value, atol=1e-8)
    assert np.abs(chosen[0].values).max() > 1e-3


def test_a_token_of_one_row(ragged):
    assert_allclose(ragged[0, :, "charm"].values, ragged[0].values[:, 1], atol=0)
    assert ragged[1, :, "never"].interactions.full_value == ragged[1].interactions.full_value[0]
    words = ragged[:, 1, "to"]
    assert_allclose(words.values, [ragged[0].values[1, 0], ragged[1].values[1, 1]], atol=0)


def test_words_averaged_over_rows(ragged):
    mean = ragged[..., "to"].mean(0)
    assert set(mean.feature_names) == set(tiny_transformers.WORDS)
    assert_allclose(mean.values[list(mean.feature_names).index("bad")], ragged[1].values[1, 1], atol=0)
    with pytest.raises(AttributeError, match="no longer the explanation"):
        _ = mean.interactions


def test_a_token_twice_in_a_row(explainer):
    twice = explainer(["never charm", "not to charm"], ["to charm to", "bad"], silent=True)
    chosen = twice[..., "to"]
    assert_allclose(chosen.values, twice[0].values[:, [0, 2]].T, atol=0)
    assert_allclose(chosen.base_values, twice[0].base_values[[0, 2]], atol=0)


def test_a_token_that_is_nowhere(ragged):
    with pytest.raises(InputError, match=r"output: 'fails' is in no row; choose one of .*'never'"):
        _ = ragged[:, :, "fails"]


def test_as_many_rows_as_features(explainer):
    """SHAP takes the rows for outputs here, and gives every row the base values of all."""
    square = explainer(["never charm", "not bad"], ["to charm never", "never to charm"], silent=True)
    assert square.shape == (2, 2, 3)
    for i in range(2):
        row = square[i]
        assert row.base_values.shape == (3,)
        assert_allclose(row.base_values + row.values.sum(axis=0), row.interactions.full_value, atol=1e-8)
        assert list(row.output_names) == [["to", "charm", "never"], ["never", "to", "charm"]][i]
    assert_allclose(square[..., "to"].values, [square[0].values[:, 0], square[1].values[:, 1]], atol=0)


def test_matrices_of_pairs(explainer):
    texts, targets = ["never charm", "not bad"], ["to charm", "not to"]
    dense = explainer(texts, targets, interactions=True, silent=True)
    assert dense.shape == (2, 2, 2, 2)
    assert_allclose(dense.values.sum(axis=2), explainer(texts, targets, silent=True).values, atol=1e-8)
    chosen = dense[..., "to"]
    assert_allclose(chosen.values, [dense[0].values[..., 0], dense[1].values[..., 1]], atol=0)
    assert chosen[1].interactions.full_value == dense[1].interactions.full_value[1]


def test_best_outputs_of_a_table(table):
    def model(x):
        return np.stack([x[:, 0] * x[:, 1], x[:, 2] + x[:, 3], x[:, 4] * x[:, 5]], axis=1)

    settings = {"output_names": ["a", "b", "c"], "feature_names": list("uvwxyz")}
    explainer = SpexExplainer(model, shap.maskers.Partition(table[:12]), **settings)
    rows = table[20:30]
    best = explainer(rows, outputs=shap.Explanation.argsort.flip[:2], main_effects=True, silent=True)
    chosen = best[:, :, "b"]
    has_b = [i for i, names in enumerate(best.output_names) if "b" in names]
    assert 0 < len(has_b) < 10
    every = explainer(rows[has_b], main_effects=True, silent=True)[:, :, "b"]
    assert_allclose(chosen.values, every.values, atol=1e-12)
    assert_allclose(chosen.base_values, every.base_values, atol=1e-12)
    assert_allclose(chosen.data, rows[has_b], atol=0)
    assert_allclose(chosen.main_effects, every.main_effects, atol=1e-12)
    assert chosen.feature_names == list("uvwxyz")
    assert chosen[0].clustering.shape == (5, 4)
    assert chosen.interactions[0].index("SV").top(1).terms[0][0] in (2, 3)
    with pytest.raises(AttributeError, match="__add__"):
        _ = (best + best)[..., "b"].interactions
