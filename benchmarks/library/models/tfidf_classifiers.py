"""Probabilities of scikit-learn's classifiers on TF-IDF of words and pairs of words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from library.data.reviews import Review

__all__ = ["tfidf_logistic", "tfidf_mlp", "trained"]

_EPOCHS = 6  # it overfits soon after


def tfidf_mlp(words: Any, features: Any, positive: list[bool]) -> Callable[[Any], np.ndarray]:
    """Train a small network on TF-IDF of words and pairs of words; it gives P(positive)."""
    from sklearn.neural_network import MLPClassifier

    network = MLPClassifier((32,), random_state=0)
    for _ in range(_EPOCHS):
        network.partial_fit(features, positive, classes=[False, True])
    return lambda texts: network.predict_proba(words.transform(texts))[:, 1]


def tfidf_logistic(words: Any, features: Any, positive: list[bool]) -> Callable[[Any], np.ndarray]:
    """Train logistic regression on the same features; it gives P(positive)."""
    from sklearn.linear_model import LogisticRegression

    regression = LogisticRegression(C=10.0).fit(features, positive)
    return lambda texts: regression.predict_proba(words.transform(texts))[:, 1]


def trained(kind: Callable[..., Any], train: list[Review]) -> Callable[[Any], np.ndarray]:
    """Return the model of a kind, trained on the first 80 words of reviews: texts → P(positive)."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(ngram_range=(1, 2), min_df=3, max_features=20_000, sublinear_tf=True)
    features = words.fit_transform(" ".join(review.words[:80]) for review in train)
    return kind(words, features, [review.positive for review in train])
