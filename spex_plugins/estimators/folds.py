"""Folds of samples, and the fit of any estimator that works by folds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spex_plugins.core.design import Design, make_design
from spex_plugins.core.paired import pair_numbers
from spex_plugins.core.peeling import find_support
from spex_plugins.core.plan import Plan
from spex_plugins.core.spectrum import Spectrum
from spex_plugins.core.standardise import standardised
from spex_plugins.estimators.base import Fit, FoldedEstimator
from spex_plugins.estimators.spex import Spex
from spex_plugins.estimators.threads import fitting_threads
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = [
    "assign_folds",
    "explained",
    "explained_error",
    "fit_by_folds",
    "out_of_fold",
    "uniform_design",
]

N_FOLDS = 5
_MANY, _FOLDS_OF_MANY = 4000, 2  # samples of which two folds tell enough, and the cost counts
_LEARNED, _SHARE_LEARNED = 400, 0.5
_LEAST_TESTED = 8  # fewer samples cannot choose anything


def uniform_design(n: int, budget: int, max_order: int, rng: np.random.Generator) -> Design:
    """Draw uniform masks, or all of them where the budget allows it."""
    everything = n < 63 and 2**n <= budget
    return make_design(
        Plan("full" if everything else "uniform", n, min(budget, 2**n), min(max_order, n)), rng
    )


def assign_folds(masks: BoolArray, n_structured: int, rng: np.random.Generator) -> IntArray:
    """Return the fold of every sample, (m,), complements together; −1 for those always trained on.

    These are the first ``n_structured`` ones and as many others as it takes to learn a kernel from samples
    that measure nothing: up to 400, and at most half of all.
    """
    m = len(masks)
    pairs = pair_numbers(masks[n_structured:])
    count = int(pairs.max(initial=-1)) + 1
    missing = max(min(_LEARNED, int(_SHARE_LEARNED * m)) - n_structured, 0) / max(m - n_structured, 1)
    n_folds = N_FOLDS if m <= _MANY else _FOLDS_OF_MANY
    fold_of_pair = np.arange(count) % n_folds
    fold_of_pair[: round(missing * count)] = -1
    return np.concatenate([np.full(n_structured, -1), rng.permutation(fold_of_pair)[pairs]])


def explained(values: FloatArray, predicted: FloatArray) -> FloatArray:
    """Return R² (K,) on the samples that were predicted.

    It is 1 for a constant that was met, and NaN if none were predicted, or if only those were equal.
    """
    known = np.isfinite(predicted).all(axis=1)
    if not known.any():
        return np.full(values.shape[1], np.nan)
    error = ((values[known] - predicted[known]) ** 2).sum(axis=0)
    spread = ((values[known] - values[known].mean(axis=0)) ** 2).sum(axis=0)
    rounding = known.sum() * (1e-12 * np.abs(values[known]).max(axis=0)) ** 2
    constant = standardised(values)[2] == 0
    unknown = np.where(constant & (error <= rounding), 1.0, np.nan)
    varies = spread > rounding
    return np.where(varies, 1 - error / np.where(varies, spread, 1.0), unknown)


def explained_error(masks: BoolArray, values: FloatArray, predicted: FloatArray) -> FloatArray:
    """Return the standard error (K,) of R², a ratio of two means, by linearisation; NaN if R² is unknown.

    A mask and its complement count as one sample: of an odd function their errors are the same.
    """
    known = np.isfinite(predicted).all(axis=1)
    r2 = explained(values, predicted)
    if not known.any():
        return r2
    spread = (values[known] - values[known].mean(axis=0)) ** 2
    off = (values[known] - predicted[known]) ** 2 - (1 - r2) * spread
    total = spread.sum(axis=0)
    pairs = pair_numbers(masks[known])
    together = np.zeros((int(pairs.max(initial=-1)) + 1, values.shape[1]))
    np.add.at(together, pairs, off)
    deviation = np.sqrt((together**2).sum(axis=0))
    return np.where(total > 0, deviation / np.where(total > 0, total, 1.0), np.nan)


def fit_by_folds(
    estimator: FoldedEstimator,
    masks: BoolArray,
    values: FloatArray,
    *,
    design: Design | None,
    max_order: int | None,
    rng: np.random.Generator,
) -> Fit:
    """Fit with folds of one's own; exact where all masks are known, the mean where hardly any are."""
    m, n = masks.shape
    if n < 63 and m == 2**n:
        return Spex().fit(masks, values, design=design, max_order=max_order, rng=rng)
    n_structured = design.n_structured if design else 0
    varies = standardised(values)[2] > 0
    if m - n_structured < _LEAST_TESTED or not varies.any():
        constant = Spectrum.from_terms(n, np.empty((1, 0), dtype=np.int32), values.mean(axis=0)[None])
        return Fit(constant, np.where(varies, np.nan, 1.0), "not measured", "the mean")
    coded = design.coded if design else None
    decoded = find_support(values, coded) if coded else np.empty((0, 0), dtype=np.int32)
    folds = assign_folds(masks, n_structured, rng)
    with fitting_threads(m):
        found = estimator.fit_folds(masks, values, folds, found=decoded, max_order=max_order, rng=rng)
    kind = "uniform masks" if design else "masks"
    source = f"cross-validated on {(folds >= 0).sum()} {kind}"
    method = f"{len(decoded)} sets decoded, {found.method}" if coded else found.method
    r2 = explained(values, found.out_of_fold)
    error = explained_error(masks, values, found.out_of_fold)
    return Fit(found.spectrum, r2, source, method, found.singles, error, found.process)


def out_of_fold(without: Sequence[Spectrum], masks: BoolArray, folds: IntArray) -> FloatArray:
    """Predict every fold by the spectrum that has not seen it; NaN for samples without a fold, (m, K)."""
    predicted = np.full((len(masks), *without[0].output_shape), np.nan)
    for part, spectrum in enumerate(without):
        predicted[folds == part] = spectrum.predict(masks[folds == part])
    return predicted
