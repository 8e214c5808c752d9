"""What the end points, which were not fitted, and left-out samples tell of errors at masks of other sizes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spex_plugins.core.gaussian_process.error_growth import ErrorGrowth
from spex_plugins.estimators.kernel_stack.mixed_part import MixedPart
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["error_growth"]


def error_growth(
    masks: BoolArray, residuals: FloatArray, parts: Sequence[MixedPart], weights: FloatArray
) -> ErrorGrowth:
    """Learn how errors grow towards masks of few and of nearly all features.

    Parameters
    ----------
    masks : ndarray of bool, shape (m, n)
    residuals : ndarray of float64, shape (m, K)
        Of the parts, at the end points as well if these are among the masks.
    parts : sequence of MixedPart
        Fitted to the other masks.
    weights : ndarray of float64, shape (m,)
        By which the errors at the masks calibrate the deviations of the parts.

    Returns
    -------
    ErrorGrowth
    """
    n, kept = masks.shape[1], masks.sum(axis=1)
    empty, full = residuals[kept == 0], residuals[kept == n]
    sizes, squares = [], []
    for part in parts:
        unit = np.where(part.scale > 0, part.scale, np.inf)
        errors, expected = part.left_out, part.process.left_out[1] / part.process.spread
        sizes.append(kept[part.frame.rows])
        squares.append(((errors / (expected * unit)) ** 2).mean(axis=1))
        if len(empty) and len(full):
            errors = part.frame.of_pairs(empty, full)
            expected = np.sqrt(part.process.variances(np.zeros((1, n), dtype=bool)))
            sizes.append(np.zeros(len(errors), dtype=np.intp))
            squares.append(((errors / (expected * unit)) ** 2).mean(axis=1))
    counts = np.bincount(kept, minlength=n + 1)
    calibrated = np.bincount(kept, weights, n + 1).astype(np.float64)
    return ErrorGrowth.learned(np.concatenate(sizes), np.concatenate(squares), counts, calibrated)
