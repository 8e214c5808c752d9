"""The mean of several estimators on the same samples: for values whose noise would make weights random."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spex_plugins.estimators.common.fit_result import FoldedFit
from spex_plugins.estimators.ensembles.stacking import Stacking, combined
from spex_plugins.estimators.folded_estimator import FoldedEstimator
from spex_plugins.estimators.sparse.sparse_regression import SparseRegression
from spex_plugins.estimators.trees.proxyspex import ProxySpex
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Averaging"]


class Averaging(Stacking):
    """Mean of estimators with equal weights, which noise cannot mislead as it does those of `Stacking`.

    Parameters
    ----------
    members : sequence of FoldedEstimator, optional
        The estimators. By default `SparseRegression` and `ProxySpex`, which requires the extra ``trees``.
    """  # numpydoc ignore=RS01

    name = "averaging"
    about = (
        "the mean of several estimators on nearly orthogonal and uniform masks or a coded design; "
        "R² is cross-validated on uniform masks, or on groups of the coded ones"
    )

    def __init__(self, members: Sequence[FoldedEstimator] | None = None) -> None:
        super().__init__((SparseRegression(), ProxySpex()) if members is None else members)

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
        fits = [
            member.fit_folds(masks, values, folds, found=found, max_order=max_order, rng=rng)
            for member in self.members
        ]
        outputs = values.shape[1]
        shares = np.full((len(fits), outputs), 1 / len(fits))
        unseen = np.mean([fit.out_of_fold for fit in fits], axis=0)
        method = "the mean of " + " and ".join(fit.method for fit in fits)
        return FoldedFit(combined(fits, shares, np.zeros(outputs)), unseen, method)
