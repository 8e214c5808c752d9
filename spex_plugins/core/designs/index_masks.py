"""Which complementary masks serve an index, by the number of features."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.designs.repulsive_masks import repulsive_masks
from spex_plugins.core.designs.singles_design import singles_masks
from spex_plugins.core.designs.size_law import UNIFORM_INDICES
from spex_plugins.types import BoolArray

__all__ = ["index_masks"]

# Features. With fewer, masks of all sizes serve about as well, and better where most small ones are asked.
_LEAST_SINGLES = 24


def index_masks(
    n: int, budget: int, index: str, rng: np.random.Generator, known: BoolArray | None = None
) -> BoolArray:
    """Choose distinct masks that repel each other: the empty and the full mask, then pairs of complements.

    Parameters
    ----------
    n : int
    budget : int
        Number of masks, from 2 to 2^n.
    index : str
        What will be read, a key of `spex_plugins.INDICES`.
    rng : numpy Generator
    known : ndarray of bool, shape (k, n), optional
        Masks that were chosen before, one of every pair of complements, neither empty nor full. They count
        for the budget and are not returned.

    Returns
    -------
    ndarray of bool, shape (m, n)
        m ≤ budget; rows 2k and 2k + 1 are complements.
    """
    if n < _LEAST_SINGLES or index in UNIFORM_INDICES:
        return repulsive_masks(n, budget, index, rng, known)
    ends = np.repeat(np.array([[False], [True]]), n, axis=1)
    count = budget - len(ends) - (0 if known is None else 2 * len(known))
    return np.concatenate([ends, singles_masks(n, max(count, 0), rng, known)])
