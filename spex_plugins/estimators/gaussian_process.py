"""A Gaussian process with a product kernel, for a few hundred to a few thousand masks."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.design import Design, make_design
from spex_plugins.core.gaussian_process import fit_gaussian_process
from spex_plugins.core.kernel_spectrum import kernel_spectrum
from spex_plugins.core.plan import Plan
from spex_plugins.core.semivalues import banzhaf_nodes, semivalues, shapley_nodes
from spex_plugins.estimators.base import Fit, SingleValues
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["GaussianProcessEstimator"]

_DEFAULT_ORDER = 5
_LEAST_TESTED = 8  # fewer masks measure nothing


class GaussianProcessEstimator:
    """Gaussian process regression on masks, with one learned rate per feature.

    Shapley and Banzhaf values are read from the posterior in closed form, with their standard deviations;
    the spectrum holds its largest Fourier coefficients. Large interactions all of whose parts are weak are
    missed: the coded design of `Spex` finds those. The cost grows with the cube of the number of masks: a
    second or two for 2,000, half a minute for 8,000.
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
        n = masks.shape[1]
        process = fit_gaussian_process(masks, values, rng)
        spectrum = kernel_spectrum(process, max_order or _DEFAULT_ORDER)
        tested = process.untouched
        if len(tested) < _LEAST_TESTED:
            r2, trust, source = np.full(values.shape[1], np.nan), 1.0, "not measured"
        else:
            errors, scores = process.left_out()
            # What the spectrum leaves out of the posterior mean counts against it.
            truncated = process.predict(masks[tested]) - spectrum.predict(masks[tested])
            r2 = _r2(errors[tested] + truncated, values[tested])
            # A kernel learned from few samples is too sure of itself: its errors here say by how much.
            trust = np.sqrt((scores[tested] ** 2).mean(axis=0))
            source = f"leave-one-out on {len(tested)} masks"
        singles = {}
        for index, nodes in {"SV": shapley_nodes(n), "BV": banzhaf_nodes()}.items():
            found, deviations = semivalues(process, *nodes)
            singles[index] = SingleValues(found, trust * deviations)
        return Fit(spectrum, r2, source, f"Gaussian process, {len(spectrum)} terms kept", singles)


def _r2(errors: FloatArray, values: FloatArray) -> FloatArray:
    spread, error = values.var(axis=0), (errors**2).mean(axis=0)
    unknown = np.where(error > 0, np.nan, 1.0)
    return np.where(spread > 0, 1 - error / np.where(spread > 0, spread, 1.0), unknown)
