"""The stack with R² of folds of masks, each predicted by kernels that are learned without it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spex_plugins.estimators.common.fit_result import Fit
from spex_plugins.estimators.common.folds import assign_folds
from spex_plugins.estimators.common.held_out import measured
from spex_plugins.estimators.kernel_stack.stack_fit import fit_stack
from spex_plugins.types import BoolArray, FloatArray
from spex_plugins.wording import counted

__all__ = ["cross_validated_stack"]

_INDEX = "BV"  # whose masks are uniform, as those that are left out


def cross_validated_stack(
    masks: BoolArray, values: FloatArray, n_structured: int, rng: np.random.Generator
) -> Fit:
    """Fit masks (m, n) and values (m, K), and measure R² by fits without each fold.

    Errors of masks that are left out of a process, whose rates are learned from them all the same, are too
    small where there are few masks per feature: with 400 masks of 24 features by a quarter. The first
    ``n_structured`` masks are in all training sets. Where too few others remain, R² is that of left-out
    masks.
    """
    fit = fit_stack(masks, values, _INDEX, None, rng)
    folds = assign_folds(masks, n_structured, rng)
    predicted = np.full(values.shape, np.nan)
    for part in range(int(folds.max()) + 1):
        left = folds == part
        without = fit_stack(masks[~left], values[~left], _INDEX, None, rng)
        predicted[left] = without.function.predict(masks[left])
    source = f"cross-validated on {counted(int((folds >= 0).sum()), 'uniform mask')}"
    r2, error, source = measured(masks, values, predicted, source)
    if not np.isfinite(r2).any():
        return fit
    return replace(fit, r2=r2, r2_error=error, r2_source=source)
