"""The exact spectrum of a function that was evaluated at all 2^n masks."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.basis.transform.walsh import walsh_hadamard
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["exact_spectrum"]

_ROUNDING = 1e-13  # relative to the largest coefficient of an output; smaller ones are rounding errors


def exact_spectrum(masks: BoolArray, values: FloatArray) -> Spectrum:
    """Transform all 2^n values.

    Parameters
    ----------
    masks : ndarray of bool, shape (2^n, n)
        All masks, in any order.
    values : ndarray of float, shape (2^n, K)

    Returns
    -------
    Spectrum
        Every coefficient that differs from zero.
    """
    n = masks.shape[1]
    powers = 1 << np.arange(n)
    table = np.empty_like(values)
    table[masks @ powers] = values
    coefficients = walsh_hadamard(table) / 2**n
    magnitude = np.abs(coefficients)
    numbers = np.flatnonzero((magnitude > _ROUNDING * magnitude.max(axis=0)).any(axis=1))
    members = (numbers[:, None] & powers) > 0
    supports = np.sort(np.where(members, np.arange(n), n), axis=1)
    return Spectrum.from_terms(n, supports, coefficients[numbers])
