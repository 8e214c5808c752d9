"""Fast Walsh–Hadamard transform."""

from __future__ import annotations

import numpy as np

from spex_plugins.types import FloatArray

__all__ = ["walsh_hadamard"]


def walsh_hadamard(values: FloatArray, axis: int = 0) -> FloatArray:
    """Transform along one axis: out(j) = Σ_ℓ values(ℓ) (−1)^{⟨ℓ, j⟩}, not normalised.

    Applied twice it multiplies by the length. All other axes are batched.

    Parameters
    ----------
    values : ndarray, shape (..., 2^b, ...)
        The length along ``axis`` must be a power of two; index ℓ is read as the bits of an integer.
    axis : int

    Returns
    -------
    ndarray of float64, same shape
    """
    length = values.shape[axis]
    if length < 1 or length & (length - 1):
        raise ValueError(f"values: the length along axis {axis} must be a power of two, got {length}.")
    out = np.moveaxis(values, axis, 0).astype(np.float64, order="C", copy=True)
    rest = out.shape[1:]
    half = 1
    while half < length:
        pairs = out.reshape(length // (2 * half), 2, half, *rest)
        first = pairs[:, 0].copy()
        pairs[:, 0] += pairs[:, 1]
        np.subtract(first, pairs[:, 1], out=pairs[:, 1])
        half *= 2
    return np.moveaxis(out, 0, axis)
