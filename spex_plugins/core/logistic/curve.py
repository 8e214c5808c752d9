"""A logistic function of a weighted sum of the kept features.

f(x) = a + b σ(c + Σ_i w_i (x_i − ½)),    σ(z) = 1 / (1 + e^−z)

is a linear function for small slopes w, a threshold (a vote, a class) for large ones, an exponential (a
product over features) at one end of the curve, and saturates at the other. With equal slopes it depends on
the number of kept features alone. A function that bends in this way everywhere has small coefficients of all
orders, which no prior that is independent between sets expects.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spex_plugins.core.logistic.minimise_each import minimise_each
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["LogisticCurve", "learn_curves", "linear_curves", "predict_curves"]

_STARTS = (-1.5, 1.5)  # c: curved to one side, to the other
_RIDGE = 0.5  # of the linear function with which the search begins
_ITERATIONS, _TOLERANCE = 80, 1e-9
_LARGEST = 700.0  # exponent, beyond which numbers overflow
_WEAK = 1e-7  # penalty of a, b and c, and of the mean slope: only keeps them finite


@dataclass(frozen=True, eq=False)
class LogisticCurve:
    """The function of one output.

    Attributes
    ----------
    offset, height, shift : float
        a, b, c.
    slopes : ndarray of float64, shape (n,)
        w.
    """

    offset: float
    height: float
    shift: float
    slopes: FloatArray

    def predict(self, masks: BoolArray) -> FloatArray:
        """Return the function at masks (m, n), shape (m,)."""
        from scipy.special import expit

        sums: FloatArray = expit(self.shift + (masks - 0.5) @ self.slopes)
        return self.offset + self.height * sums

    @classmethod
    def of(cls, parameters: FloatArray) -> LogisticCurve:
        """Return the curve with a, b, c and w in one array, (3 + n,)."""
        offset, height, shift = map(float, parameters[:3])
        return cls(offset, height, shift, parameters[3:].copy())


def predict_curves(masks: BoolArray, parameters: FloatArray) -> FloatArray:
    """Return B curves with parameters (B, 3 + n) at masks (m, n), shape (B, m)."""
    offset, height, shift = parameters[:, :3, None].transpose(1, 0, 2)
    return offset + height * _sigmoid(shift + parameters[:, 3:] @ (masks - 0.5).T)


def learn_curves(
    masks: BoolArray, values: FloatArray, counted: BoolArray, penalty: float, starts: FloatArray
) -> FloatArray:
    """Minimise Σ (f(x_j) − y_j)² / 2 + penalty Σ_i (w_i − mean of w)² / 2 for each of B functions.

    Parameters
    ----------
    masks : ndarray of bool, shape (m, n)
    values : ndarray of float64, shape (B, m)
        y, with variance 1.
    counted : ndarray of bool, shape (B, m)
        The masks that each curve is learned from.
    penalty : float
        Slopes of features with little evidence tend to the mean of all slopes.
    starts : ndarray of float64, shape (T, B, 3 + n)
        Where T searches of each function begin, see `linear_curves`.

    Returns
    -------
    ndarray of float64, shape (B, 3 + n)
        The best end of the searches: a, b, c and w.
    """
    tries = len(starts)
    kept = np.tile(counted.astype(np.float64), (tries, 1))
    errors = _PenalisedErrors(masks - 0.5, np.tile(values, (tries, 1)), kept, penalty)
    found, least = minimise_each(errors, np.concatenate(starts), _ITERATIONS, _TOLERANCE)
    best = least.reshape(tries, -1).argmin(axis=0)
    chosen: FloatArray = found.reshape(starts.shape)[best, np.arange(len(values))]
    return chosen


def linear_curves(masks: BoolArray, values: FloatArray, counted: BoolArray) -> FloatArray:
    """Return the parameters (T, B, 3 + n) of curves along the best linear functions, curved to either side.

    Parameters
    ----------
    masks, values, counted
        As of `learn_curves`.
    """
    x, kept, n = masks - 0.5, counted.astype(np.float64), masks.shape[1]
    counts = kept.sum(axis=1, keepdims=True)
    centred = kept * (values - (kept * values).sum(axis=1, keepdims=True) / counts)
    _, subsets, subset_of = np.unique(
        np.packbits(counted, axis=1), axis=0, return_index=True, return_inverse=True
    )
    of_subsets = np.stack([np.linalg.inv((x.T * kept[one]) @ x + _RIDGE * np.eye(n)) for one in subsets])
    slopes = np.einsum("bij,bj->bi", of_subsets[subset_of], centred @ x)
    sums = slopes @ x.T
    means = (kept * sums).sum(axis=1, keepdims=True) / counts
    spread = np.sqrt((kept * (sums - means) ** 2).sum(axis=1, keepdims=True) / counts)
    spread[spread == 0] = 1.0
    found = []
    for shift in _STARTS:
        curve = _sigmoid(shift + sums / spread)
        own = kept * (curve - (kept * curve).sum(axis=1, keepdims=True) / counts)
        squares = (own**2).sum(axis=1, keepdims=True)
        height = (own * values).sum(axis=1, keepdims=True) / np.where(squares > 0, squares, np.inf)
        offset = (kept * (values - height * curve)).sum(axis=1, keepdims=True) / counts
        found.append(np.hstack([offset, height, np.full_like(offset, shift), slopes / spread]))
    return np.stack(found)


def _sigmoid(sums: FloatArray) -> FloatArray:
    """Return σ of an array that is overwritten; vectorised, which SciPy's is not."""
    np.negative(sums, out=sums)
    np.minimum(sums, _LARGEST, out=sums)
    np.exp(sums, out=sums)
    sums += 1
    return np.reciprocal(sums, out=sums)


class _PenalisedErrors:
    """The penalised errors of B curves, functions of parameters a, b, c, w (B, 3 + n)."""

    def __init__(self, x: FloatArray, values: FloatArray, kept: FloatArray, penalty: float) -> None:
        self._x, self._values, self._kept, self._penalty = x, values, kept, penalty

    def only(self, rows: BoolArray) -> _PenalisedErrors:
        """Return those of some curves."""
        return _PenalisedErrors(self._x, self._values[rows], self._kept[rows], self._penalty)

    def __call__(self, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the errors (B,) and their gradients (B, 3 + n)."""
        offset, height, shift = parameters[:, :3, None].transpose(1, 0, 2)
        slopes = parameters[:, 3:]
        sums = slopes @ self._x.T
        sums += shift
        curve = _sigmoid(sums)
        errors = height * curve
        errors += offset - self._values
        errors *= self._kept
        mean = slopes.mean(axis=1, keepdims=True)
        apart = slopes - mean
        weak = np.hstack([parameters[:, :3], mean])
        squares = [np.einsum("bi,bi->b", one, one) for one in (errors, apart, weak)]
        gradient = np.empty_like(parameters)
        gradient[:, 0], gradient[:, 1] = errors.sum(axis=1), np.einsum("bi,bi->b", errors, curve)
        errors *= curve
        curve -= 1
        errors *= curve
        errors *= -height
        gradient[:, 2], gradient[:, 3:] = errors.sum(axis=1), errors @ self._x
        gradient[:, :3] += _WEAK * parameters[:, :3]
        gradient[:, 3:] += self._penalty * apart + _WEAK * mean / slopes.shape[1]
        return 0.5 * (squares[0] + self._penalty * squares[1] + _WEAK * squares[2]), gradient
