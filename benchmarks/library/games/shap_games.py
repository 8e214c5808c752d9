"""Models of texts and of tables with the maskers that SHAP needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shap

from library.data.reviews import Review, reviews
from library.games.shap_texts import FreeText, masked_texts, word_masker
from library.measure.counted import Counted
from library.models.tfidf_classifiers import tfidf_logistic, tfidf_mlp, trained
from library.models.vader import vader

__all__ = ["Game", "table_game", "text_game", "text_games"]

_TRAINED = 10_000  # reviews that the text model sees; the explained ones are others


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
        "tfidf": lambda: trained(tfidf_mlp, train),
        "logistic": lambda: trained(tfidf_logistic, train),
        "vader": vader,
    }
    return [text_game(name, makers[name](), unseen[:count], n) for name in names]
