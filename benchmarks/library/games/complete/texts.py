"""Film reviews of few words through judges of texts; a hidden word is left out."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np

from library.games.complete.game import Game
from library.games.masked_inputs import value_function

__all__ = ["encoder", "language_model", "rules", "tfidf"]

_NEEDED = 5  # words that change the answer by themselves: most reviews hold few words of a lexicon


def rules(which: int, seed: int, folder: Path) -> Game:
    """Score of `vaderSentiment`, a lexicon with rules; 14 words, or 16 of the last review."""
    return _review("vader", 16 if which == 3 else 14, 2 * which + seed, folder)


def tfidf(which: int, seed: int, folder: Path) -> Game:
    """Log-odds of a network on TF-IDF of words and pairs of words; 14 words."""
    return _review("tfidf", 14, 2 * which + seed, folder)


def encoder(which: int, seed: int, folder: Path) -> Game:
    """Log-odds of a classifier on a sentence encoder's vectors (MiniLM-L6, a transformer); 12 words."""
    return _review("minilm", 12, 2 * which + seed, folder)


def language_model(which: int, seed: int, folder: Path) -> Game:
    """Log-odds that SmolLM2-135M finds the review positive; 12 words."""
    return _review("llm", 12, 2 * which + seed, folder)


def _review(judge: str, n: int, which: int, folder: Path) -> Game:
    """Return the game of the which-th unseen review of n words that the judge is not indifferent to."""
    one_hidden = np.vstack([np.ones(n, dtype=bool), ~np.eye(n, dtype=bool)])

    def told(number: int) -> bool:
        full, *others = value_function(judge, n, number, folder)(one_hidden)
        return sum(abs(value - full) > 1e-9 for value in others) >= _NEEDED

    number = next(islice(filter(told, range(1000)), which, None))
    return Game(n, value_function(judge, n, number, folder))
