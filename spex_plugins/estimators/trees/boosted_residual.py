"""The sum of a linear fit and boosted trees on its residual, as one spectrum.

The first fit is linear because the residual of a sparse fit with pairs on its own training samples is too
small for the trees to learn from: on real models the combination was less accurate than either alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spex_plugins.core.basis.scaling import Scaling, standardised
from spex_plugins.core.designs.design import Design
from spex_plugins.core.regression.proxy_refit import proxy_refit
from spex_plugins.estimators.common.boosting import require_lightgbm
from spex_plugins.estimators.common.fit_result import FoldedFit
from spex_plugins.estimators.common.uniform_design import uniform_design
from spex_plugins.estimators.folded_estimator import FoldedEstimator
from spex_plugins.estimators.sparse.sparse_regression import sparse_fit
from spex_plugins.estimators.trees.proxyspex import boosted_spectra
from spex_plugins.types import BoolArray, FloatArray, IntArray
from spex_plugins.wording import counted

__all__ = ["BoostedResidual"]

_DEFAULT_ORDER = 8


class BoostedResidual(FoldedEstimator):
    """Sparse regression on single features, plus boosted trees on its residual.

    Trees use most of their splits for single features, for which a linear fit is more accurate; here they
    are trained on the residual. The sum of both spectra is refitted as in `ProxySpex`. Requires the extra
    ``trees``.
    """

    name = "boosted_residual"
    about = (
        "a linear fit and boosted trees on its residual, on uniform masks; "
        "R² is cross-validated on uniform masks"
    )

    def draw(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        """Draw uniform masks."""
        require_lightgbm()
        return uniform_design(n, budget, max_order or _DEFAULT_ORDER, rng)

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
        """Fit with given folds, see `FoldedEstimator`; trees do not use ``found``."""
        scaled, mean, spread = standardised(values)
        order = max_order or _DEFAULT_ORDER
        linear = sparse_fit(masks, scaled, folds, 1, rng)
        bases = [*linear.without, linear.spectrum]
        # For fold f, the residual is out-of-fold; for the other samples, it is that of their training.
        residuals = [scaled - base.predict(masks) for base in bases]
        trees, setting = boosted_spectra(masks, residuals, folds, order)
        proxies = [base + part for base, part in zip(bases, trees, strict=True)]
        result = proxy_refit(masks, scaled, proxies, folds)
        method = f"linear fit and {setting}; {result.kind}, {counted(len(result.spectrum), 'term')} kept"
        spectrum = result.spectrum.rescaled(Scaling(mean, spread))
        return FoldedFit(spectrum, result.out_of_fold * spread + mean, method)
