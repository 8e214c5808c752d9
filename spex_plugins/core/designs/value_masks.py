"""Choice of the complementary masks for Shapley values and interactions by the number of features."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.designs.complementary_masks import paired_masks
from spex_plugins.core.designs.singles_design import singles_masks
from spex_plugins.types import BoolArray

__all__ = ["value_masks"]

# Features. With fewer, masks of all sizes are as accurate, and more so if most small masks are evaluated.
_LEAST_SINGLES = 24


def value_masks(n: int, count: int, rng: np.random.Generator) -> BoolArray:
    """Choose distinct masks with their complements, neither empty nor full.

    Parameters
    ----------
    n, count : int
    rng : numpy Generator

    Returns
    -------
    ndarray of bool, shape (min(count, 2^n − 2), n)
        Rows 2k and 2k + 1 are complements.
    """
    if n >= _LEAST_SINGLES:
        return singles_masks(n, count, rng)
    return paired_masks(n, count, rng)
