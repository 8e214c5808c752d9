"""Logistic curves as a member of a stack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from spex_plugins.core.logistic.curve import LogisticCurve, learn_curves, linear_curves, predict_curves
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
        first = (masks, scaled.T, np.tile(used, (scaled.shape[1], 1)))
        seen = predict_curves(masks, learn_curves(*first, _PENALTIES[-1], linear_curves(*first))).T
        own, rival = (samples.weights @ errors**2 for errors in (scaled - seen, others / spread))
        if (own > _HOPELESS * rival).all():
            return None
    chosen = _cross_validated(samples, scaled, shared)
    functions = [
        side_by_side(
            [waves_of(*one) for one in zip(map(LogisticCurve.of, curves), spread, centre, strict=True)]
        )
        for curves in chosen
    ]
    of_all, *without_fold = functions
    of_folds = np.stack([function.predict(masks) for function in without_fold])
    fitted = of_all.predict(masks)
    return Member(CURVES, True, of_all, tuple(without_fold), fitted, of_folds, samples.folds)


def _cross_validated(samples: Samples, values: FloatArray, shared: SharedPenalty) -> FloatArray:
    """Return curves of values (m, K) and those without each of F folds, (1 + F, K, 3 + n).

    They have the penalties of the least errors.
    """
    learned_from = np.stack([samples.used, *map(samples.without, range(N_FOLDS))])
    step, penalties = max(1, _BLOCK // learned_from.size), shared.penalties
    blocks = [
        _best_of(samples, values[:, first : first + step], learned_from, penalties)
        for first in range(0, values.shape[1], step)
    ]
    if len(penalties) > 1:
        shared.add(np.sum([errors for _, errors in blocks], axis=0))
    return np.concatenate([found for found, _ in blocks], axis=1)


def _best_of(
    samples: Samples, values: FloatArray, learned_from: BoolArray, penalties: Sequence[float]
) -> tuple[FloatArray, FloatArray]:
    """Return curves learned from each of S sets of masks (S, m), and the errors of all penalties.

    The shapes are (S, K, 3 + n) and (P,).
    """
    masks, folds, weights = samples.masks, samples.folds, samples.weights
    tested, outputs, sets = folds >= 0, values.shape[1], len(learned_from)
    problem = (masks, np.tile(values.T, (sets, 1)), np.repeat(learned_from, outputs, axis=0))
    starts = begin = linear_curves(*problem)
    found, least, totals = starts[0], np.full(outputs, np.inf), []
    for penalty in penalties:
        curves = learn_curves(*problem, penalty, begin)
        # Each search goes on from its own end as well: a start that knows the fold would tell of it.
        begin = np.concatenate([starts, curves[None]])
        of_folds = predict_curves(masks, curves).reshape(sets, outputs, -1)[1:].transpose(0, 2, 1)
        errors = weights[tested] @ (values - out_of_fold(of_folds, folds))[tested] ** 2
        found = np.where(np.tile(errors < least, sets)[:, None], curves, found)
        least = np.minimum(errors, least)
        totals.append(errors.sum())
    return found.reshape(sets, outputs, -1), np.array(totals)
