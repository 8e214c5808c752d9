"""Functions that few samples determine exactly: a linear odd part, and sparse functions."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.basis.characters import characters, pack
from spex_plugins.core.basis.conjunctions import Conjunctions
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.fitted.stacked import StackedFunction
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["exact_function", "linear_odd_part", "meets"]

_ROUNDING = 1e-10  # relative to the largest value
_RIDGE = 1e-13


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
    if rank < n or (left > _ROUNDING * np.abs(odd).max(axis=0)).any():
        return None
    return np.asarray(found)


def meets(masks: BoolArray, values: FloatArray, supports: IntArray) -> bool:
    """Return whether terms at sets (T, d), at most half as many as masks, reproduce all values (m, K)."""
    m = len(masks)
    if 2 * len(supports) > m:
        return False
    signs = characters(pack(masks), supports, m).astype(np.float64)
    signs -= signs.mean(axis=1, keepdims=True)
    gram = signs @ signs.T
    gram[np.diag_indices_from(gram)] += _RIDGE * m
    centred = values - values.mean(axis=0)
    coefficients = np.linalg.solve(gram, signs @ centred)
    left = np.abs(centred - signs.T @ coefficients).max(axis=0)
    return bool((left <= 1e-6 * np.abs(centred).max(axis=0)).all())


def exact_function(spectrum: Spectrum, masks: BoolArray) -> StackedFunction:
    """Return a spectrum with K outputs as a fitted function without uncertainty."""
    n, (outputs,) = spectrum.n, spectrum.output_shape
    supports, values = spectrum.convert("Moebius", max(spectrum.max_order, 1))
    terms = Conjunctions(n, supports, supports < n, values)
    everything = np.arange(n)
    constant, residuals, errors = (np.zeros((*rows, outputs)) for rows in ((), (len(masks),), (2,)))
    return StackedFunction(n, everything, constant, (), terms, masks, residuals, (), errors, spectrum)
