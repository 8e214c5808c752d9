"""The final sparse regression: given sets, all singletons and the strongest pairs, on all samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spex_plugins.core import supports as sets
from spex_plugins.core.cross_validation import Model, cross_validated_fit
from spex_plugins.core.moments import fold_moments
from spex_plugins.core.paired import pair_numbers
from spex_plugins.core.screening import strongest_pairs
from spex_plugins.core.spectrum import Spectrum
from spex_plugins.core.standardise import standardised
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Refit", "fit_sets", "refit", "refit_coded"]

_MAX_COLUMNS = 2500
_GRAM_COST = 1.5e11  # bounds columns² × samples: a few seconds on two cores
_SCREENING_COST = 4e10  # bounds features² × samples over all screenings
_MAX_PAIRS = 1000  # kept by one screening
_FOLDS, _FOLDS_CODED = 5, 3
_LEAST_TESTED = 8  # fewer uniform masks cannot choose a penalty
_ROUNDING = 1e-11  # share of the largest coefficient


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
        The fits that did not see a fold and in whose choice it took no part.
    """

    spectrum: Spectrum
    r2: FloatArray
    tested: int
    without: tuple[Spectrum, ...] = ()


def refit(
    masks: BoolArray,
    values: FloatArray,
    found: IntArray,
    n_structured: int,
    max_order: int,
    rng: np.random.Generator,
) -> Refit:
    """Fit a sparse spectrum to all samples.

    Parameters
    ----------
    masks : ndarray of bool, shape (m, n)
        The first ``n_structured`` are always trained on; the others are left out in turn.
    values : ndarray of float, shape (m, K)
    found : ndarray of int, shape (T, d)
        Sets that were found by decoding the structured masks alone.
    n_structured : int
    max_order : int
        With 1, no pairs are screened.
    rng : numpy Generator

    Returns
    -------
    Refit
    """
    m, n = masks.shape
    scaled, mean, spread = standardised(values)
    tested = m - n_structured
    if tested < _LEAST_TESTED or not spread.any():
        known = 1.0 if not spread.any() else np.nan
        constant = Spectrum.from_terms(n, np.empty((1, 0), dtype=np.int32), mean[None])
        return Refit(constant, np.full(len(mean), known), 0)
    n_folds = _FOLDS_CODED if n_structured > tested else _FOLDS
    # Complements stay together: of a function that is odd around the middle, one tells the other.
    pairs = pair_numbers(masks[n_structured:])
    fold_of_pair = rng.permutation(int(pairs.max()) + 1) % n_folds
    folds = np.concatenate([np.full(n_structured, -1), fold_of_pair[pairs]])
    return fit_sets(
        masks, values, _columns(masks, scaled, [found] * (n_folds + 1), folds, max_order, rng), folds
    )


def refit_coded(
    masks: BoolArray,
    values: FloatArray,
    found: Sequence[IntArray],
    groups: IntArray,
    max_order: int,
    rng: np.random.Generator,
) -> Refit:
    """Fit a sparse spectrum to a coded design, whose groups are left out in turn.

    Parameters
    ----------
    masks : ndarray of bool, shape (m, n)
    values : ndarray of float, shape (m, K)
    found : sequence of C + 1 ndarray of int, shape (T, d)
        The sets decoded without each of the C groups, and from all.
    groups : ndarray of int, shape (m,)
        0 … C − 1, or −1 for masks of no group, which are spread over the folds.
    max_order : int
        With 1, no pairs are screened.
    rng : numpy Generator
    """
    scaled, _, _ = standardised(values)
    folds, other = groups.copy(), groups < 0
    folds[other] = rng.permutation(int(other.sum())) % (len(found) - 1)
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
    return Refit(final, fit.r2, int((folds >= 0).sum()), tuple(without))


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
    """Return the sets that the models of the folds and the final one may use; ``found`` has those of each."""
    m, n = masks.shape
    n_folds = len(found) - 1
    bases = [sets.combine([one[sets.orders_of(one, n) > 0], sets.singletons(n)], n) for one in found]
    most_found = max(map(len, found))
    room = int(min(_MAX_COLUMNS, np.sqrt(_GRAM_COST / m))) - max(map(len, bases))
    keep = int(np.clip(room // 2, 0, _MAX_PAIRS))
    screened: list[IntArray]
    if max_order < 2 or keep == 0:
        screened = [np.empty((0, 2), dtype=np.int32)] * (n_folds + 1)
    elif n * (n + 1) // 2 + most_found <= _MAX_COLUMNS:
        screened = [sets.all_of_order(n, 2)] * (n_folds + 1)
    else:
        sample = rng.random(m) < _SCREENING_COST / (float(n) * n * m * (n_folds + 1))
        used = [(folds != k) & sample for k in [*range(n_folds), -2]]
        screened = [strongest_pairs(masks[u], values[u], keep) for u in used]
    return [sets.combine([base, pairs], n) for base, pairs in zip(bases, screened, strict=True)]
