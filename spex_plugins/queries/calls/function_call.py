"""One call of a value function, in this process, a thread, or a remote worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from spex_plugins.core.basis.real_values import real_values
from spex_plugins.types import BoolArray, FloatArray
from spex_plugins.wording import counted

__all__ = ["CallOutcome", "ReturnedValues", "ValueFunction", "call_function", "read_values"]

ValueFunction = Callable[[BoolArray], Any]
"""Maps masks (m, n), True = feature kept, to values (m,) or (m, K)."""


@dataclass(frozen=True, eq=False)
class ReturnedValues:
    """Values that a value function returned for one batch.

    Attributes
    ----------
    values : ndarray of float64, shape (b,) or (b, K)
        Empty if the function returned something else.
    problem : str
        Description of the problem, empty if there is none; NaN and inf are accepted here.
    seconds : float
        Duration of the call.
    """

    values: FloatArray
    problem: str
    seconds: float


CallOutcome = ReturnedValues | BaseException | None
"""Outcome of a call; None if the worker does not have the function."""


def call_function(value_function: ValueFunction, masks: BoolArray) -> ReturnedValues:
    """Call the function with one batch; the values are copied, as a function may reuse its buffer."""
    start = perf_counter()
    raw = value_function(masks)
    problem, values = read_values(raw, len(masks))
    return ReturnedValues(values, problem, perf_counter() - start)


def read_values(raw: Any, m: int) -> tuple[str, FloatArray]:
    """Return the problem with m returned values, empty if there is none, and the values (m,) or (m, K)."""
    none = np.zeros(0)
    try:
        if raw is None:  # a missing return statement
            raise TypeError
        values = real_values(raw)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        remedy = "; return it after .detach().float()" if hasattr(raw, "detach") else ""
        return (
            f"must return real numbers, got {type(raw).__name__} that cannot be read as such{remedy}.",
            none,
        )
    if values.ndim not in (1, 2) or len(values) != m or not values.size:
        return f"must return shape ({m},) or ({m}, K) for {counted(m, 'mask')}, got {values.shape}.", none
    return "", values.astype(np.float64)
