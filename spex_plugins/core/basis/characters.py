"""Characters of the Boolean cube, evaluated at many masks at once.

The character of a set S is χ_S(m) = (−1)^{Σ_{i∈S} m_i}. Masks are packed into 64-bit words feature by
feature, so that one XOR per feature of S gives the parities of 64 masks.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spex_plugins.types import BoolArray, FloatArray, IntArray, PackedMasks

__all__ = ["characters", "evaluate", "pack", "project"]

_CHUNK = 1 << 22  # ±1 entries in memory at the same time (16 MiB in float32)
_COST = 7  # of the character of a set at a mask, in multiplications; a product of two halves costs none


def pack(masks: BoolArray) -> PackedMasks:
    """Pack masks (m, n) into words (n + 1, ceil(m / 64)); the extra row of zeros stands for empty slots."""
    m, n = masks.shape
    bits = np.zeros((n + 1, -(-m // 64) * 8), dtype=np.uint8)
    packed = np.packbits(masks.T, axis=1, bitorder="little")
    bits[:n, : packed.shape[1]] = packed
    return bits.view(np.uint64)


def characters(packed: PackedMasks, supports: IntArray, m: int) -> FloatArray:
    """Evaluate every character at every mask.

    Parameters
    ----------
    packed : ndarray of uint64, shape (n + 1, W)
        Masks as packed by `pack`.
    supports : ndarray of int, shape (T, d)
    m : int
        Number of masks.

    Returns
    -------
    ndarray of float32, shape (T, m)
        Entries are +1 and −1.
    """
    parities = np.zeros((len(supports), packed.shape[1]), dtype=np.uint64)
    for column in supports.T:
        parities ^= packed[column]
    bits = np.unpackbits(parities.view(np.uint8), axis=1, count=m, bitorder="little")
    signs = bits.astype(np.float32)
    signs *= -2.0
    signs += 1.0
    return signs


def _blocks(terms: int, m: int) -> Iterator[slice]:
    step = max(1, _CHUNK // max(m, 1))
    for start in range(0, terms, step):
        yield slice(start, start + step)


def evaluate(masks: BoolArray, supports: IntArray, coefficients: FloatArray) -> FloatArray:
    """Evaluate Σ_S F(S) χ_S at every mask.

    Parameters
    ----------
    masks : ndarray of bool, shape (m, n)
    supports : ndarray of int, shape (T, d)
    coefficients : ndarray of float, shape (T,) or (T, K)

    Returns
    -------
    ndarray of float64, shape (m,) or (m, K)
    """
    m = len(masks)
    packed = pack(masks)
    out = np.zeros((m, *coefficients.shape[1:]))
    for block in _blocks(len(supports), m):
        # The sum is in float64: identities of indices such as efficiency hold to 1e-8.
        out += characters(packed, supports[block], m).T.astype(np.float64) @ coefficients[block]
    return out


def project(masks: BoolArray, supports: IntArray, weights: FloatArray) -> FloatArray:
    """Return Σ_j weights_j χ_S(mask_j) of every set, the adjoint of `evaluate`.

    Parameters
    ----------
    masks : ndarray of bool, shape (m, n)
    supports : ndarray of int, shape (T, d)
    weights : ndarray of float, shape (m, K)

    Returns
    -------
    ndarray of float64, shape (T, K)
    """
    m, n = masks.shape
    packed = pack(masks)
    half = supports.shape[1] // 2
    left, at_left = _distinct(supports[:, :half], n)
    right, at_right = _distinct(supports[:, half:], n)
    out = np.empty((len(supports), weights.shape[1]))
    if len(left) * len(right) * weights.shape[1] <= len(supports) * (_COST + weights.shape[1]):
        # All sets among some features: products of halves, χ_{A ∪ B} = χ_A χ_B, are one matrix product.
        one, other = (characters(packed, rows, m).astype(np.float64) for rows in (left, right))
        for k, column in enumerate(weights.T):
            out[:, k] = ((one * column) @ other.T)[at_left, at_right]
        return out
    for block in _blocks(len(supports), m):
        # float64: the weights of a posterior are large and nearly cancel.
        out[block] = characters(packed, supports[block], m).astype(np.float64) @ weights
    return out


def _distinct(rows: IntArray, n: int) -> tuple[IntArray, IntArray]:
    """Return the distinct rows (U, d) of features 0 … n, and the number (T,) of each row among them."""
    keys = np.zeros(len(rows), dtype=np.int64)
    for column in rows.T:
        keys = keys * (n + 1) + column
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return rows[first], inverse
