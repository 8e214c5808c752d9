"""Sparse fit with cross-validated penalty, and an honest figure of its faithfulness.

Along a LASSO path every point offers blends with least squares on its own support (relaxed LASSO: Hastie,
Tibshirani & Tibshirani 2020). The penalty and the blend with the least error on left-out folds are used.
For the reported R², each fold is predicted with the choice that the *other* folds made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spex_plugins.core.lasso import PathPoint, least_squares, path_start, path_step
from spex_plugins.core.moments import Moments
from spex_plugins.types import FloatArray, IntArray

__all__ = ["SparseFit", "cross_validated_fit"]

_RATIO = 0.8  # from one penalty to the next
_MAX_POINTS = 60
_PATIENCE = 3  # points without a better error, once the penalty is below the noise, that end the path
_BLENDS = (0.0, 0.5, 1.0)  # share of least squares
_TIE = 1e-12  # share of the largest error
_DENSEST = 0.5  # least squares only on supports of at most this share of the samples


@dataclass(frozen=True, eq=False)
class SparseFit:
    """Coefficients of the chosen columns.

    Attributes
    ----------
    columns : ndarray of int, shape (C,)
    beta : ndarray of float64, shape (C, K)
    intercept : ndarray of float64, shape (K,)
    r2 : ndarray of float64, shape (K,)
        Cross-validated R², every fold predicted by a model and a choice that did not see it; NaN where all
        values that were left out are equal but the prediction is not.
    """

    columns: IntArray
    beta: FloatArray
    intercept: FloatArray
    r2: FloatArray


def cross_validated_fit(
    total: Moments, folds: Sequence[Moments], fold_weights: Sequence[FloatArray], weights: FloatArray
) -> SparseFit:
    """Fit all samples with the penalty and blend that predict left-out folds best.

    Parameters
    ----------
    total : Moments
        All samples; the outputs should have variances near 1, as they share the penalty.
    folds : sequence of F Moments
        The samples that are left out in turn, uniformly drawn masks. They may be fewer than all samples.
    fold_weights : sequence of F ndarray, each of shape (T,)
        Penalty weights of the model that leaves fold f out; infinite where that model's own screening,
        which must not have seen fold f either, left a column out.
    weights : ndarray, shape (T,)
        Penalty weights of the final model.
    """
    trains = [total - fold for fold in folds]
    path = [path_start(total, weights)]
    points = [path_start(train, w) for train, w in zip(trains, fold_weights, strict=True)]
    penalty = max(point.penalty for point in [*points, *path])
    tested = sum(fold.count for fold in folds)
    errors: list[FloatArray] = []
    best, best_at = np.inf, 0
    for at in range(_MAX_POINTS):
        path.append(path_step(total, weights, min(penalty, path[-1].penalty), path[-1]))
        points = [
            path_step(train, w, min(penalty, point.penalty), point)
            for train, w, point in zip(trains, fold_weights, points, strict=True)
        ]
        errors.append(np.stack([_errors(*args) for args in zip(trains, folds, points, strict=True)]))
        score = float(errors[-1].sum(axis=(0, 2)).min()) / tested
        if score < 0.999 * best:
            best, best_at = score, at
        if at - best_at >= _PATIENCE and penalty < np.sqrt(best / total.count):
            break
        penalty *= _RATIO
    table = np.stack(errors)  # (points, F, blends, K)
    at, blend = _choice(table.sum(axis=1))
    columns, beta = _blended(total, path[at + 1], _BLENDS[blend])
    return SparseFit(columns, beta, total.intercept(columns, beta), _honest_r2(table, folds))


def _choice(errors: FloatArray) -> tuple[int, int]:
    """Return the point and blend with the least error over all outputs, from (points, blends, K).

    Of choices that differ by rounding errors only (functions that are exactly sparse), it is the last: on
    the others a fold more may still miss a term.
    """
    summed = errors.sum(axis=2)
    good = np.flatnonzero(summed <= summed.min() + _TIE * summed.max())
    at, blend = np.unravel_index(good[-1], summed.shape)
    return int(at), int(blend)


def _errors(train: Moments, test: Moments, point: PathPoint) -> FloatArray:
    """Return squared errors on a left-out fold for every blend, (blends, K)."""
    columns, lasso = point.columns, point.beta[point.columns]
    relaxed = _relaxed(train, point)
    betas = [(1 - share) * lasso + share * relaxed for share in _BLENDS]
    return np.stack([test.squared_error(train.intercept(columns, b), columns, b) for b in betas])


def _relaxed(moments: Moments, point: PathPoint) -> FloatArray:
    """Return least squares on the support of a point, or the point itself where that is not unique."""
    columns = point.columns
    solution = least_squares(moments, columns) if len(columns) <= _DENSEST * moments.count else None
    return point.beta[columns] if solution is None else solution


def _blended(moments: Moments, point: PathPoint, share: float) -> tuple[IntArray, FloatArray]:
    columns = point.columns
    return columns, (1 - share) * point.beta[columns] + share * _relaxed(moments, point)


def _honest_r2(table: FloatArray, folds: Sequence[Moments]) -> FloatArray:
    summed = table.sum(axis=1)
    error = np.zeros(table.shape[3])
    for k in range(len(folds)):
        at, blend = _choice(summed - table[:, k])
        error += table[at, k, blend]
    tested = sum(folds[1:], start=folds[0])
    spread = tested.variance_y * tested.count
    # Equal tested values tell nothing, unless the output is a constant that was met exactly.
    unknown = np.where(error > 0, np.nan, 1.0)
    return np.where(spread > 0, 1 - error / np.where(spread > 0, spread, 1.0), unknown)
