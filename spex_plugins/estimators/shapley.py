"""Estimator for Shapley and Banzhaf values: a Gaussian process on masks of all sizes."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.characters import characters, pack
from spex_plugins.core.basis.scaling import standardised
from spex_plugins.core.designs.choose import Plan
from spex_plugins.core.designs.design import Design, make_design
from spex_plugins.core.gaussian_process.candidate_sets import likely_sets
from spex_plugins.core.gaussian_process.conditioning import GaussianProcess, fit_gaussian_process
from spex_plugins.core.gaussian_process.linear_part import with_linear_part
from spex_plugins.core.regression.sparse_fit import Refit, refit, uniform_folds
from spex_plugins.estimators.base import Estimator
from spex_plugins.estimators.common.fit_result import Fit
from spex_plugins.estimators.common.gp_readout import (
    calibration,
    posterior_of,
    predicted_left_out,
    with_deviations,
)
from spex_plugins.estimators.common.held_out import explained, explained_error, measured, measured_refit
from spex_plugins.estimators.spex import Spex
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Shapley"]

_DEFAULT_ORDER = 4
_MOST_MASKS = 8000  # a Gaussian process takes half a minute for this number
# A sparse spectrum is the result if its unexplained variance is at most this share of that of the process, as
# for a sparse function; otherwise its pairs are less accurate, even if it predicts masks slightly better.
_FAR_LESS = 0.25
_NARROW = 0.5  # prior deviation of the log rates where nothing is predicted
_RIDGE = 1e-9  # for columns that are equal on all samples


class Shapley(Estimator):
    """Gaussian process regression on complementary masks of all sizes; up to 8,000 masks, then `Spex`.

    Predictions and all indices of the posterior are computed in closed form, with standard deviations. They
    are fitted to masks of all sizes, those of other estimators to uniform masks. The result is the spectrum
    of a sparse regression instead, on the sets that are likely given the learned rates, if that predicts far
    better or if ``max_order`` is given.
    """

    name = "shapley"
    about = (
        "a Gaussian process, or a sparse regression where that predicts better, on complementary masks of "
        "all sizes; R² is that of such masks, each predicted without it and its complement"
    )

    def draw(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        """Draw complementary masks, see `value_masks`."""
        if budget > _MOST_MASKS:
            return Spex().draw(n, budget, max_order, rng)
        return make_design(Plan("paired", n, budget, min(max_order or _DEFAULT_ORDER, n)), rng)

    def sequence(
        self, n: int, first: int, most: int, max_order: int | None, rng: np.random.Generator
    ) -> Design:
        """Draw complementary masks of all sizes, for any number of masks."""
        return make_design(Plan("paired", n, most, min(max_order or n, n)), rng)

    def fit_samples(
        self,
        masks: BoolArray,
        values: FloatArray,
        *,
        design: Design | None,
        max_order: int | None,
        rng: np.random.Generator,
    ) -> Fit:
        """Fit masks (m, n) and values (m, K)."""
        if len(masks) > _MOST_MASKS:
            return Spex().fit_samples(masks, values, design=design, max_order=max_order, rng=rng)
        process = with_linear_part(_process(masks, values, rng))
        likely = likely_sets(process.kernel, max_order or _DEFAULT_ORDER)
        unseen = predicted_left_out(process, values)
        surely = explained(values, unseen) + explained_error(masks, values, unseen)
        far_better = 1 - _FAR_LESS * (1 - surely)
        if max_order or _may_reach(far_better, masks, values, likely):
            folds = uniform_folds(masks, 0, rng)
            sparse = refit(masks, values, [likely] * (int(folds.max()) + 2), folds, 1, rng)
            if max_order or not np.sum(sparse.r2) <= np.sum(far_better):
                return _sparse(process, masks, values, sparse)
        return _smooth(process, masks, values, unseen)


def _process(masks: BoolArray, values: FloatArray, rng: np.random.Generator) -> GaussianProcess:
    """Fit a process whose rates vary freely, or hardly, if that one does not surely predict left-out masks.

    Rates that are learned from noise single out features that do not matter.
    """
    process = fit_gaussian_process(masks, values, rng)
    unseen = predicted_left_out(process, values)
    surely = explained(values, unseen) - 2 * explained_error(masks, values, unseen)
    if (surely > 0).any() or np.isnan(surely).any():
        return process
    return fit_gaussian_process(masks, values, rng, _NARROW)


def _smooth(process: GaussianProcess, masks: BoolArray, values: FloatArray, unseen: FloatArray) -> Fit:
    scale = calibration(process)
    source = f"{len(process.untouched)} masks, each left out with its complement"
    r2, error, source = measured(masks, values, unseen, source)
    return Fit(posterior_of(process, scale, _DEFAULT_ORDER), r2, source, "Gaussian process", error)


def _sparse(process: GaussianProcess, masks: BoolArray, values: FloatArray, found: Refit) -> Fit:
    r2, error, source = measured_refit(masks, values, found, "masks")
    method = f"sparse regression, {len(found.spectrum)} terms kept"
    function = with_deviations(found.spectrum, process, calibration(process))
    return Fit(function, r2, source, method, error)


def _may_reach(r2: FloatArray, masks: BoolArray, values: FloatArray, likely: IntArray) -> bool:
    """Return whether a regression on these sets and single features can exceed this R² (K,).

    It cannot if a least-squares fit to the samples, adjusted for its number of columns, explains less.
    """
    m, n = masks.shape
    rows = sets.combine([likely, sets.singletons(n)], n)
    columns = len(rows) + 1
    if 2 * columns > m:
        return True
    scaled, _, _ = standardised(values)
    signs = characters(pack(masks), rows, m).astype(np.float64)
    signs -= signs.mean(axis=1, keepdims=True)
    gram = signs @ signs.T
    gram[np.diag_indices_from(gram)] += _RIDGE * m
    covariance = signs @ scaled
    explained_sum = (covariance * np.linalg.solve(gram, covariance)).sum(axis=0)
    left = ((scaled**2).sum(axis=0) - explained_sum) / (m - columns)
    return not np.sum(1 - left) <= np.sum(r2)
