"""The order in which masks are asked for: those with the most work first, window by window."""

from __future__ import annotations

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.queries.calls.function_call import ValueFunction
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["longest_first", "work_of"]

_WINDOW, _TIMED_WINDOW = 1024, 128  # masks


def longest_first(rows: IntArray, work: FloatArray, *, timed: bool) -> IntArray:
    """Sort rows by falling work, window by window.

    Masks of equal length are best computed together, and the longest show first whether they fit into memory.
    But a run may end early, and its answers must not be those to the longest masks alone: the windows keep
    the order asked. They are small where time may end the run; what is too expensive is left out beforehand.

    Parameters
    ----------
    rows : ndarray of int
        In the order asked.
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
    """Estimate the work of masks by the value function's method ``work``; without one, it is 1 for each.

    Parameters
    ----------
    value_function : callable
    masks : ndarray of bool, shape (m, n)
    rows : ndarray of int
        The masks that are asked for.

    Returns
    -------
    ndarray of float64, shape (m,)
        0 for the other masks.

    Raises
    ------
    InputError
        If the method returns something else than a number ≥ 0 for each mask.
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
