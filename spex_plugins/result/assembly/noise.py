"""Fit the means of repeated answers, and tell the noise apart from what the fit misses."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.fitted_function import FittedFunction, SpectrumWithDeviations
from spex_plugins.core.basis.scaling import standardised
from spex_plugins.core.basis.single_values import Semivalues, SingleValues
from spex_plugins.core.designs.all_masks import all_masks_within
from spex_plugins.core.designs.design import Design
from spex_plugins.core.fitted.stacked import StackedFunction
from spex_plugins.core.gaussian_process.mask_weights import mask_weights
from spex_plugins.estimators.base import Estimator
from spex_plugins.estimators.common.fit_result import Fit
from spex_plugins.estimators.common.known_functions import constant_fit, mean_fit
from spex_plugins.estimators.common.threads import fitting_threads
from spex_plugins.result.assembly.assemble import fitted
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["MeansFitted", "Noise", "fit_means", "noise_of_repeats"]


@dataclass(frozen=True, eq=False)
class Noise:
    """Noise of the answers to a mask, averaged over masks.

    Attributes
    ----------
    variance : ndarray of float64, shape (K,)
    variance_error : ndarray of float64, shape (K,)
        Standard error.
    """

    variance: FloatArray
    variance_error: FloatArray

    @property
    def deviation(self) -> FloatArray:
        """Standard deviation of the noise, (K,)."""
        return np.sqrt(self.variance)

    @property
    def error(self) -> FloatArray:
        """Standard error of `deviation`, (K,), by linearisation."""
        known = self.variance > 0
        return np.where(known, self.variance_error / (2 * np.where(known, self.deviation, 1.0)), 0.0)


@dataclass(frozen=True, eq=False)
class MeansFitted:
    """A fit to the means of repeated answers.

    Attributes
    ----------
    fit : Fit
        Its R² is that against the function without noise.
    answers_r2 : ndarray of float64, shape () or (K,)
        R² against the means.
    masks : ndarray of bool, shape (m, n)
        Distinct masks.
    means : ndarray of float64, shape (m,) or (m, K)
    noise : Noise
    exact : bool
        Whether all masks were evaluated, and no noise was seen.
    """

    fit: Fit
    answers_r2: FloatArray
    masks: BoolArray
    means: FloatArray
    noise: Noise
    exact: bool


def noise_of_repeats(rows: IntArray, values: FloatArray, inner: IntArray) -> Noise:
    """Estimate the variance of the noise, averaged over masks, from repeats.

    Parameters
    ----------
    rows : ndarray of int, shape (m,)
        The mask of every answer.
    values : ndarray of float64, shape (m, K)
    inner : ndarray of int
        The masks that count where any of them has repeats: the empty and the full one are special.
    """
    counts = np.bincount(rows)
    off = values - (_sums(rows, values, len(counts)).T / np.maximum(counts, 1)).T[rows]
    squares, free = _sums(rows, off**2, len(counts)), np.maximum(counts - 1, 0)
    counted = np.intersect1d(inner, np.flatnonzero(free))
    counted = counted if len(counted) else np.flatnonzero(free)
    total = max(int(free[counted].sum()), 1)
    variance = squares[counted].sum(axis=0) / total
    # The masks are the sample: their noise may differ, and need not be normal.
    scatter = squares[counted] - free[counted, None] * variance
    return Noise(variance, np.sqrt((scatter**2).sum(axis=0)) / total)


def fit_means(
    method: Estimator,
    design: Design,
    rows: IntArray,
    values: FloatArray,
    max_order: int | None,
    rng: np.random.Generator,
) -> MeansFitted:
    """Fit the means of answers.

    Parameters
    ----------
    method : Estimator
    design : Design
        Its masks (M, n).
    rows : ndarray of int, shape (m,)
        The mask of every answer.
    values : ndarray of float64, shape (m,) or (m, K)
    max_order : int or None
    rng : numpy.random.Generator
    """
    masks, flat = design.masks, values.reshape(len(values), -1)
    kept = masks.sum(axis=1)
    inner = np.flatnonzero((kept > 0) & (kept < masks.shape[1]))
    noise = noise_of_repeats(rows, flat, inner)
    counts = np.bincount(rows, minlength=len(masks))
    asked = np.flatnonzero(counts)
    means = (_sums(rows, values, len(masks))[asked].T / counts[asked]).T
    noise_free = not noise.variance.any()
    counted = np.intersect1d(inner, asked)
    counted = counted if len(counted) else asked
    left = noise.variance * (1 / counts[counted]).mean()
    complete = all_masks_within(masks.shape[1], len(asked))
    coded = design if design.coded and len(asked) == len(masks) else None
    sample = masks[asked], means, coded, max_order
    if noise_free:
        fit = fitted(method, *sample, rng)
        return MeansFitted(fit, fit.r2, masks[asked], means, noise, complete)
    share = _share_of_noise(means, left.reshape(means.shape[1:]), noise)
    raw = fitted(_Regression(method), *sample, deepcopy(rng))
    fit = _corrected(replace(raw, function=_without_noise(raw, means[np.isin(asked, counted)], left)), share)
    if complete:
        exact = fitted(method, *sample, rng)
        fit = _better(fit, _with_deviations(exact, *sample[:2], noise.variance, counts[asked]), share)
    return MeansFitted(fit, raw.r2, masks[asked], means, noise, exact=False)


def _sums(rows: IntArray, values: FloatArray, count: int) -> FloatArray:
    total = np.zeros((count, *values.shape[1:]))
    np.add.at(total, rows, values)
    return total


def _share_of_noise(means: FloatArray, left: FloatArray, noise: Noise) -> tuple[FloatArray, FloatArray]:
    """Return the share of the variance of the means that is noise, and its standard error."""
    total = means.var(axis=0)
    share = left / np.where(total > 0, total, 1.0)
    spread = noise.variance_error.reshape(left.shape) / noise.variance.clip(1e-300).reshape(left.shape)
    return share, share * np.sqrt(spread**2 + 2 / len(means))


def _corrected(fit: Fit, share: tuple[FloatArray, FloatArray]) -> Fit:
    """Return a fit with its R² against the function without noise; NaN where all may be noise."""
    noise, error = share
    signal = 1 - noise
    told = signal > error
    r2 = np.where(told, fit.r2 / np.where(told, signal, 1.0), np.nan)
    of_fit = 0.0 if fit.r2_error is None else fit.r2_error
    deviation = np.where(told, np.hypot(of_fit, r2 * error) / np.where(told, signal, 1.0), np.nan)
    source = f"{fit.r2_source}; against the function without noise"
    return replace(fit, r2=np.minimum(r2, 1.0), r2_error=deviation, r2_source=source)


def _without_noise(fit: Fit, means: FloatArray, noise: FloatArray) -> FittedFunction:
    """Return a fitted function without the share of its residuals that is ``noise``, a variance (K,).

    A residual is the left-out error times the share of the unexplained variance in that of the prediction. So
    this variance is the mean product of both; here, that of their magnitudes.
    """
    function = fit.function
    if not isinstance(function, StackedFunction):
        return function
    residuals = (function.residuals**2).mean(axis=0)
    errors = (1 - np.atleast_1d(fit.r2)) * means.reshape(len(means), -1).var(axis=0)
    errors = np.where(np.isnan(errors), residuals, errors.clip(0.0))
    unexplained = np.sqrt(residuals * errors)
    return function.with_noise(np.where(unexplained > noise, noise / np.maximum(unexplained, 1e-300), 1.0))


def _with_deviations(
    exact: Fit, masks: BoolArray, means: FloatArray, noise: FloatArray, counts: IntArray
) -> Fit:
    """Return the transform of all means with the deviations that a variance (K,) of noise gives it."""
    function, singles = exact.function, sets.singletons(masks.shape[1])
    if not isinstance(function, SpectrumWithDeviations):
        return exact
    known = []
    for index in ("SV", "BV"):
        spread = np.sqrt((mask_weights(masks, singles, index, 1) ** 2).T @ (1 / counts))
        values = function.single_values(index).values
        known.append(SingleValues(values, np.multiply.outer(spread, np.sqrt(noise)).reshape(values.shape)))
    return replace(exact, function=replace(function, semivalues=Semivalues(*known)))


def _better(fit: Fit, exact: Fit, share: tuple[FloatArray, FloatArray]) -> Fit:
    """Return the transform of all means where noise spoils it less than a regression misses."""
    signal = 1 - share[0]
    told = signal > share[1]  # or all may be noise
    r2 = np.where(told, 1 - share[0] / np.where(told, signal, 1.0), np.nan)
    if np.mean(np.nan_to_num(fit.r2, nan=-np.inf)) >= np.mean(np.nan_to_num(r2, nan=-np.inf)):
        return fit
    source = "all masks are known, up to noise; against the function without noise"
    error = np.where(told, share[1] / np.where(told, signal, 1.0) ** 2, np.nan)
    return replace(exact, r2=r2, r2_error=error, r2_source=source)


class _Regression(Estimator):
    """An estimator that fits all 2^n values as it fits fewer: with noise, none of them is exact."""

    def __init__(self, method: Estimator) -> None:
        self._method = method

    @property
    def name(self) -> str:  # type: ignore[override]
        return self._method.name

    def draw(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        return self._method.draw(n, budget, max_order, rng)

    def fit_samples(
        self,
        masks: BoolArray,
        values: FloatArray,
        *,
        design: Design | None,
        max_order: int | None,
        rng: np.random.Generator,
    ) -> Fit:
        return self._method.fit_samples(masks, values, design=design, max_order=max_order, rng=rng)

    def fit(
        self,
        masks: BoolArray,
        values: FloatArray,
        *,
        design: Design | None,
        max_order: int | None,
        rng: np.random.Generator,
    ) -> Fit:
        if not standardised(values)[2].any():
            return constant_fit(masks.shape[1], values)
        if len(masks) < 4:
            return mean_fit(masks.shape[1], values)
        with fitting_threads(len(masks)):
            return self.fit_samples(masks, values, design=design, max_order=max_order, rng=rng)
