"""A sparse spectrum of the orders that were asked for, beside a stack."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.fitted_function import SpectrumWithDeviations
from spex_plugins.core.basis.single_values import Semivalues
from spex_plugins.core.fitted.stacked import StackedFunction
from spex_plugins.core.gaussian_process.candidate_sets import likely_sets
from spex_plugins.core.regression.sparse_fit import Refit, refit, uniform_folds
from spex_plugins.estimators.common.fit_result import Fit
from spex_plugins.estimators.common.held_out import measured_refit
from spex_plugins.estimators.kernel_stack.mixed_part import Process
from spex_plugins.types import BoolArray, FloatArray, IntArray
from spex_plugins.wording import counted

__all__ = ["fit_of_order"]


def fit_of_order(
    masks: BoolArray,
    values: FloatArray,
    stack: StackedFunction,
    processes: Sequence[Process],
    max_order: int,
    rng: np.random.Generator,
) -> Fit:
    """Return a sparse regression of values (m, K) with terms of up to ``max_order`` features.

    Single values and deviations are those of the stack.
    """
    found = _regression(masks, values, _likely(processes, masks.shape[1], max_order), rng)
    single = Semivalues(*(stack.single_values(index) for index in ("SV", "BV")))
    function = SpectrumWithDeviations(found.spectrum, single, stack)
    return _fit(masks, values, function, found, "sparse regression")


def _fit(
    masks: BoolArray,
    values: FloatArray,
    function: StackedFunction | SpectrumWithDeviations,
    found: Refit,
    method: str,
) -> Fit:
    r2, error, source = measured_refit(masks, values, found, "masks")
    return Fit(function, r2, source, f"{method}: {counted(len(found.spectrum), 'term')} kept", error)


def _regression(masks: BoolArray, values: FloatArray, likely: IntArray, rng: np.random.Generator) -> Refit:
    folds = uniform_folds(masks, 0, rng)
    return refit(masks, values, [likely] * (int(folds.max()) + 2), folds, 1, rng)


def _likely(processes: Sequence[Process], n: int, max_order: int) -> IntArray:
    """Return sets (T, d) of several features that the kernels make likely, the most likely ones first."""
    rows: list[IntArray] = [np.empty((0, 0), dtype=np.int32)]
    variances: list[FloatArray] = [np.empty(0)]
    for process in processes:
        kernel = process.smooth
        found = likely_sets(kernel, max_order)
        if process.sign:
            found = found[sets.orders_of(found, n) % 2 == (process.sign < 0)]
        rows.append(found)
        variances.append(kernel.prior_variances(found) * float((process.spread**2).sum()))
    return sets.combine(rows, n)[np.argsort(-np.concatenate(variances), kind="stable")]
