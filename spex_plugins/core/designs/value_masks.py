"""Which complementary masks serve Shapley values and interactions, by the number of features."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.basis.masks import is_among
from spex_plugins.core.designs.complementary_masks import paired_masks
from spex_plugins.core.designs.singles_design import singles_masks
from spex_plugins.types import BoolArray

__all__ = ["value_masks"]

# Features. With fewer, masks of all sizes serve about as well, and better where most small ones are asked.
_LEAST_SINGLES = 24


def value_masks(n: int, count: int, rng: np.random.Generator, known: BoolArray | None = None) -> BoolArray:
    """Choose distinct masks with their complements, neither empty nor full.

    Parameters
    ----------
    n, count : int
    rng : numpy Generator
    known : ndarray of bool, shape (k, n), optional
        Masks that were chosen before; the new ones are neither these nor their complements.

    Returns
    -------
    ndarray of bool, shape (min(count, 2^n − 2), n)
        Rows 2k and 2k + 1 are complements.
    """
    if n >= _LEAST_SINGLES:
        return singles_masks(n, count, rng, known)
    if known is None:
        return paired_masks(n, count, rng)
    drawn = paired_masks(n, count + 2 * len(known), rng)
    return drawn[~is_among(drawn, np.concatenate([known, ~known]))][:count]
