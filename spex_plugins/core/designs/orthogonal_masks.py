"""Masks whose features are nearly orthogonal.

The main effects of n features are estimated most accurately if their columns of ±1 are orthogonal. Those of
m independent masks have inner products of about √m, which multiplies the variance due to the rest of the
function by 1 / (1 − n / m). Here the sum of squares of these products, the criterion E(s²) of Booth & Cox
(1962), is reduced to about a tenth; together with their complements the masks are also orthogonal to all even
orders.
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

    Gradient descent on the criterion, on real numbers whose signs are the masks. The products are integers
    and exact, so that the same generator state gives the same masks on every machine.

    Parameters
    ----------
    n, count : int
    rng : numpy Generator

    Returns
    -------
    ndarray of bool, shape (m, n)
        Rows 2k and 2k + 1 are complements; m ≤ count, fewer if some masks coincide.
    """
    m = max(-(-count // 2), 1)
    exact = np.float32 if m * n < _EXACT else np.float64
    numbers = rng.standard_normal((m, n))
    scale = 1 / np.sqrt(n * m)
    for left in np.linspace(1, 0, _STEPS, endpoint=False):
        signs: NDArray[Any] = np.where(numbers > 0, 1, -1).astype(exact)
        products = signs.T @ signs
        np.fill_diagonal(products, 0)
        # The contribution of a sign to its own product is excluded.
        gradient = (signs @ products).astype(np.float64) - (n - 1) * signs
        numbers -= (_STEP * left * scale) * gradient
    return with_complements(numbers > 0)[:count]
