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


def index_masks(n: int, budget: int, index: str, rng: np.random.Generator) -> BoolArray:
    """Choose distinct masks that repel each other: the empty and the full mask, then pairs of complements.

    Parameters
    ----------
    n : int
    budget : int
        Number of masks, from 2 to 2^n.
    index : str
        What will be read, a key of `spex_plugins.INDICES`.
    rng : numpy Generator

    Returns
    -------
    ndarray of bool, shape (m, n)
        m ≤ budget; rows 2k and 2k + 1 are complements.
    """
    if n < _LEAST_SINGLES or index in UNIFORM_INDICES:
        return repulsive_masks(n, budget, index, rng)
    ends = np.repeat(np.array([[False], [True]]), n, axis=1)
    return np.concatenate([ends, singles_masks(n, budget - len(ends), rng)])
