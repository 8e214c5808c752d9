"""A Gaussian process with a product kernel, for a few hundred to a few thousand masks."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.design import Design, make_design
from spex_plugins.core.gaussian_process import GaussianProcess, fit_gaussian_process
from spex_plugins.core.likely_sets import likely_sets
from spex_plugins.core.plan import Plan
from spex_plugins.core.refit import refit
from spex_plugins.core.semivalues import banzhaf_nodes, semivalues, shapley_nodes
from spex_plugins.estimators.base import Fit, SingleValues
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["GaussianProcessEstimator"]

_DEFAULT_ORDER = 4
_LEAST_TESTED = 8  # fewer masks measure nothing
_ONE_THREAD = 3000  # masks


class GaussianProcessEstimator:
    """Gaussian process regression on masks, with one learned rate per feature.

    Shapley and Banzhaf values are read from the posterior in closed form, with their standard deviations.
    The spectrum is a sparse regression on the sets that the rates make likely. Large interactions all of
    whose parts are weak are missed: the coded design of `Spex` finds those. The cost grows with the cube of
    the number of masks: a second or two for 2,000, half a minute for 8,000.
    """

    name = "gaussian_process"

    def design(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        """Choose complementary masks of all sizes, or all masks where the budget allows it."""
        order = min(max_order or _DEFAULT_ORDER, n)
        budget = min(budget, 2**n)
        return make_design(Plan("full" if n < 63 and budget == 2**n else "paired", n, budget, order), rng)

    def fit(
        self,
        masks: BoolArray,
        values: FloatArray,
        *,
        design: Design | None,
        max_order: int | None,
        rng: np.random.Generator,
    ) -> Fit:
        """Fit masks (m, n) and values (m, K)."""
        from threadpoolctl import threadpool_limits

        # Where the processor is busy, threads wait for each other longer than they work on small matrices.
        with threadpool_limits(1 if len(masks) <= _ONE_THREAD else None, "blas"):
            return _fit(masks, values, max_order or _DEFAULT_ORDER, rng)


def _fit(masks: BoolArray, values: FloatArray, max_order: int, rng: np.random.Generator) -> Fit:
    n = masks.shape[1]
    process = fit_gaussian_process(masks, values, rng)
    # The posterior mean has no sparse spectrum: a few hundred of its own coefficients miss most of it where
    # few or nearly all features are kept. A sparse regression on the likely sets is the better summary.
    result = refit(masks, values, likely_sets(process.kernel, max_order), 0, 1, rng)
    trust = _trust(process)
    singles = {}
    for index, nodes in {"SV": shapley_nodes(n), "BV": banzhaf_nodes()}.items():
        found, deviations = semivalues(process, *nodes)
        singles[index] = SingleValues(found, trust * deviations)
    source = f"cross-validated on {result.tested} masks" if result.tested else "not measured"
    return Fit(
        result.spectrum, result.r2, source, f"Gaussian process, {len(result.spectrum)} terms kept", singles
    )


def _trust(process: GaussianProcess) -> FloatArray:
    """Return what the deviations must be multiplied by, (K,): what left-out errors are in deviations.

    A kernel learned from few samples is too sure of itself.
    """
    if len(process.untouched) < _LEAST_TESTED:
        return np.ones(process.weights.shape[1])
    scores = process.left_out()[1][process.untouched]
    return np.sqrt((scores**2).mean(axis=0))
