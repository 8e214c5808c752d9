"""Sparse fit with a cross-validated penalty, and an unbiased estimate of its R².

Every point of a LASSO path is blended with least squares on its support (relaxed LASSO: Hastie,
Tibshirani & Tibshirani 2020). The penalty and the blend with the smallest error on left-out folds are used.
For the reported R², each fold is predicted with the choice of the *other* folds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from spex_plugins.core.regression.lasso import least_squares, path_start, path_step
from spex_plugins.core.regression.moments import Moments
from spex_plugins.types import FloatArray, IntArray

__all__ = [
    "Candidates",
    "Model",
    "SparseFit",
    "SparsePath",
    "cross_validated_fit",
    "honest_choices",
    "honest_r2",
]

_RATIO = 0.8  # ratio of successive penalties
_MAX_POINTS = 60
_PATIENCE = 3  # points without improvement after which the path ends, once the penalty is below the noise
_BLENDS = (0.0, 0.5, 1.0)  # weight of least squares
_TIE = 1e-12  # relative to the largest error
_DENSEST = 0.5  # least squares only on supports of at most this share of the samples


@dataclass(frozen=True, eq=False)
class Model:
    """A linear fit: columns (C,), their coefficients (C, K) and the intercept (K,)."""

    columns: IntArray
    beta: FloatArray
    intercept: FloatArray


class Candidates(Protocol):
    """Candidate models of one cross-validation."""

    @property
    def errors(self) -> FloatArray:
        """Squared errors of every candidate on every left-out fold, shape (C, F, K)."""
        ...

    def model(self, candidate: int, part: int) -> Model:
        """Return the fit to all folds but ``part``, or to all samples for part −1."""
        ...


@dataclass(frozen=True, eq=False)
class SparseFit:
    """The chosen fit and its R².

    Attributes
    ----------
    columns : ndarray of int, shape (C,)
    beta : ndarray of float64, shape (C, K)
    intercept : ndarray of float64, shape (K,)
    r2 : ndarray of float64, shape (K,)
        Cross-validated R², every fold predicted by a model and a choice without it; NaN if all left-out
        values are equal but the prediction is not.
    without : tuple of F Model
        The models without one fold each.
    """

    columns: IntArray
    beta: FloatArray
    intercept: FloatArray
    r2: FloatArray
    without: tuple[Model, ...]


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
    path = SparsePath.run([*(total - fold for fold in folds), total], folds, [*fold_weights, weights])
    choice, choices = honest_choices(path.errors)
    final = path.model(choice, -1)
    without = tuple(path.model(c, part) for part, c in enumerate(choices))
    r2 = honest_r2(path.errors, choices, folds)
    return SparseFit(final.columns, final.beta, final.intercept, r2, without)


@dataclass(frozen=True, eq=False)
class SparsePath:
    """Relaxed LASSO: the candidates are the points of the path times the blends.

    Attributes
    ----------
    errors : ndarray of float64, shape (points · blends, F, K)
    trains : list of F + 1 Moments
        Moments without each fold, and of all samples.
    points : list of lists of (columns, coefficients)
        The F + 1 models at every point of the path.
    sparse : list of bool
        Whether all models of a point have few enough columns for least squares.
    """

    errors: FloatArray
    trains: Sequence[Moments]
    points: list[list[tuple[IntArray, FloatArray]]]
    sparse: list[bool]

    @classmethod
    def run(
        cls, trains: Sequence[Moments], tests: Sequence[Moments], weights: Sequence[FloatArray]
    ) -> SparsePath:
        """Follow the path of F + 1 models, which may have columns of their own, on F left-out folds."""
        at = [path_start(train, w) for train, w in zip(trains, weights, strict=True)]
        penalty = max(point.penalty for point in at)
        tested = sum(test.count for test in tests)
        points: list[list[tuple[IntArray, FloatArray]]] = []
        errors: list[FloatArray] = []
        best, best_at = np.inf, 0
        sparse: list[bool] = []
        for step in range(_MAX_POINTS):
            at = [
                path_step(train, w, min(penalty, point.penalty), point)
                for train, w, point in zip(trains, weights, at, strict=True)
            ]
            points.append([(point.columns, point.beta[point.columns]) for point in at])
            # The same for all models: the folds must test the candidates of the model of all samples.
            sparse.append(all(map(_is_sparse, trains, points[-1])))
            tried = [_errors(*args, sparse[-1]) for args in zip(trains, tests, points[-1], strict=False)]
            errors.append(np.stack(tried, axis=1))
            score = float(errors[-1].sum(axis=(1, 2)).min()) / tested
            if score < 0.999 * best:
                best, best_at = score, step
            if step - best_at >= _PATIENCE and penalty < np.sqrt(best / trains[-1].count):
                break
            penalty *= _RATIO
        return cls(np.concatenate(errors), trains, points, sparse)

    def model(self, candidate: int, part: int) -> Model:
        """Return the fit of a point and blend, see `Candidates`."""
        point, blend = divmod(candidate, len(_BLENDS))
        train, (columns, lasso) = self.trains[part], self.points[point][part]
        relaxed = _relaxed(train, columns, lasso) if self.sparse[point] else lasso
        beta = (1 - _BLENDS[blend]) * lasso + _BLENDS[blend] * relaxed
        return Model(columns, beta, train.intercept(columns, beta))


def honest_choices(errors: FloatArray) -> tuple[int, list[int]]:
    """Return the candidate with the smallest error (C, F, K), and for each fold that of the other folds."""
    summed = errors.sum(axis=(1, 2))
    return _choice(summed), [_choice(summed - errors[:, f].sum(axis=1)) for f in range(errors.shape[1])]


def _choice(errors: FloatArray) -> int:
    """Return the candidate with the smallest error, from (C,).

    Of choices that differ by rounding errors only (for exactly sparse functions), it is the last one: with
    the others a term may be missing in some fold.
    """
    return int(np.flatnonzero(errors <= errors.min() + _TIE * errors.max())[-1])


def honest_r2(errors: FloatArray, choices: Sequence[int], tests: Sequence[Moments]) -> FloatArray:
    """Return R² (K,) on the F left-out folds, each with the choice of the others."""
    error = errors[choices, np.arange(len(choices))].sum(axis=0)
    tested = sum(tests[1:], start=tests[0])
    spread = tested.variance_y * tested.count
    # Equal values contain no information, unless the output is a constant that is predicted exactly.
    unknown = np.where(error > 0, np.nan, 1.0)
    return np.where(spread > 0, 1 - error / np.where(spread > 0, spread, 1.0), unknown)


def _is_sparse(train: Moments, point: tuple[IntArray, FloatArray]) -> bool:
    return len(point[0]) <= _DENSEST * train.count


def _errors(train: Moments, test: Moments, point: tuple[IntArray, FloatArray], is_sparse: bool) -> FloatArray:
    """Return squared errors on a left-out fold for every blend, (blends, K)."""
    columns, lasso = point
    relaxed = _relaxed(train, columns, lasso) if is_sparse else lasso
    betas = [(1 - share) * lasso + share * relaxed for share in _BLENDS]
    return np.stack([test.squared_error(train.intercept(columns, b), columns, b) for b in betas])


def _relaxed(moments: Moments, columns: IntArray, lasso: FloatArray) -> FloatArray:
    """Return least squares on the support of a point, or the point itself if that is not unique."""
    solution = least_squares(moments, columns)
    return lasso if solution is None else solution
