"""Screening of all n(n − 1)/2 pairs for a regression."""

from __future__ import annotations

import numpy as np

from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["strongest_pairs"]

_CHUNK = 1 << 22
_RIDGE = 1e-3  # per sample; keeps the linear fit defined if there are fewer samples than features


def strongest_pairs(masks: BoolArray, values: FloatArray, keep: int) -> IntArray:
    """Return the pairs whose characters correlate most with the residual of a linear fit.

    All pairs of one output need a single product X' diag(r) X of the signs X (m, n) and the residual r.

    Parameters
    ----------
    masks : ndarray of bool, shape (m, n)
    values : ndarray of float, shape (m, K)
        Standardised outputs.
    keep : int

    Returns
    -------
    ndarray of int, shape (min(keep, n(n − 1)/2), 2)
    """
    n = masks.shape[1]
    signs = np.where(masks, np.float32(-1), np.float32(1))
    left = _linear_residual(signs, values)
    strength = np.zeros((n, n), dtype=np.float32)
    step = max(64, _CHUNK // n)
    for output in left.T:
        products = np.zeros((n, n), dtype=np.float32)
        for start in range(0, len(masks), step):
            block = signs[start : start + step]
            products += (block * output[start : start + step, None]).T @ block
        strength += products**2
    rows, columns = np.triu_indices(n, 1)
    ranking = strength[rows, columns]
    keep = min(keep, len(ranking))
    best = np.argpartition(-ranking, keep - 1)[:keep] if keep else np.empty(0, dtype=np.intp)
    return np.column_stack([rows[best], columns[best]]).astype(np.int32)


def _linear_residual(signs: FloatArray, values: FloatArray) -> FloatArray:
    centred = signs - signs.mean(axis=0)
    target = (values - values.mean(axis=0)).astype(np.float32)
    gram = (centred.T @ centred).astype(np.float64)
    gram[np.diag_indices_from(gram)] += _RIDGE * len(signs)
    beta = np.linalg.solve(gram, centred.T @ target)
    return target - centred @ beta.astype(np.float32)
