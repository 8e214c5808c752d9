"""Functions of second order: their odd part is linear, and few samples determine it."""

from __future__ import annotations

import numpy as np

from spex_plugins.types import BoolArray, FloatArray

__all__ = ["ROUNDING", "linear_odd_part"]

ROUNDING = 3e-7  # of models in single precision, as a share of the largest value


def linear_odd_part(masks: BoolArray, odd: FloatArray) -> FloatArray | None:
    """Return b (n, K) with odd = Σ_i ± b_i, + where feature i is kept; None if the odd part is not linear.

    The odd part of a function of second order is linear; its values of single features are exact with n + 1
    or more pairs.

    Parameters
    ----------
    masks : ndarray of bool, shape (p, n)
    odd : ndarray of float64, shape (p, K)
    """
    p, n = masks.shape
    if p <= n:
        return None
    signs = np.where(masks, 1.0, -1.0)
    found, _, rank, _ = np.linalg.lstsq(signs, odd, rcond=None)
    left = np.abs(signs @ found - odd).max(axis=0)
    if rank < n or (left > ROUNDING * np.abs(odd).max(axis=0)).any():
        return None
    return np.asarray(found)
