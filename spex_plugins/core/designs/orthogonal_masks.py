"""Masks whose features vary independently of each other, as nearly as a few masks can.

What n features do by themselves is told apart best where their columns of ±1 are orthogonal. Those of m
independent masks have products of about √m, which lets everything else that the function does disturb them
1 / (1 − n / m) times as much. Here the sum of squares of these products, the criterion E(s²) of Booth & Cox
(1962), is brought down to a tenth or so; masks with their complements are orthogonal to all even orders
besides.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spex_plugins.core.basis.masks import with_complements
from spex_plugins.types import BoolArray

__all__ = ["orthogonal_masks"]

_STEPS = 20
_STEP = 0.5
_EXACT = 1 << 24  # integers up to here are exact in single precision


def orthogonal_masks(n: int, count: int, rng: np.random.Generator) -> BoolArray:
    """Draw distinct masks with nearly orthogonal features, and their complements, neither empty nor full.

    Random numbers whose signs are the masks go down the gradient of the criterion. Its products are
    integers and exact, so that the same generator state gives the same masks on every machine.

    Parameters
    ----------
    n, count : int
    rng : numpy Generator

    Returns
    -------
    ndarray of bool, shape (m, n)
        Rows 2k and 2k + 1 are complements; m ≤ count, less where some came twice.
    """
    m = max(-(-count // 2), 1)
    exact = np.float32 if m * n < _EXACT else np.float64
    numbers = rng.standard_normal((m, n))
    scale = 1 / np.sqrt(n * m)
    for left in np.linspace(1, 0, _STEPS, endpoint=False):
        signs: NDArray[Any] = np.where(numbers > 0, 1, -1).astype(exact)
        products = signs.T @ signs
        np.fill_diagonal(products, 0)
        # A sign's own part in the products is no reason to change it.
        gradient = (signs @ products).astype(np.float64) - (n - 1) * signs
        numbers -= (_STEP * left * scale) * gradient
    return with_complements(numbers > 0)[:count]
