"""Logistic curves as a member of a stack."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.logistic.curve import LogisticCurve, learn_curve
from spex_plugins.core.logistic.wave_sum import side_by_side, waves_of
from spex_plugins.estimators.kernel_stack.member import N_FOLDS, Member, Samples, out_of_fold
from spex_plugins.types import FloatArray

__all__ = ["fit_curves"]

_PENALTIES = (3.0, 0.3, 0.03, 0.003)  # of values with variance 1
_HOPELESS = 16.0  # ratio of squared errors


def fit_curves(samples: Samples, others: FloatArray | None) -> Member | None:
    """Fit curves of K outputs; None where another fit is so much better that they add nothing.

    Parameters
    ----------
    samples : Samples
    others : ndarray of float64, shape (m, K), optional
        Errors of the other fit at left-out masks. If the errors of curves that have seen the masks are four
        times as large in all outputs, curves would get a tenth of the weight at most.
    """
    masks, values, used = samples.masks, samples.values, samples.used
    centre, spread = values[used].mean(axis=0), values[used].std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    scaled = (values - centre) / spread
    first = [learn_curve(masks[used], target[used], _PENALTIES[-1]) for target in scaled.T]
    if others is not None:
        seen = np.column_stack([curve.predict(masks) for curve in first])
        own, rival = (samples.weights @ errors**2 for errors in (scaled - seen, others / spread))
        if (own > _HOPELESS * rival).all():
            return None
    chosen = [_cross_validated(samples, target) for target in scaled.T]
    functions = [
        side_by_side([waves_of(*one) for one in zip(curves, spread, centre, strict=True)])
        for curves in zip(*chosen, strict=True)
    ]
    of_all, *without_fold = functions
    of_folds = np.stack([function.predict(masks) for function in without_fold])
    fitted = of_all.predict(masks)
    return Member(
        "a logistic curve beneath it", True, of_all, tuple(without_fold), fitted, of_folds, samples.folds
    )


def _cross_validated(samples: Samples, values: FloatArray) -> list[LogisticCurve]:
    """Return the curve of one output with the penalty of the least error, and those without each fold."""
    masks, folds, weights = samples.masks, samples.folds, samples.weights
    tested = folds >= 0
    learned_from = [samples.used, *map(samples.without, range(N_FOLDS))]
    # Each search goes on from its own end: a start that knows the fold would tell of it.
    curves = [learn_curve(masks[some], values[some], _PENALTIES[0]) for some in learned_from]
    best, found = np.inf, curves
    for penalty in _PENALTIES:
        curves = [
            learn_curve(masks[some], values[some], penalty, start)
            for some, start in zip(learned_from, curves, strict=True)
        ]
        predicted = np.stack([curve.predict(masks) for curve in curves[1:]])
        error = float(weights[tested] @ (values - out_of_fold(predicted, folds))[tested] ** 2)
        if error < best:
            best, found = error, curves
    return found
