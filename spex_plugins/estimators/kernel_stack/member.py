"""A member of the stack beside the Gaussian process, and the folds that test it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spex_plugins.core.basis.conjunctions import Conjunctions
from spex_plugins.core.basis.masks import pair_numbers
from spex_plugins.core.logistic.wave_sum import WaveSum
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["N_FOLDS", "Member", "Samples", "out_of_fold", "pair_folds"]

N_FOLDS = 5


@dataclass(frozen=True, eq=False)
class Samples:
    """What members learn from, and are tested on.

    Attributes
    ----------
    masks : ndarray of bool, shape (m, n)
    values : ndarray of float64, shape (m, K)
    used : ndarray of bool, shape (m,)
        Masks to learn from, nearly all.
    folds : ndarray of int, shape (m,)
        Of `pair_folds`.
    weights : ndarray of float64, shape (m,)
        Weight of the error at each mask.
    """

    masks: BoolArray
    values: FloatArray
    used: BoolArray
    folds: IntArray
    weights: FloatArray

    def without(self, fold: int) -> BoolArray:
        """Return the masks to learn from without a fold, (m,)."""
        return self.used & (self.folds != fold)


@dataclass(frozen=True, eq=False)
class Member:
    """A function of K outputs, fitted to all samples and to those of every fold's others.

    Attributes
    ----------
    name : str
    beneath : bool
        Whether a process explains what the function leaves, and is added to it; else they are mixed. Trees
        leave nothing of the samples that they have learned from.
    function : Conjunctions or WaveSum
        Of all samples.
    without_fold : tuple of WaveSum
        Those without each fold, if the member is beneath.
    fitted : ndarray of float64, shape (m, K)
        Its values at the samples.
    of_folds : ndarray of float64, shape (F, m, K)
        Values at the samples of the functions that are fitted without each fold.
    folds : ndarray of int, shape (m,)
        The fold of every sample; −1 for the empty and the full mask.
    """

    name: str
    beneath: bool
    function: Conjunctions | WaveSum
    without_fold: tuple[WaveSum, ...]
    fitted: FloatArray
    of_folds: FloatArray
    folds: IntArray


def out_of_fold(of_folds: FloatArray, folds: IntArray) -> FloatArray:
    """Return every sample's value without its fold, of values (F, m, …); NaN for samples in no fold."""
    found: FloatArray = of_folds[np.maximum(folds, 0), np.arange(len(folds))]
    found[folds < 0] = np.nan
    return found


def pair_folds(masks: BoolArray, rng: np.random.Generator) -> IntArray:
    """Return a fold for every mask (m, n), the same for complements, all sizes spread evenly over them.

    The empty and the full mask have none, −1: they are always known.
    """
    kept, n = masks.sum(axis=1), masks.shape[1]
    numbers = pair_numbers(masks)
    first = np.unique(numbers, return_index=True)[1]
    inner = first[(kept[first] > 0) & (kept[first] < n)]
    order = inner[np.lexsort([rng.random(len(inner)), np.minimum(kept, n - kept)[inner]])]
    folds = np.full(int(numbers.max()) + 1, -1)
    folds[numbers[order]] = np.arange(len(order)) % N_FOLDS
    return folds[numbers]
