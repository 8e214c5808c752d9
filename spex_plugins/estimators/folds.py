"""Folds of samples, and the fit of any estimator that works by folds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spex_plugins.core.design import Design, make_design
from spex_plugins.core.paired import pair_numbers
from spex_plugins.core.plan import Plan
from spex_plugins.core.spectrum import Spectrum
from spex_plugins.estimators.base import Fit, FoldedEstimator
from spex_plugins.estimators.spex import Spex
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["assign_folds", "explained", "fit_by_folds", "out_of_fold", "standardised", "uniform_design"]

N_FOLDS = 5
_LEAST_TESTED = 8  # fewer samples cannot choose anything


def uniform_design(n: int, budget: int, max_order: int, rng: np.random.Generator) -> Design:
    """Draw uniform masks, or all of them where the budget allows it."""
    everything = n < 63 and 2**n <= budget
    return make_design(
        Plan("full" if everything else "uniform", n, min(budget, 2**n), min(max_order, n)), rng
    )


def assign_folds(masks: BoolArray, n_structured: int, rng: np.random.Generator) -> IntArray:
    """Return the fold of every sample, (m,): −1 for the first ``n_structured``, complements together."""
    pairs = pair_numbers(masks[n_structured:])
    fold_of_pair = rng.permutation(int(pairs.max(initial=-1)) + 1) % N_FOLDS
    return np.concatenate([np.full(n_structured, -1), fold_of_pair[pairs]])


def standardised(values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return values (m, K) of mean 0 and deviation 1, the means and the deviations; 0 for constants."""
    mean, spread = values.mean(axis=0), values.std(axis=0)
    spread = np.where(spread > 1e-12 * np.maximum(np.abs(mean), 1e-300), spread, 0.0)
    return (values - mean) / np.where(spread > 0, spread, 1.0) * (spread > 0), mean, spread


def explained(values: FloatArray, predicted: FloatArray) -> FloatArray:
    """Return R² (K,) on the samples that were predicted; 1 for a constant that was met, NaN if none were."""
    known = np.isfinite(predicted).all(axis=1)
    if not known.any():
        return np.full(values.shape[1], np.nan)
    error = ((values[known] - predicted[known]) ** 2).sum(axis=0)
    spread = ((values[known] - values[known].mean(axis=0)) ** 2).sum(axis=0)
    rounding = known.sum() * (1e-12 * np.abs(values[known]).max(axis=0)) ** 2
    unknown = np.where(error > rounding, np.nan, 1.0)
    varies = spread > rounding
    return np.where(varies, 1 - error / np.where(varies, spread, 1.0), unknown)


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
    folds = assign_folds(masks, n_structured, rng)
    found = estimator.fit_folds(masks, values, folds, max_order=max_order, rng=rng)
    source = f"cross-validated on {m - n_structured} masks"
    return Fit(found.spectrum, explained(values, found.out_of_fold), source, found.method)


def out_of_fold(without: Sequence[Spectrum], masks: BoolArray, folds: IntArray) -> FloatArray:
    """Predict every fold by the spectrum that has not seen it; NaN for samples without a fold, (m, K)."""
    predicted = np.full((len(masks), *without[0].output_shape), np.nan)
    for part, spectrum in enumerate(without):
        predicted[folds == part] = spectrum.predict(masks[folds == part])
    return predicted
