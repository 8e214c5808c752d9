"""The base class of cross-validated estimators, which can be stacked as they share their folds."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from spex_plugins.core.designs.design import Design
from spex_plugins.estimators.base import Estimator
from spex_plugins.estimators.common.decoded import decode
from spex_plugins.estimators.common.fit_result import Fit, FoldedFit
from spex_plugins.estimators.common.folds import assign_folds
from spex_plugins.estimators.common.held_out import measured
from spex_plugins.estimators.common.known_functions import mean_fit
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["FoldedEstimator"]

_GROUPS_LEARNED = 1  # groups of a coded design from which a kernel is learned


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
