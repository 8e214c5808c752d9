"""Values that are equal up to rounding: how they are ordered must not depend on the last digits of a fit."""

from __future__ import annotations

import numpy as np

from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["levels", "not_zero"]

_ROUNDING = 1e-6  # of the largest magnitude; regressions of single precision and their solvers err by less


def levels(values: FloatArray) -> IntArray:
    """Return the ranks of values (n,), from 0 for the lowest; those that are equal up to rounding share one.

    Neighbours in the sorted order share a rank where they differ by a millionth of the largest magnitude or
    less.
    """
    order = np.argsort(values, kind="stable")
    steps = np.diff(values[order], prepend=values[order[:1]]) > _ROUNDING * np.abs(values).max(initial=0.0)
    found = np.empty(len(values), dtype=np.intp)
    found[order] = np.cumsum(steps)
    return found


def not_zero(values: FloatArray) -> BoolArray:
    """Return which values (n,) are more than rounding."""
    return np.abs(values) > _ROUNDING * np.abs(values).max(initial=0.0)
