"""Order of evaluation: within windows of masks, those with the most work come first."""

from __future__ import annotations

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.queries.calls.function_call import ValueFunction
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["longest_first", "work_of"]

_WINDOW, _TIMED_WINDOW = 1024, 128  # masks


def longest_first(rows: IntArray, work: FloatArray, *, timed: bool) -> IntArray:
    """Sort rows by decreasing work within each window.

    Masks of similar length are computed most efficiently together, and starting with the longest shows early
    whether they fit into memory. A run may end early, and its answers must not be those of the longest masks
    alone: the windows keep the given order, and are smaller if there is a time limit.

    Parameters
    ----------
    rows : ndarray of int
        In the order of the design.
    work : ndarray of float64
        Work of every row.
    timed : bool
        Whether there is a time limit.

    Returns
    -------
    ndarray of int
        The same rows in another order.
    """
    window = np.arange(len(rows)) // (_TIMED_WINDOW if timed else _WINDOW)
    return rows[np.lexsort((-work[rows], window))]


def work_of(value_function: ValueFunction, masks: BoolArray, rows: IntArray) -> FloatArray:
    """Estimate the work of masks by the method ``work`` of the value function; 1 for each if it has none.

    Parameters
    ----------
    value_function : callable
    masks : ndarray of bool, shape (m, n)
    rows : ndarray of int
        The masks to evaluate.

    Returns
    -------
    ndarray of float64, shape (m,)
        0 for the other masks.

    Raises
    ------
    InputError
        If the method does not return a number ≥ 0 for each mask.
    """
    work = np.zeros(len(masks))
    estimate = getattr(value_function, "work", None)
    if estimate is None:
        work[rows] = 1.0
        return work
    estimated = np.asarray(estimate(masks[rows]), dtype=np.float64)
    if estimated.shape != (len(rows),) or not (estimated >= 0).all() or not np.isfinite(estimated).all():
        raise InputError(
            f"value_function: its method work must return a number ≥ 0 for each of {len(rows)} masks."
        )
    work[rows] = estimated
    return work
