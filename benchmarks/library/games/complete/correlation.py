"""An unsupervised game: how much columns tell about each other."""

from __future__ import annotations

import numpy as np
from scipy.special import entr

from library.data.splits import split
from library.games.complete.game import Game

__all__ = ["total_correlation"]


def total_correlation(which: int, seed: int) -> Game:
    """Total correlation in bits of the columns kept, each cut into three bins of equal counts.

    The sum of the columns' entropies minus their joint entropy, of the rows to train on.
    """
    X = split(("wine", "houses", "digits")[which], seed).X
    bins = np.stack([np.digitize(x, np.unique(np.quantile(x, (1 / 3, 2 / 3)))) for x in X.T], axis=1)
    powers = 3 ** np.arange(X.shape[1])
    single = np.array([_entropy(column) for column in bins.T])

    def value(masks: np.ndarray) -> np.ndarray:
        joint = np.array([_entropy(bins[:, mask] @ powers[mask]) for mask in masks])
        return masks @ single - joint

    return Game(X.shape[1], value)


def _entropy(numbers: np.ndarray) -> float:
    _, counts = np.unique(numbers, return_counts=True)
    return float(entr(counts / len(numbers)).sum() / np.log(2))
