"""Logistic curves as a member of a stack."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from spex_plugins.core.logistic.curve import LogisticCurve, learn_curves
from spex_plugins.core.logistic.wave_sum import side_by_side, waves_of
from spex_plugins.estimators.kernel_stack.member import N_FOLDS, Member, Samples, out_of_fold
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["CURVES", "N_FIRST", "SharedPenalty", "fit_curves"]

CURVES = "a logistic curve beneath it"  # name of the member
N_FIRST = 4  # of many functions, which are fitted with all means
_PENALTIES = (3.0, 0.1, 0.003, 0.0001)  # of values with variance 1
_HOPELESS = 16.0  # ratio of squared errors
_BLOCK = 1 << 16  # values that are fitted side by side, as many as a cache holds


@dataclass
class SharedPenalty:
    """The penalty that serves many functions, learned from the first of them.

    Which one serves best is much the same for all of them, and its neighbours serve nearly as well.

    Attributes
    ----------
    errors : list of ndarray of float64, shape (P,)
        Squared left-out errors of the first functions with every penalty.
    """

    errors: list[FloatArray] = field(default_factory=list)

    @property
    def penalties(self) -> tuple[float, ...]:
        """The best one, or all while there are too few functions to tell."""
        if len(self.errors) < N_FIRST:
            return _PENALTIES
        return (_PENALTIES[int(np.sum(self.errors, axis=0).argmin())],)

    def add(self, errors: FloatArray) -> None:
        """Add the errors of a function, unless there are enough of them."""
        if len(self.errors) < N_FIRST:
            self.errors.append(errors)


def fit_curves(
    samples: Samples, others: FloatArray | None, shared: SharedPenalty | None = None
) -> Member | None:
    """Fit curves of K outputs; None where another fit is so much better that they add nothing.

    Parameters
    ----------
    samples : Samples
    others : ndarray of float64, shape (m, K), optional
        Errors of the other fit at left-out masks. If the errors of curves that have seen the masks are four
        times as large in all outputs, curves would get a tenth of the weight at most.
    shared : SharedPenalty, optional
        What other functions tell, to which this one is added.
    """
    shared = shared or SharedPenalty()
    masks, values, used = samples.masks, samples.values, samples.used
    centre, spread = values[used].mean(axis=0), values[used].std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    scaled = (values - centre) / spread
    if others is not None and len(shared.penalties) > 1:
        first = _learned(masks, scaled, used[None], _PENALTIES[-1])
        seen = np.column_stack([curve.predict(masks) for (curve,) in first])
        own, rival = (samples.weights @ errors**2 for errors in (scaled - seen, others / spread))
        if (own > _HOPELESS * rival).all():
            return None
    chosen = _cross_validated(samples, scaled, shared)
    functions = [
        side_by_side([waves_of(*one) for one in zip(curves, spread, centre, strict=True)])
        for curves in zip(*chosen, strict=True)
    ]
    of_all, *without_fold = functions
    of_folds = np.stack([function.predict(masks) for function in without_fold])
    fitted = of_all.predict(masks)
    return Member(CURVES, True, of_all, tuple(without_fold), fitted, of_folds, samples.folds)


def _cross_validated(
    samples: Samples, values: FloatArray, shared: SharedPenalty
) -> list[list[LogisticCurve]]:
    """Return curves of values (m, K), with the penalties of the least errors, and those without each fold."""
    masks, folds, weights = samples.masks, samples.folds, samples.weights
    tested = folds >= 0
    learned_from = np.stack([samples.used, *map(samples.without, range(N_FOLDS))])
    # Each search goes on from its own end: a start that knows the fold would tell of it.
    penalties, curves = shared.penalties, None
    least, totals = np.full(values.shape[1], np.inf), []
    found: list[list[LogisticCurve]] = []
    for penalty in penalties:
        curves = _learned(masks, values, learned_from, penalty, curves)
        of_folds = np.stack([[one.predict(masks) for one in own[1:]] for own in curves], axis=-1)
        errors = weights[tested] @ (values - out_of_fold(of_folds, folds))[tested] ** 2
        found = found or curves
        found = [
            new if better else old for new, old, better in zip(curves, found, errors < least, strict=True)
        ]
        least = np.minimum(errors, least)
        totals.append(float(errors.sum()))
    if len(penalties) > 1:
        shared.add(np.array(totals))
    return found


def _learned(
    masks: BoolArray,
    values: FloatArray,
    learned_from: BoolArray,
    penalty: float,
    start: list[list[LogisticCurve]] | None = None,
) -> list[list[LogisticCurve]]:
    """Return a curve of every output of values (m, K), learned from each of S sets of masks (S, m)."""
    m, outputs = values.shape
    found: list[list[LogisticCurve]] = []
    step = max(1, _BLOCK // (m * len(learned_from)))
    for first in range(0, outputs, step):
        block = values.T[first : first + step]
        begin = None if start is None else [one for own in start[first : first + step] for one in own]
        targets, counted = np.repeat(block, len(learned_from), axis=0), np.tile(learned_from, (len(block), 1))
        curves = learn_curves(masks, targets, counted, penalty, begin)
        found += [curves[k : k + len(learned_from)] for k in range(0, len(curves), len(learned_from))]
    return found
