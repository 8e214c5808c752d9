"""How errors grow from masks that keep about half of the features to those that keep few or nearly all.

Uniform masks keep about half of the features. An index such as the Shapley value weighs all sizes, so that it
depends on values far from the samples, where a kernel may be wrong by more than it states. What the empty and
the full mask tell, whose values are known, and the errors at the samples themselves, is extrapolated:

    mean of (error / stated deviation)² at masks of s features = exp(a + b (2 s / n − 1)²)
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np

from spex_plugins.core.gaussian_process.mask_weights import squared_weights_by_size
from spex_plugins.types import FloatArray, IntArray

__all__ = ["ErrorGrowth"]

_SPREAD = 4.0  # prior standard deviation of b: of few samples, some are far from all others
_MOST = 12.0  # of b: errors at the end points that are 400 times those at masks with half of the features


@dataclass(frozen=True, eq=False)
class ErrorGrowth:
    """The growth b of errors, for factors of the standard deviations of indices.

    Attributes
    ----------
    slope : float
        b, at least 0.
    counts : ndarray of int, shape (n + 1,)
        Number of samples of every size.
    calibrated : ndarray of float64, shape (n + 1,), optional
        How much the errors at all samples of every size count in the scale of the stated deviations; by
        default every sample counts the same.
    """

    slope: float
    counts: IntArray
    calibrated: FloatArray | None = None

    @classmethod
    def learned(
        cls, sizes: IntArray, squares: FloatArray, counts: IntArray, calibrated: FloatArray | None = None
    ) -> ErrorGrowth:
        """Learn the growth by maximum likelihood of normal errors.

        Parameters
        ----------
        sizes : ndarray of int, shape (l,)
            Features that masks keep.
        squares : ndarray of float64, shape (l,)
            Squared errors at these, without them, divided by their stated variances.
        counts : ndarray of int, shape (n + 1,)
            Number of samples of every size.
        calibrated : ndarray of float64, shape (n + 1,), optional
            As in the class.

        Returns
        -------
        ErrorGrowth
        """
        from scipy.optimize import minimize_scalar

        n = len(counts) - 1
        tested, total = (np.bincount(sizes, weight, n + 1) for weight in (None, squares))
        distances = _distances(n)
        if not total.any():
            return cls(0.0, counts, calibrated)

        def loss(slope: float) -> float:
            level = np.log(total @ np.exp(-slope * distances) / tested.sum())
            return float(tested @ (level + slope * distances) + (slope / _SPREAD) ** 2)

        best = float(minimize_scalar(loss, bounds=(0.0, _MOST), method="bounded").x)
        return cls(best if loss(best) < loss(0.0) else 0.0, counts, calibrated)

    def factors(self, sizes: IntArray, index: str, order: int) -> FloatArray:
        """Return the factors of the stated deviations of an index, by the sizes of its sets, (U,).

        A factor is the root of the mean growth at the masks that were not asked, as the index weighs them,
        relative to that at the samples as these are ``calibrated``; at least 1.
        """
        n = len(self.counts) - 1
        inner = np.arange(1, n)
        growth = np.exp(self.slope * _distances(n))
        usual = _mean(growth[inner], (self.counts if self.calibrated is None else self.calibrated)[inner])
        unknown = np.array([1 - min(self.counts[s] / comb(n, s), 1.0) for s in range(n + 1)])
        out = np.ones(len(sizes))
        for size in np.unique(sizes).tolist():
            weights = unknown * squared_weights_by_size(index, order, size, n)
            if usual > 0 and weights.sum() > 0:
                out[sizes == size] = np.sqrt(weights @ growth / weights.sum() / usual)
        return np.maximum(out, 1.0)


def _distances(n: int) -> FloatArray:
    """Return 0 for half of n features to 1 for none and all, (n + 1,)."""
    distances: FloatArray = (2 * np.arange(n + 1) / n - 1) ** 2
    return distances


def _mean(values: FloatArray, weights: FloatArray | IntArray) -> float:
    """Return a weighted mean, 0 without weights."""
    total = float(weights.sum())
    return float(weights @ values) / total if total > 0 else 0.0
