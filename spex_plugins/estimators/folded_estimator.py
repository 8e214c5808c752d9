"""The base class of estimators that test themselves on folds, and may be combined with others on them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from spex_plugins.core.basis.masks import pair_numbers
from spex_plugins.core.designs.design import Design
from spex_plugins.estimators.base import Estimator
from spex_plugins.estimators.decoded import decode
from spex_plugins.estimators.fit_result import Fit, FoldedFit
from spex_plugins.estimators.held_out import measured
from spex_plugins.estimators.known_functions import mean_fit
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["FoldedEstimator", "assign_folds"]

_N_FOLDS = 5
_MANY, _FOLDS_OF_MANY = 4000, 2  # samples of which two folds tell enough, and the cost counts
_LEARNED, _SHARE_LEARNED = 400, 0.5
_GROUPS_LEARNED = 1  # groups of a coded design from which a kernel is learned
_LEAST_TESTED = 8  # fewer samples cannot choose anything


class FoldedEstimator(Estimator):
    """An estimator that predicts every fold of the samples without it; a subclass fits with given folds."""

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
        """Fit with given folds.

        Parameters
        ----------
        masks : ndarray of bool, shape (m, n)
        values : ndarray of float64, shape (m, K)
        folds : ndarray of int, shape (m,)
            0 … F − 1, or −1 to be always trained on.
        found : sequence of F + 1 ndarray of int, each of shape (T, d)
            Sets that were decoded without each fold, and from all samples.
        max_order : int, optional
        rng : numpy Generator

        Returns
        -------
        FoldedFit
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
        """Decode what a coded design shows, and fit with folds; the mean where samples are too few for it."""
        unstructured = assign_folds(masks, design.n_structured if design else 0, rng)
        folds, decoded, kind = known = decode(masks, values, design, unstructured, _GROUPS_LEARNED)
        if (folds < 0).all():
            return mean_fit(masks.shape[1], values)
        found = self.fit_folds(masks, values, folds, found=decoded, max_order=max_order, rng=rng)
        source = f"cross-validated on {(folds >= 0).sum()} {kind}"
        method = f"{known.method}, {found.method}" if design and design.coded else found.method
        r2, error, source = measured(masks, values, found.out_of_fold, source)
        return Fit(found.function, r2, source, method, error)


def assign_folds(masks: BoolArray, n_structured: int, rng: np.random.Generator) -> IntArray:
    """Return the fold of every sample, (m,), complements together; −1 for those always trained on.

    These are the first ``n_structured`` ones and as many others as it takes to learn a kernel from samples
    that measure nothing: up to 400, and at most half of all. All are −1 where the others are too few.
    """
    m = len(masks)
    if m - n_structured < _LEAST_TESTED:
        return np.full(m, -1)
    pairs = pair_numbers(masks[n_structured:])
    count = int(pairs.max()) + 1
    missing = max(min(_LEARNED, int(_SHARE_LEARNED * m)) - n_structured, 0) / (m - n_structured)
    n_folds = _N_FOLDS if m <= _MANY else _FOLDS_OF_MANY
    fold_of_pair = np.arange(count) % n_folds
    fold_of_pair[: round(missing * count)] = -1
    return np.concatenate([np.full(n_structured, -1), rng.permutation(fold_of_pair)[pairs]])
