"""Interactions over the rows of an explanation: columns of tables, words of texts, classes."""

from __future__ import annotations

import numpy as np
import pytest
import shap

from spex_plugins import InputError
from spex_plugins.shap import SpexExplainer


def product_model(rows):
    return rows[:, 0] * rows[:, 1] + rows[:, 2]


@pytest.fixture
def rows():
    return np.random.default_rng(0).normal(size=(8, 4))


def test_columns(rows):
    explanation = SpexExplainer(product_model, np.zeros((1, 4)), feature_names=list("abcd"))(
        rows, silent=True
    )
    table = explanation.interaction_table()
    assert table.terms[:2] == (("c",), ("a", "b")) or table.terms[:2] == (("a", "b"), ("c",))
    pairs = table.interactions()
    assert pairs.names == ["a × b"]
    np.testing.assert_allclose(pairs.values[:, 0], rows[:, 0] * rows[:, 1], atol=1e-9)
    some = explanation[rows[:, 2] > 0].interaction_table()
    assert len(some.values) == (rows[:, 2] > 0).sum()
    assert len(explanation[0].interaction_table().values) == 1


def test_classes(rows):
    def two(x):
        return np.column_stack([product_model(x), -2 * product_model(x)])

    explanation = SpexExplainer(two, np.zeros((1, 4)), feature_names=list("abcd"))(rows, silent=True)
    with pytest.raises(InputError, match="output: there are 2 outputs"):
        explanation.interaction_table()
    by_output = explanation.interaction_table(output=1).interactions().values
    np.testing.assert_allclose(by_output[:, 0], -2 * rows[:, 0] * rows[:, 1], atol=1e-9)
    np.testing.assert_allclose(explanation[..., 1].interaction_table().interactions().values, by_output)


def test_words_of_texts_of_unequal_length():
    def sentiment(texts):
        words = [text.lower().replace(".", "").split() for text in texts]
        return np.array([("good" in one) * (-1.0 if "not" in one else 1.0) for one in words])

    masker = shap.maskers.Text(r"\s", mask_token=" ")
    texts = ["It is not good.", "Good it is", "not a film", "Not so bad but good"]
    table = SpexExplainer(sentiment, masker)(texts, silent=True).interaction_table()
    column = dict(zip(table.terms, table.values.T, strict=True))
    np.testing.assert_allclose(column["not", "good"], [-2.0, np.nan, np.nan, -2.0], atol=1e-9)
    np.testing.assert_allclose(column["good",], [1.0, 1.0, np.nan, 1.0], atol=1e-9)
