"""Uniform masks with their complements."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.basis.masks import distinct_pairs, with_complements
from spex_plugins.types import BoolArray

__all__ = ["antithetic_masks"]

_LISTED = 16  # up to 2^16 masks are listed


def antithetic_masks(n: int, count: int, rng: np.random.Generator) -> BoolArray:
    """Draw distinct uniform masks with their complements, neither empty nor full.

    Even and odd orders of the spectrum do not disturb each other on such masks.

    Parameters
    ----------
    n, count : int
    rng : numpy Generator

    Returns
    -------
    ndarray of bool, shape (min(count, 2^n − 2), n)
        Rows 2k and 2k + 1 are complements.
    """
    pairs = -(-count // 2)
    if n <= _LISTED:
        masks = rng.permutation(((np.arange(2, 2**n, 2)[:, None] >> np.arange(n)) & 1).astype(bool))[:pairs]
    else:
        masks = np.zeros((0, n), dtype=bool)
        while len(masks) < pairs:
            masks = distinct_pairs(np.concatenate([masks, rng.random((pairs - len(masks), n)) < 0.5]))
            masks = masks[(masks != masks[:, :1]).any(axis=1)]
    return with_complements(masks)[:count]
