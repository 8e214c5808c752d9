"""Stacking of several estimators on the same samples, weighted by their out-of-fold predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.fitted_function import FittedFunction, SpectrumWithDeviations
from spex_plugins.core.basis.masks import pair_numbers
from spex_plugins.core.basis.scaling import standardised
from spex_plugins.core.basis.single_values import Semivalues
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.designs.design import Design
from spex_plugins.errors import InputError
from spex_plugins.estimators.common.fit_result import FoldedFit
from spex_plugins.estimators.common.held_out import explained
from spex_plugins.estimators.common.uniform_design import faithful_design, faithful_sequence
from spex_plugins.estimators.folded_estimator import FoldedEstimator
from spex_plugins.estimators.gaussian_processes.gaussian_process import GaussianProcessEstimator
from spex_plugins.estimators.sparse.sparse_regression import SparseRegression
from spex_plugins.estimators.trees.boosted_residual import BoostedResidual
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Stacking", "combined"]

_ROUNDING = 1e-10  # share of the variance attributed to rounding
_LEAST_VARIANCE = 1e-4  # share of that of the values, below which a prediction counts as a constant


class Stacking(FoldedEstimator):  # numpydoc ignore=RS01
    """Combination of estimators with non-negative weights (Breiman 1996, Stacked regressions).

    The weights minimise the squared error of the out-of-fold predictions. The result is a spectrum, as each
    estimator gives one. R² is nested: a fold is predicted with the weights of the other folds. An estimator
    that predicts all samples exactly is used alone, and those after it are not fitted. The first estimator is
    used alone if it predicts clearly better than the combination, so that a sparse function has few terms.

    Parameters
    ----------
    members : sequence of FoldedEstimator, optional
        The estimators to combine. By default `SparseRegression`, `GaussianProcessEstimator` and
        `BoostedResidual`, which requires the extra ``trees``.
    """

    name = "stacking"
    decodes = True
    about = (
        "several estimators, stacked, on nearly orthogonal and uniform masks or a coded design; "
        "R² is cross-validated on uniform masks, or on groups of the coded ones"
    )

    def __init__(self, members: Sequence[FoldedEstimator] | None = None) -> None:
        default = (SparseRegression(), GaussianProcessEstimator(), BoostedResidual())
        chosen = default if members is None else members
        folded = isinstance(chosen, Sequence) and all(hasattr(one, "fit_folds") for one in chosen)
        if not folded or not chosen:
            raise InputError(f"members: must be one or more FoldedEstimator in a list, got {chosen!r:.80}.")
        self.members: tuple[FoldedEstimator, ...] = tuple(chosen)

    def draw(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        """Choose the masks, see `faithful_design`."""
        return faithful_design(n, budget, max_order, rng)

    def sequence(
        self, n: int, first: int, most: int, max_order: int | None, rng: np.random.Generator
    ) -> Design:
        """Choose the masks of a run in rounds, see `faithful_sequence`."""
        return faithful_sequence(n, first, most, max_order, rng)

    def fit_folds(
        self,
        masks: BoolArray,
        values: FloatArray,
        folds: IntArray,
        *,
        found: Sequence[IntArray],
        max_order: int | None,
        rng: np.random.Generator,
    ) -> FoldedFit:
        """Fit with given folds, see `FoldedEstimator`."""
        fits = []
        for member in self.members:
            fit = member.fit_folds(masks, values, folds, found=found, max_order=max_order, rng=rng)
            if (explained(values, fit.out_of_fold) > 1 - _ROUNDING).all():
                return fit  # others could only add rounding errors
            fits.append(fit)
        predicted = np.stack([fit.out_of_fold for fit in fits])  # (M, m, K)
        out_of_fold = np.full(values.shape, np.nan)
        for part in range(int(folds.max()) + 1):
            rest, left = (folds >= 0) & (folds != part), folds == part
            shares, constant = _weights(predicted[:, rest], values[rest])
            out_of_fold[left] = constant + np.einsum("jk,jmk->mk", shares, predicted[:, left])
        tested = folds >= 0
        if _clearly_better(fits[0].out_of_fold[tested], out_of_fold[tested], values[tested], masks[tested]):
            return replace(fits[0], function=_with_deviations(fits, masks, values))
        shares, constant = _weights(predicted[:, tested], values[tested])
        parts = "; ".join(
            f"{share.mean():.0%} {fit.method}" for share, fit in zip(shares, fits, strict=True) if share.any()
        )
        return FoldedFit(combined(fits, shares, constant), out_of_fold, parts or "the mean")


def _with_deviations(fits: Sequence[FoldedFit], masks: BoolArray, values: FloatArray) -> FittedFunction:
    """Return the first function with the deviations of the first that has them, which predicts less well."""
    spectrum = fits[0].function.spectrum
    found = next((fit.function for fit in fits if isinstance(fit.function, SpectrumWithDeviations)), None)
    if found is None:
        return fits[0].function
    known = found.semivalues
    shapley, banzhaf = (
        replace(other, values=spectrum.single_values(index).values)
        for index, other in (("SV", known.shapley), ("BV", known.banzhaf))
    )
    return replace(found, spectrum=spectrum, semivalues=Semivalues(shapley.adding_up(masks, values), banzhaf))


def _clearly_better(one: FloatArray, other: FloatArray, values: FloatArray, masks: BoolArray) -> bool:
    """Return whether predictions (m, K) are better than others by more than the error of the difference."""
    spread = standardised(values)[2]
    scale = np.where(spread > 0, spread, 1.0)
    gain = (((values - other) ** 2 - (values - one) ** 2) / scale**2).sum(axis=1)
    pairs = np.bincount(pair_numbers(masks), gain)  # complements are not independent
    return bool(pairs.sum() > np.sqrt((pairs**2).sum()))


def _weights(predicted: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return least-squares weights (M, K) and constants (K,) of the predictions (M, m, K).

    The weight of a prediction that hardly varies is 0; it would be arbitrarily large otherwise.
    """
    from scipy.optimize import nnls

    mean, centre = predicted.mean(axis=1), values.mean(axis=0)
    off, target = predicted - mean[:, None], values - centre
    off = np.where((off**2).mean(axis=1, keepdims=True) > _LEAST_VARIANCE * (target**2).mean(axis=0), off, 0)
    shares = np.stack([nnls(off[..., k].T, target[:, k])[0] for k in range(values.shape[1])], axis=1)
    return shares, centre - (shares * mean).sum(axis=0)


def combined(fits: Sequence[FoldedFit], shares: FloatArray, constant: FloatArray) -> FittedFunction:
    """Return the weighted sum of the spectra, with the deviations of the first member that has them."""
    spectra = [fit.function.spectrum for fit in fits]
    n = spectra[0].n
    rows = [one.supports for one in spectra] + [np.empty((1, 0), dtype=np.int32)]
    parts = [one.coefficients * share for one, share in zip(spectra, shares, strict=True)]
    spectrum = Spectrum.from_terms(n, sets.combine(rows, n), np.concatenate([*parts, constant[None]]))
    for fit in fits:
        if isinstance(fit.function, SpectrumWithDeviations):
            return replace(fit.function, spectrum=spectrum)
    return spectrum
