"""Second moments of characters and values in each fold, on which sparse regression is based."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from spex_plugins.core.basis.characters import characters, pack
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Moments", "fold_moments"]

_CHUNK = 1 << 24  # ±1 entries in memory at the same time


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over m samples of T columns x (characters) and K outputs y.

    Attributes
    ----------
    count : int
    xx : ndarray of float32, shape (T, T)
        Σ x x'. Sums of ±1 below 2^24, hence exact integers.
    x : ndarray of float64, shape (T,)
    xy : ndarray of float64, shape (T, K)
    y, yy : ndarray of float64, shape (K,)
        Σ y and Σ y².
    """

    count: int
    xx: FloatArray
    x: FloatArray
    xy: FloatArray
    y: FloatArray
    yy: FloatArray

    def __add__(self, other: Moments) -> Moments:
        return Moments(
            self.count + other.count,
            self.xx + other.xx,
            self.x + other.x,
            self.xy + other.xy,
            self.y + other.y,
            self.yy + other.yy,
        )

    def __sub__(self, other: Moments) -> Moments:
        return Moments(
            self.count - other.count,
            self.xx - other.xx,
            self.x - other.x,
            self.xy - other.xy,
            self.y - other.y,
            self.yy - other.yy,
        )

    @cached_property
    def covariance_xy(self) -> FloatArray:
        """Centred Σ x y / m, shape (T, K)."""
        return self.xy / self.count - np.multiply.outer(self.x, self.y) / self.count**2

    @property
    def variance_y(self) -> FloatArray:
        """Centred Σ y² / m, shape (K,)."""
        return np.maximum(self.yy / self.count - (self.y / self.count) ** 2, 0.0)

    def covariance_xx(self, columns: IntArray) -> FloatArray:
        """Centred Σ x x' / m among some columns, shape (C, C)."""
        mean = self.x[columns] / self.count
        raw = self.xx[np.ix_(columns, columns)].astype(np.float64) / self.count
        return raw - np.multiply.outer(mean, mean)

    def covariance_xx_times(self, columns: IntArray, beta: FloatArray) -> FloatArray:
        """Centred Σ x (x' β) / m of all T columns with the fit on some columns, shape (T, K)."""
        products = self.xx[columns].T @ beta.astype(np.float32)
        mean = self.x / self.count
        return products.astype(np.float64) / self.count - np.multiply.outer(mean, mean[columns] @ beta)

    def intercept(self, columns: IntArray, beta: FloatArray) -> FloatArray:
        """Return the constant that makes the mean residual zero, shape (K,)."""
        return (self.y - self.x[columns] @ beta) / self.count

    def squared_error(self, intercept: FloatArray, columns: IntArray, beta: FloatArray) -> FloatArray:
        """Return Σ (y − intercept − x β)² for every output, shape (K,)."""
        x, xy = self.x[columns], self.xy[columns]
        xx = self.xx[np.ix_(columns, columns)].astype(np.float64)
        linear = self.y * intercept + (xy * beta).sum(axis=0)
        square = (beta * (xx @ beta)).sum(axis=0) + intercept * (2 * (x @ beta) + self.count * intercept)
        return np.maximum(self.yy - 2 * linear + square, 0.0)


def fold_moments(
    masks: BoolArray, values: FloatArray, supports: IntArray, folds: IntArray, n_folds: int
) -> list[Moments]:
    """Return the sums over every fold.

    Parameters
    ----------
    masks : ndarray of bool, shape (m, n)
    values : ndarray of float, shape (m, K)
    supports : ndarray of int, shape (T, d)
        The columns: one character each.
    folds : ndarray of int, shape (m,)
        The fold of every sample, 0 … n_folds − 1.

    Returns
    -------
    list of Moments
    """
    return [_sums(masks[folds == k], values[folds == k], supports) for k in range(n_folds)]


def _sums(masks: BoolArray, values: FloatArray, supports: IntArray) -> Moments:
    m, terms = len(masks), len(supports)
    xx = np.zeros((terms, terms), dtype=np.float32)
    x, xy = np.zeros(terms), np.zeros((terms, values.shape[1]))
    step = max(64, _CHUNK // max(terms, 1))
    for start in range(0, m, step):
        some = slice(start, min(start + step, m))
        block = characters(pack(masks[some]), supports, some.stop - start)
        xx += block @ block.T
        x += block.sum(axis=1, dtype=np.float64)
        xy += block.astype(np.float64) @ values[some]
    return Moments(m, xx, x, xy, values.sum(axis=0), (values**2).sum(axis=0))
