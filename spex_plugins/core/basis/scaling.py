"""Scaling of values: outputs of unit variance, and values whose squares do not overflow."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Samples", "Scaling", "norms", "standardised", "well_scaled"]

_EPS = float(np.finfo(np.float64).eps)
_EQUAL = 4 * _EPS  # relative to the largest value; values that differ by less are equal
_FAR = 2.0**-20  # relative to the largest value; if values differ by less, an offset is subtracted
_SQUARED = 200  # exponents of 2 at which sums of squares neither underflow nor overflow


def standardised(values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return values (m, K) with mean 0 and deviation 1 (0 for constants), the means and the deviations."""
    mean, spread = values.mean(axis=0), values.std(axis=0)
    spread = np.where(np.ptp(values, axis=0) > _EQUAL * np.abs(values).max(axis=0), spread, 0.0)
    return (values - mean) / np.where(spread > 0, spread, 1.0) * (spread > 0), mean, spread


def norms(values: FloatArray) -> FloatArray:
    """Return the root sum of squares over outputs of values (T,) or (T, K), without overflow, shape (T,)."""
    largest = np.abs(values).max(initial=0.0) or 1.0
    squares: FloatArray = ((values / largest) ** 2).sum(axis=tuple(range(1, values.ndim)))
    return largest * np.sqrt(squares)


@dataclass(frozen=True, eq=False)
class Scaling:
    """Values (m, K) = centre + factor · scaled values, both of shape (K,)."""

    centre: FloatArray
    factor: FloatArray

    @property
    def changes(self) -> bool:
        """Whether any value is changed."""
        return bool(self.centre.any() or (self.factor != 1).any())


@dataclass(frozen=True, eq=False)
class Samples:
    """Masks and their values, each output standardised.

    Attributes
    ----------
    masks : ndarray of bool, shape (m, n)
    scaled : ndarray of float64, shape (m, K)
        (values − mean) / spread.
    mean, spread : ndarray of float64, shape (K,)
        In the unit of the values.
    """

    masks: BoolArray
    scaled: FloatArray
    mean: FloatArray
    spread: FloatArray

    @classmethod
    def of(cls, masks: BoolArray, values: FloatArray) -> Samples:
        """Standardise values (m, K), see `standardised`."""
        return cls(masks, *standardised(values))

    def select(self, rows: IntArray) -> Samples:
        """Return a selection of the samples, on the scale of all."""
        return replace(self, masks=self.masks[rows], scaled=self.scaled[rows])


def well_scaled(values: FloatArray) -> tuple[FloatArray, Scaling]:
    """Remove large offsets and extreme scales, with which squares and differences lose precision.

    Both are exact: the factor is a power of two, and the centre is one of the values and at least half as
    large as all others (Sterbenz's lemma). Other values are not changed. Values that differ by
    rounding errors only become equal.

    Parameters
    ----------
    values : ndarray of float64, shape (m, K)
        Finite.

    Returns
    -------
    scaled : ndarray of float64, shape (m, K)
    Scaling
    """
    low, high = values.min(axis=0), values.max(axis=0)
    largest = np.maximum(np.abs(low), np.abs(high))
    half = 0.5 * high - 0.5 * low  # half the range: the range itself may overflow
    centre = np.where(half < 0.5 * _FAR * largest, values[0], 0.0)
    off = np.where(half > 0.5 * _EQUAL * largest, values - centre, values[0] - centre)
    exponent = np.frexp(np.abs(off).max(axis=0))[1]
    exponent = np.where(np.abs(exponent) > _SQUARED, np.minimum(exponent, 1023), 0)
    return np.ldexp(off, -exponent), Scaling(centre, np.ldexp(1.0, exponent))
