"""A real text model and real tabular data."""

from __future__ import annotations

import numpy as np
import pytest
import shap

POSITIVE = [
    "a wonderful film that never fails to charm",
    "never boring, always a pleasure",
    "not bad at all, I loved it",
    "great acting and a great story",
    "this is good, really good",
    "the cast is charming and the plot never drags",
    "a pleasure from start to end",
    "I would watch it again",
]
NEGATIVE = [
    "a dull film that fails to charm",
    "boring, never a pleasure",
    "not good at all, I hated it",
    "bad acting and a bad story",
    "this is bad, really bad",
    "the cast is wooden and the plot drags",
    "a waste of time from start to end",
    "I would not watch it again",
]


@pytest.fixture(scope="session")
def sentiment():
    """Log-odds that a text is positive: TF-IDF on words and pairs of words, logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\w+")
    model = make_pipeline(words, LogisticRegression(C=10.0))
    model.fit(POSITIVE + NEGATIVE, [1] * len(POSITIVE) + [0] * len(NEGATIVE))
    return model


@pytest.fixture
def words():
    return shap.maskers.Text(r"\W")


@pytest.fixture
def table():
    return np.random.default_rng(5).normal(size=(40, 6))


@pytest.fixture
def background(table):
    return shap.maskers.Independent(table[:12])


@pytest.fixture(autouse=True)
def no_figures_left():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")
