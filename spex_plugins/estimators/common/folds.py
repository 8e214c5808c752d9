"""Folds of samples, each of which is predicted by a fit without it."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.basis.masks import pair_numbers
from spex_plugins.types import BoolArray, IntArray

__all__ = ["assign_folds"]

_LEAST_TESTED = 8  # with fewer samples nothing can be selected
_N_FOLDS = 5
_MANY, _FOLDS_OF_MANY = 4000, 2  # with more samples, two folds suffice and save time
_LEARNED, _SHARE_LEARNED = 400, 0.5


def assign_folds(masks: BoolArray, n_structured: int, rng: np.random.Generator) -> IntArray:
    """Return the fold of every sample, (m,), the same for complements; −1 for samples in all training sets.

    These are the first ``n_structured`` samples and as many others as a kernel needs that is learned from
    samples without a fold: up to 400, and at most half of all. All are −1 if too few samples remain.
    """
    m = len(masks)
    if m - n_structured < _LEAST_TESTED:
        return np.full(m, -1)
    pairs = pair_numbers(masks[n_structured:])
    count = int(pairs.max()) + 1
    missing = max(min(_LEARNED, int(_SHARE_LEARNED * m)) - n_structured, 0) / (m - n_structured)
    n_folds = _N_FOLDS if m <= _MANY else _FOLDS_OF_MANY
    fold_of_pair = np.arange(count) % n_folds
    fold_of_pair[: round(missing * count)] = -1
    return np.concatenate([np.full(n_structured, -1), rng.permutation(fold_of_pair)[pairs]])
