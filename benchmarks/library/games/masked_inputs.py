"""Real models as value functions of masks, for a game, n and the number of an input.

tfidf    film reviews of exactly n words; TF-IDF of words and pairs and a small network
minilm   the same reviews; a frozen sentence encoder and a small network on top, answers kept on disk
vader    the score of `vaderSentiment` on the same reviews: a lexicon with rules; bounded, not a logit
llm      sentiment log-odds of SmolLM2-135M on the same reviews, answers kept on disk
digits   scikit-learn's digits, 64 pixels; mnist: 14 × 14 blocks; cancer: 30 columns; each with a network

Values are logits, but for vader. A hidden word is left out; a hidden pixel or column has its mean. Inputs are
the first ones of their length that no model was trained on; none is chosen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np

from library.data.reviews import Review, reviews
from library.data.tables import TABLES
from library.games.masks import Value
from library.games.stored_answers import StoredAnswers
from library.games.tables import table_value
from library.models.tfidf_network import TfidfModel
from library.models.vader import vader

__all__ = ["GAMES", "long_text", "review_of_length", "slow", "split_reviews", "value_function"]

GAMES = ("tfidf", "minilm", "vader", "llm", *TABLES)
_TRAINED = 10_000  # reviews that the models of texts see; the explained ones are others


def slow(game: str) -> bool:
    """Say whether the answers of a game are worth keeping on disk."""
    return game in ("minilm", "llm")


def value_function(game: str, n: int, which: int, folder: Path) -> Value:
    """Return the value function of input ``which`` of a game with n features.

    Parameters
    ----------
    folder : Path
        Where trained models and the answers of slow models are kept.
    """
    if game in TABLES:
        return table_value(game, n, which)
    words = review_of_length(n, which, folder)
    if game == "tfidf":
        return _tfidf(folder).value_function(words)
    scorer = {"minilm": _minilm, "vader": lambda _: vader(), "llm": _llm}[game](folder)
    return StoredAnswers(Words(tuple(words), scorer), folder / f"answers-{game}").values


@dataclass(frozen=True)
class Words:
    """A text of which words are left out, and the score of what is left."""

    words: tuple[str, ...]
    score: Callable[[list[str]], np.ndarray]

    @property
    def n(self) -> int:
        """Number of words."""
        return len(self.words)

    @property
    def fingerprint(self) -> str:
        """Of the text alone: each model has a folder of its own."""
        return hashlib.sha256(" ".join(self.words).encode()).hexdigest()

    def work(self, masks: np.ndarray) -> np.ndarray:
        """Return the numbers of words that are left."""
        return masks.sum(axis=1)

    def __call__(self, masks: np.ndarray) -> np.ndarray:
        """Return the scores of masks (m, n)."""
        return self.score([" ".join(compress(self.words, mask)) for mask in masks.tolist()])


def long_text(n: int, folder: Path) -> Value:
    """Return the game "tfidf" for n words of any number: unseen reviews, one after the other."""
    (text,) = _kept(folder / f"long-{n}.json", lambda: [_joined(n)])
    return _tfidf(folder).value_function(text.split())


def _joined(n: int) -> str:
    words = [word for review in split_reviews()[1][:n] for word in review.words]
    return " ".join(words[:n])


@cache
def split_reviews() -> tuple[list[Review], list[Review]]:
    """Return the reviews that models are trained on, and the others, in a random order."""
    data = reviews()
    order = np.random.default_rng(0).permutation(len(data))
    return [data[i] for i in order[:_TRAINED]], [data[i] for i in order[_TRAINED:]]


def review_of_length(n: int, which: int, folder: Path) -> list[str]:
    """Return the words of one of the unseen reviews of exactly n words."""
    texts = _kept(folder / f"texts-{n}.json", lambda: _of_length(n))
    if which >= len(texts):
        raise SystemExit(f"There are {len(texts)} unseen reviews of {n} words, not {which + 1}.")
    return texts[which].split()


def _of_length(n: int) -> list[str]:
    return [" ".join(review.words) for review in split_reviews()[1] if len(review.words) == n]


def _kept(path: Path, make: Callable[[], list[str]]) -> list[str]:
    """Read texts from a file, or make both: all reviews together take seconds and most of a gigabyte."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(make()))
    texts: list[str] = json.loads(path.read_text())
    return texts


@cache
def _tfidf(folder: Path) -> TfidfModel:
    return TfidfModel.trained(lambda: split_reviews()[0], folder / "tfidf.npz")


@cache
def _minilm(folder: Path) -> Callable[[Any], np.ndarray]:
    from library.models.sentence_encoder import sentence_logits

    return sentence_logits(lambda: split_reviews()[0], folder / "minilm.npz")


@cache
def _llm(folder: Path) -> Callable[[Any], np.ndarray]:
    from library.models.language_model import small_llm

    return small_llm.SentimentScorer(*small_llm.load_small_llm())
