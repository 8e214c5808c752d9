"""Real models to explain: two judges of texts and two of tables, with the maskers that SHAP needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import process_time
from typing import Any

import numpy as np
import shap
from _texts import FreeText, Review, masked_texts, reviews, word_masker

_TRAINED = 10_000  # reviews that the text model sees; the explained ones are others
_EPOCHS = 6  # it overfits soon after


class Counted:
    """A model that knows how many inputs it was given, and the processor's seconds they took."""

    def __init__(self, model: Callable[[Any], np.ndarray]) -> None:
        self._model = model
        self.reset()

    def __call__(self, inputs: Any) -> np.ndarray:
        start = process_time()
        answers = self._model(inputs)
        self.seconds += process_time() - start
        self.inputs += len(inputs)
        return answers

    def reset(self) -> None:
        self.inputs, self.seconds = 0, 0.0


@dataclass(frozen=True)
class Game:
    """A model, inputs to explain, and how to mask them.

    Attributes
    ----------
    masker : SHAP masker
        What a user would pass.
    free, clustered : SHAP masker
        The same masking without and with a clustering, for explainers that follow it where there is one.
    samples : int
        Inputs of the model per mask: the size of the background.
    value : callable
        (row, masks (m, n)) → values (m,): the masked model, vectorised.
    """

    name: str
    model: Counted
    rows: np.ndarray
    n: int
    masker: Any
    free: Any
    clustered: Any
    samples: int
    value: Callable[[Any, np.ndarray], np.ndarray]


def text_game(name: str, model: Callable[[Any], np.ndarray], texts: list[Review], n: int) -> Game:
    """Return the game of the first n words of every text."""
    counted = Counted(model)
    masker = word_masker()
    rows = np.array([" ".join(review.words[:n]) for review in texts])

    def value(row: str, masks: np.ndarray) -> np.ndarray:
        return counted(masked_texts(row.split(), masks))

    return Game(name, counted, rows, n, masker, FreeText(r"\s"), masker, 1, value)


def table_game(
    name: str, model: Callable[[Any], np.ndarray], rows: np.ndarray, background: np.ndarray
) -> Game:
    """Return the game of the columns, averaged over background rows."""
    counted = Counted(model)
    samples, n = background.shape
    free = shap.maskers.Independent(background, max_samples=samples)
    clustered = shap.maskers.Partition(background, max_samples=samples)

    def value(row: np.ndarray, masks: np.ndarray) -> np.ndarray:
        mixed = np.where(masks[:, None], row, background)
        return counted(mixed.reshape(-1, n)).reshape(-1, samples).mean(axis=1)

    return Game(name, counted, rows, n, free, free, clustered, samples, value)


def text_games(names: list[str], count: int, n: int = 64) -> list[Game]:
    """Return the games "tfidf", "logistic" and "vader" as named, on count reviews not trained on."""
    data = reviews()
    order = np.random.default_rng(0).permutation(len(data))
    unseen = [data[i] for i in order[_TRAINED:] if len(data[i].words) >= n]
    train = [data[i] for i in order[:_TRAINED]]
    makers = {
        "tfidf": lambda: _trained(tfidf_mlp, train),
        "logistic": lambda: _trained(tfidf_logistic, train),
        "vader": vader,
    }
    return [text_game(name, makers[name](), unseen[:count], n) for name in names]


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


def _trained(kind: Callable[..., Any], train: list[Review]) -> Callable[[Any], np.ndarray]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(ngram_range=(1, 2), min_df=3, max_features=20_000, sublinear_tf=True)
    features = words.fit_transform(" ".join(review.words[:80]) for review in train)
    return kind(words, features, [review.positive for review in train])


def vader() -> Callable[[Any], np.ndarray]:
    """Return VADER's compound score in [−1, 1]: a lexicon with rules for negations, boosters, "but", …."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    return lambda inputs: np.array([analyzer.polarity_scores(str(text))["compound"] for text in inputs])


def breast_cancer() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return scikit-learn's table of 30 columns, split: train X and y, test X and y."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import train_test_split

    X, y = load_breast_cancer(return_X_y=True)
    train, test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=0)
    return train, y_train, test, y_test
