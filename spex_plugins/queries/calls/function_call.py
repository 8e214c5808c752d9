"""One call of a value function, where it runs: in this process, a thread, or a worker far away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from spex_plugins.types import BoolArray, FloatArray

__all__ = ["CallOutcome", "ReturnedValues", "ValueFunction", "call_function", "read_values"]

ValueFunction = Callable[[BoolArray], Any]
"""Takes masks (m, n), True = feature kept, and returns values (m,) or (m, K)."""


@dataclass(frozen=True, eq=False)
class ReturnedValues:
    """What a value function returned for one batch.

    Attributes
    ----------
    values : ndarray of float64, shape (b,) or (b, K)
        Empty where they are no numbers of that shape.
    problem : str
        What is wrong with them, "" if nothing (NaN and inf are numbers here).
    seconds : float
        Duration of the call.
    """

    values: FloatArray
    problem: str
    seconds: float


CallOutcome = ReturnedValues | BaseException | None
"""What a call ended with; None where a worker does not have the function."""


def call_function(value_function: ValueFunction, masks: BoolArray) -> ReturnedValues:
    """Call the function with one batch; the values are copies, as functions may reuse their buffers."""
    start = perf_counter()
    raw = value_function(masks)
    problem, values = read_values(raw, len(masks))
    return ReturnedValues(values, problem, perf_counter() - start)


def read_values(raw: Any, m: int) -> tuple[str, FloatArray]:
    """Read m values, (m,) or (m, K), or tell why that is impossible."""
    none = np.zeros(0)
    try:
        values = np.asarray(raw)
        if values.dtype == object and raw is not None:  # None: a forgotten return
            values = np.asarray(raw, dtype=np.float64)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        values = none.astype(str)
    if values.dtype.kind not in "fiub":
        return f"must return real numbers, got {type(raw).__name__} that cannot be read as such.", none
    if values.ndim not in (1, 2) or len(values) != m or not values.size:
        return f"must return shape ({m},) or ({m}, K) for {m} masks, got {values.shape}.", none
    return "", values.astype(np.float64)
