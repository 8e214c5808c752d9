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

from spex_plugins.types import BoolArray, FloatArray

__all__ = ["LogisticCurve", "learn_curve"]

_STARTS = (-2.0, 0.0, 2.0)  # c: curved to one side, hardly, to the other
_RIDGE = 0.5  # of the linear function with which the search begins
_ITERATIONS = 60
_WEAK = 1e-3  # penalty of a, b and c, and of the mean slope: only keeps them finite


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

    @property
    def parameters(self) -> FloatArray:
        """a, b, c and w as one array, (3 + n,)."""
        return np.concatenate([[self.offset, self.height, self.shift], self.slopes])


def learn_curve(
    masks: BoolArray, values: FloatArray, penalty: float, start: LogisticCurve | None = None
) -> LogisticCurve:
    """Minimise Σ (f(x_j) − y_j)² / 2 + penalty Σ_i (w_i − mean of w)² / 2.

    Parameters
    ----------
    masks : ndarray of bool, shape (m, n)
    values : ndarray of float64, shape (m,)
        y, with variance 1.
    penalty : float
        Slopes of features with little evidence tend to the mean of all slopes.
    start : LogisticCurve, optional
        Where the search begins; without, it begins at three curves along the linear function.
    """
    from scipy.optimize import minimize

    x = masks - 0.5
    starts = [_start(x, values, shift) for shift in _STARTS] if start is None else [start.parameters]
    found = [
        minimize(
            _penalised_error,
            one,
            args=(x, values, penalty),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": _ITERATIONS},
        )
        for one in starts
    ]
    best = min(found, key=lambda result: float(result.fun)).x
    return LogisticCurve(float(best[0]), float(best[1]), float(best[2]), best[3:])


def _start(x: FloatArray, values: FloatArray, shift: float) -> FloatArray:
    """Return the parameters of a curve of standard width along the linear function that fits best."""
    from scipy.special import expit

    slopes = np.linalg.solve(x.T @ x + _RIDGE * np.eye(x.shape[1]), x.T @ (values - values.mean()))
    spread = float((x @ slopes).std())
    slopes = slopes / (spread if spread > 0 else 1.0)
    curve = expit(shift + x @ slopes)
    basis = np.column_stack([np.ones(len(x)), curve])
    (offset, height), *_ = np.linalg.lstsq(basis, values, rcond=None)
    return np.concatenate([[offset, height, shift], slopes])


def _penalised_error(
    parameters: FloatArray, x: FloatArray, values: FloatArray, penalty: float
) -> tuple[float, FloatArray]:
    """Return the penalised error and its gradient."""
    from scipy.special import expit

    (offset, height, shift), slopes = parameters[:3], parameters[3:]
    curve = expit(shift + x @ slopes)
    errors = offset + height * curve - values
    mean = slopes.mean()
    apart = slopes - mean
    weak = np.append(parameters[:3], mean)
    value = 0.5 * (errors @ errors + penalty * (apart @ apart) + _WEAK * (weak @ weak))
    along = errors * (height * curve * (1 - curve))
    gradient = np.concatenate([[errors.sum(), errors @ curve, along.sum()], x.T @ along + penalty * apart])
    gradient[:3] += _WEAK * parameters[:3]
    gradient[3:] += _WEAK * mean / len(slopes)
    return float(value), gradient
