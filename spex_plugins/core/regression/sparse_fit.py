"""The final sparse regression: given sets, all singletons and the strongest pairs, on all samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.masks import pair_numbers
from spex_plugins.core.basis.scaling import standardised
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.regression.cross_validation import Model, cross_validated_fit
from spex_plugins.core.regression.moments import fold_moments
from spex_plugins.core.regression.screening import strongest_pairs
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Refit", "fit_sets", "refit", "uniform_folds"]

_MAX_COLUMNS = 2500
_GRAM_COST = 1.5e11  # bound of columns² × samples: a few seconds on two cores
_SCREENING_COST = 4e10  # bound of features² × samples over all screenings
_MAX_PAIRS = 1000  # kept by one screening
_FOLDS, _FOLDS_CODED = 5, 3
_LEAST_TESTED = 8  # fewer uniform masks cannot choose a penalty
_ROUNDING = 1e-11  # relative to the largest coefficient


@dataclass(frozen=True, eq=False)
class Refit:
    """A spectrum with K outputs.

    Attributes
    ----------
    spectrum : Spectrum
    r2 : ndarray of float64, shape (K,)
        Cross-validated.
    tested : int
        Samples that were left out in turn.
    without : tuple of F Spectrum
        Fits and choices without each fold.
    folds : ndarray of int, shape (m,)
        The fold of every sample; −1 for samples that are always trained on.
    """

    spectrum: Spectrum
    r2: FloatArray
    tested: int
    without: tuple[Spectrum, ...]
    folds: IntArray


def uniform_folds(masks: BoolArray, n_structured: int, rng: np.random.Generator) -> IntArray:
    """Return folds (m,) of the masks (m, n) after the first ``n_structured``; −1 for these.

    All are −1 if the others are too few to choose a penalty.
    """
    tested = len(masks) - n_structured
    if tested < _LEAST_TESTED:
        return np.full(len(masks), -1)
    n_folds = _FOLDS_CODED if n_structured > tested else _FOLDS
    # Complements stay together: for an odd function, one determines the other.
    pairs = pair_numbers(masks[n_structured:])
    fold_of_pair = rng.permutation(int(pairs.max()) + 1) % n_folds
    return np.concatenate([np.full(n_structured, -1), fold_of_pair[pairs]])


def refit(
    masks: BoolArray,
    values: FloatArray,
    found: Sequence[IntArray],
    folds: IntArray,
    max_order: int,
    rng: np.random.Generator,
) -> Refit:
    """Fit a sparse spectrum to all samples.

    Parameters
    ----------
    masks : ndarray of bool, shape (m, n)
    values : ndarray of float, shape (m, K)
    found : sequence of F + 1 ndarray of int, each of shape (T, d)
        The sets that were found without each fold, and those found in all samples.
    folds : ndarray of int, shape (m,)
        0 … F − 1; −1 for samples that are always trained on.
    max_order : int
        With 1, no pairs are screened.
    rng : numpy Generator

    Returns
    -------
    Refit
    """
    m, n = masks.shape
    scaled, mean, spread = standardised(values)
    if (folds < 0).all() or not spread.any():
        known = 1.0 if not spread.any() else np.nan
        constant = Spectrum.from_terms(n, np.empty((1, 0), dtype=np.int32), mean[None])
        return Refit(constant, np.full(len(mean), known), 0, (), np.full(m, -1))
    return fit_sets(masks, values, _columns(masks, scaled, found, folds, max_order, rng), folds)


def fit_sets(masks: BoolArray, values: FloatArray, parts: Sequence[IntArray], folds: IntArray) -> Refit:
    """Fit sets that were chosen without each fold.

    Parameters
    ----------
    masks : ndarray of bool, shape (m, n)
    values : ndarray of float, shape (m, K)
    parts : sequence of F + 1 ndarray of int
        The sets that the model without fold f may use, and those of the model of all samples.
    folds : ndarray of int, shape (m,)
        0 … F − 1; −1 for samples that are always trained on.
    """
    n, n_folds = masks.shape[1], len(parts) - 1
    scaled, mean, spread = standardised(values)
    member = np.repeat(np.eye(len(parts)), [len(part) for part in parts], axis=0)
    supports, counts = sets.merge(sets.combine(parts, n), member, n)
    moments = fold_moments(masks, scaled, supports, folds + 1, n_folds + 1)
    orders = np.maximum(sets.orders_of(supports, n), 1).astype(np.float64)
    weights = [np.where(allowed > 0, orders, np.inf) for allowed in counts.T]
    fit = cross_validated_fit(sum(moments[1:], start=moments[0]), moments[1:], weights[:-1], weights[-1])
    fits = [*fit.without, Model(fit.columns, fit.beta, fit.intercept)]
    *without, final = (_spectrum(one, supports, n, mean, spread) for one in fits)
    return Refit(final, fit.r2, int((folds >= 0).sum()), tuple(without), folds)


def _spectrum(fit: Model, supports: IntArray, n: int, mean: FloatArray, spread: FloatArray) -> Spectrum:
    constant_row = np.full((1, supports.shape[1]), n, dtype=np.int32)
    coefficients = np.concatenate([(fit.intercept * spread + mean)[None], fit.beta * spread])
    present = np.abs(coefficients) > _ROUNDING * np.abs(coefficients).max(axis=0)
    rows = np.concatenate([constant_row, supports[fit.columns]])
    keep = present.any(axis=1)
    return Spectrum.from_terms(n, rows[keep], coefficients[keep])


def _columns(
    masks: BoolArray,
    values: FloatArray,
    found: Sequence[IntArray],
    folds: IntArray,
    max_order: int,
    rng: np.random.Generator,
) -> list[IntArray]:
    """Return the sets that the models of the folds and the final one may use."""
    m, n = masks.shape
    parts = len(found)
    base = [sets.combine([one[sets.orders_of(one, n) > 0], sets.singletons(n)], n) for one in found]
    most = max(len(one) for one in base)
    room = int(min(_MAX_COLUMNS, np.sqrt(_GRAM_COST / m))) - most
    keep = int(np.clip(room // 2, 0, _MAX_PAIRS))
    screened: list[IntArray]
    if max_order < 2 or keep == 0:
        screened = [np.empty((0, 2), dtype=np.int32)] * parts
    elif n * (n + 1) // 2 + most - n <= _MAX_COLUMNS:
        screened = [sets.all_of_order(n, 2)] * parts
    else:
        sample = rng.random(m) < _SCREENING_COST / (float(n) * n * m * parts)
        used = [(folds != k) & sample for k in [*range(parts - 1), -2]]
        screened = [strongest_pairs(masks[u], values[u], keep) for u in used]
    return [sets.combine(pair, n) for pair in zip(base, screened, strict=True)]
