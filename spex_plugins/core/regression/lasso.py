"""Group LASSO path on second moments, solved on the active columns.

The K outputs form one group per column, so that they share their support; with one output this is the
LASSO. Working on moments, a cross-validation fold costs a subtraction and no further pass over the samples.

Sources: Beck & Teboulle 2009 (FISTA), O'Donoghue & Candès 2015 (adaptive restart).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spex_plugins.core.regression.moments import Moments
from spex_plugins.types import FloatArray, IntArray

__all__ = ["PathPoint", "least_squares", "path_start", "path_step"]

_MAX_ITERATIONS = 500
_TOLERANCE = 1e-3  # relative to the penalty; tolerance of the optimality conditions
_COLLINEAR = 1e-8  # smallest pivot, relative to unit variance, of a well-posed least-squares problem


@dataclass(frozen=True, eq=False)
class PathPoint:
    """The solution at one penalty: coefficients (T, K) and the covariance of columns and residual (T, K)."""

    penalty: float
    beta: FloatArray
    gradient: FloatArray

    @property
    def columns(self) -> IntArray:
        """Columns with non-zero coefficients."""
        return np.flatnonzero(self.beta.any(axis=1))


def path_start(moments: Moments, weights: FloatArray) -> PathPoint:
    """Return the start of the path: the smallest penalty at which every coefficient is zero."""
    gradient = moments.covariance_xy
    penalty = float((np.linalg.norm(gradient, axis=1) / weights).max(initial=0.0))
    return PathPoint(penalty, np.zeros_like(gradient), gradient)


def path_step(moments: Moments, weights: FloatArray, penalty: float, last: PathPoint) -> PathPoint:
    """Minimise ½ β'Gβ − ⟨c, β⟩ + penalty Σ_j weights_j ‖β_j‖, starting at the previous point.

    Parameters
    ----------
    moments : Moments
    weights : ndarray of float, shape (T,)
        Positive; infinite for excluded columns.
    penalty : float
        Not larger than at the previous point.
    last : PathPoint
    """
    beta = last.beta.copy()
    strength = np.linalg.norm(last.gradient, axis=1) / weights
    active = (strength >= penalty) | beta.any(axis=1)
    target = moments.covariance_xy
    while True:
        columns = np.flatnonzero(active)
        gram = moments.covariance_xx(columns)
        beta[columns] = _fista(gram, target[columns], penalty * weights[columns], beta[columns])
        used = np.flatnonzero(beta.any(axis=1))
        gradient = target - moments.covariance_xx_times(used, beta[used])
        violated = np.linalg.norm(gradient, axis=1) > (1 + _TOLERANCE) * penalty * weights
        if not (violated & ~active).any():
            return PathPoint(penalty, beta, gradient)
        active |= violated


def least_squares(moments: Moments, columns: IntArray) -> FloatArray | None:
    """Return the least-squares coefficients of some columns, (C, K), or None if they are not unique."""
    gram = moments.covariance_xx(columns)
    try:
        pivots = np.diag(np.linalg.cholesky(gram)) ** 2
    except np.linalg.LinAlgError:
        return None
    if pivots.min(initial=1.0) < _COLLINEAR:
        return None
    return np.linalg.solve(gram, moments.covariance_xy[columns])


def _shrink(beta: FloatArray, thresholds: FloatArray) -> FloatArray:
    norms = np.sqrt(np.einsum("tk,tk->t", beta, beta))  # faster than np.linalg.norm for few outputs
    return beta * (np.maximum(norms - thresholds, 0.0) / np.maximum(norms, 1e-300))[:, None]


def _fista(gram: FloatArray, target: FloatArray, thresholds: FloatArray, beta: FloatArray) -> FloatArray:
    if len(gram) == 0:
        return beta
    step = 1.0 / _largest_eigenvalue(gram)
    ahead, speed = beta, 1.0
    close = _TOLERANCE * step * thresholds.min()
    for _ in range(_MAX_ITERATIONS):
        following = _shrink(ahead + step * (target - gram @ ahead), step * thresholds)
        change = following - beta
        if ((ahead - following) * change).sum() > 0:  # restart when the momentum increases the objective
            speed = 1.0
        faster = (1 + np.sqrt(1 + 4 * speed * speed)) / 2
        ahead = following + (speed - 1) / faster * change
        beta, speed = following, faster
        if np.abs(change).max() < close:
            break
    return beta


def _largest_eigenvalue(gram: FloatArray) -> float:
    """Estimate the largest eigenvalue by power iteration, with a margin, as it converges from below.

    The start is irregular: one that is nearly equal at two columns is nearly orthogonal to their difference,
    which has the largest eigenvalue where few samples make one column the negative of the other.
    """
    vector = 1.0 + np.cos(np.arange(len(gram)) ** 2)
    vector /= np.linalg.norm(vector)
    value = 1.0
    for _ in range(15):
        vector = gram @ vector
        value = float(np.linalg.norm(vector))
        if value == 0.0:
            return 1.0
        vector /= value
    return 1.2 * value
