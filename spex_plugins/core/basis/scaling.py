"""Values on a scale on which float64 serves: outputs of one variance, and values that can be squared."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Samples", "Scaling", "standardised", "well_scaled"]

_EPS = float(np.finfo(np.float64).eps)
_EQUAL = 4 * _EPS  # share of the largest value by which values may differ and still be taken for one
_FAR = 2.0**-20  # share of the largest value; where values differ by less, an offset is taken off them
_SQUARED = 200  # exponents of 2 that are out of reach of underflow and overflow when squared and summed up


def standardised(values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return values (m, K) of mean 0 and deviation 1, the means and the deviations; 0 for constants."""
    mean, spread = values.mean(axis=0), values.std(axis=0)
    spread = np.where(np.ptp(values, axis=0) > _EQUAL * np.abs(values).max(axis=0), spread, 0.0)
    return (values - mean) / np.where(spread > 0, spread, 1.0) * (spread > 0), mean, spread


@dataclass(frozen=True, eq=False)
class Scaling:
    """Values (m, K) = centre + factor · scaled values, both of shape (K,)."""

    centre: FloatArray
    factor: FloatArray

    @property
    def changes(self) -> bool:
        """Whether any value was changed."""
        return bool(self.centre.any() or (self.factor != 1).any())


@dataclass(frozen=True, eq=False)
class Samples:
    """Masks and their values, standardised output by output.

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
        """Return some of the samples, on the scale of all."""
        return replace(self, masks=self.masks[rows], scaled=self.scaled[rows])


def well_scaled(values: FloatArray) -> tuple[FloatArray, Scaling]:
    """Take off what would make squares and differences lose their digits: far offsets, extreme scales.

    Both are exact: the factor is a power of two, and the centre is one of the values and at least half as
    large as all others (Sterbenz's lemma). Ordinary values are left as they are. Values that differ by
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
