"""The base class of cross-validated estimators, which can be stacked as they share their folds."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from spex_plugins.core.basis.masks import pair_numbers
from spex_plugins.core.designs.design import Design
from spex_plugins.estimators.base import Estimator
from spex_plugins.estimators.common.decoded import decode
from spex_plugins.estimators.common.fit_result import Fit, FoldedFit
from spex_plugins.estimators.common.held_out import measured
from spex_plugins.estimators.common.known_functions import mean_fit
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["LEAST_TESTED", "FoldedEstimator", "assign_folds"]

_N_FOLDS = 5
_MANY, _FOLDS_OF_MANY = 4000, 2  # with more samples, two folds suffice and save time
_LEARNED, _SHARE_LEARNED = 400, 0.5
_GROUPS_LEARNED = 1  # groups of a coded design from which a kernel is learned
LEAST_TESTED = 8  # with fewer samples nothing can be selected


class FoldedEstimator(Estimator):
    """Base class of cross-validated estimators; a subclass implements the fit with given folds."""

    @abstractmethod
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
        """Fit a function to all samples, and one without each fold.

        Parameters
        ----------
        masks : ndarray of bool, shape (m, n)
            Distinct masks; True for a feature that is kept.
        values : ndarray of float64, shape (m, K)
            Values of the K outputs.
        folds : ndarray of int, shape (m,)
            Number of the fold of each sample, 0 … F − 1, or −1 for samples that are in all training sets.
        found : sequence of F + 1 ndarray of int, each of shape (T, d)
            Sets that were decoded without each fold, and, last, from all samples.
        max_order : int or None
            Largest number of features in a term; None for the default of the estimator.
        rng : numpy.random.Generator
            Source of random numbers; the same state gives the same fit.

        Returns
        -------
        FoldedFit
            The function fitted to all samples, and the out-of-fold predictions.

        Raises
        ------
        MissingExtraError
            If the estimator needs a package that is not installed.
        """

    def fit_samples(
        self,
        masks: BoolArray,
        values: FloatArray,
        *,
        design: Design | None,
        max_order: int | None,
        rng: np.random.Generator,
    ) -> Fit:
        """Decode the sets of a coded design, and fit with folds; return the mean if samples are too few."""
        unstructured = assign_folds(masks, design.n_structured if design else 0, rng)
        folds, decoded, kind = known = decode(masks, values, design, unstructured, _GROUPS_LEARNED)
        if (folds < 0).all():
            return mean_fit(masks.shape[1], values)
        found = self.fit_folds(masks, values, folds, found=decoded, max_order=max_order, rng=rng)
        source = f"cross-validated on {(folds >= 0).sum():,} {kind}"
        method = f"{known.method}, {found.method}" if design and design.coded else found.method
        r2, error, source = measured(masks, values, found.out_of_fold, source)
        return Fit(found.function, r2, source, method, error)


def assign_folds(masks: BoolArray, n_structured: int, rng: np.random.Generator) -> IntArray:
    """Return the fold of every sample, (m,), the same for complements; −1 for samples in all training sets.

    These are the first ``n_structured`` samples and as many others as a kernel needs that is learned from
    samples without a fold: up to 400, and at most half of all. All are −1 if too few samples remain.
    """
    m = len(masks)
    if m - n_structured < LEAST_TESTED:
        return np.full(m, -1)
    pairs = pair_numbers(masks[n_structured:])
    count = int(pairs.max()) + 1
    missing = max(min(_LEARNED, int(_SHARE_LEARNED * m)) - n_structured, 0) / (m - n_structured)
    n_folds = _N_FOLDS if m <= _MANY else _FOLDS_OF_MANY
    fold_of_pair = np.arange(count) % n_folds
    fold_of_pair[: round(missing * count)] = -1
    return np.concatenate([np.full(n_structured, -1), rng.permutation(fold_of_pair)[pairs]])
