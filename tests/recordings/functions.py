"""Functions to record, and recordings of them."""

from __future__ import annotations

import numpy as np

from spex_plugins import Recording


class Game:
    """A product of two features and a third one; counts its masks."""

    output_names = None

    def __init__(self, n):
        self.n, self.calls = n, 0
        self.feature_names = tuple(f"word {i}" for i in range(n))
        self.fingerprint = f"game of {n}"

    def __call__(self, masks):
        self.calls += len(masks)
        return 3.0 * masks[:, 0] - 2.0 * (masks[:, 1] & masks[:, 2]) + 0.25 * masks.sum(axis=1)


def ends(n):
    return np.repeat([[False], [True]], n, axis=1)


def uniform(n, count, seed=0):
    return np.unique(np.random.default_rng(seed).random((count, n)) < 0.5, axis=0)


def pairs(n, count, seed=1):
    rng = np.random.default_rng(seed)
    masks = rng.random((count, n)) < rng.random((count, 1))
    masks[:, 0] = True  # so that no mask is the complement of another one
    masks = np.unique(masks, axis=0)
    masks = masks[~masks.all(axis=1)]
    return np.stack([masks, ~masks], axis=1).reshape(-1, n)


def incomplete(n=20, count=600):
    kinds = {"ends": ends(n), "uniform": uniform(n, count), "all sizes": pairs(n, count // 4)}
    return Recording.record(Game(n), kinds, progress=False)
