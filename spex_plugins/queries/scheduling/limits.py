"""Limits on the time, the cost and the evaluations of a session."""

from __future__ import annotations

import sys
from time import perf_counter

import numpy as np

from spex_plugins.types import FloatArray

__all__ = ["Limits"]

_ROUNDING = 1e-9  # a sum of prices may differ from the limit that it equals


class Limits:
    """Time, cost and evaluations of a session, all measured from its beginning.

    Parameters
    ----------
    max_seconds, max_cost : float or None
        None for no limit.
    most : int, optional
        Largest number of evaluations. Retries, which the user allows, do not count.

    Attributes
    ----------
    reached : str
        The limit that ended the session, in words; empty while none has.
    cost : float
        Price of all masks submitted so far, answered or not, but for those that were not begun.
    evaluated : int
        Masks that were submitted or are in the queue, each as often as it is evaluated.
    again : int
        Evaluations of masks that were evaluated before, without an answer in time.
    given_up : int
        Masks that are not evaluated, or not again, as others are to find those that fail.
    """

    def __init__(self, max_seconds: float | None, max_cost: float | None, most: int | None = None) -> None:
        self._seconds, self._cost, self._most = max_seconds, max_cost, most
        self.evaluated = self.again = self.given_up = 0
        self._start = perf_counter()
        self.reached = ""
        self.cost = 0.0

    @property
    def evaluations_left(self) -> int:
        """How many masks may still be evaluated."""
        return sys.maxsize if self._most is None else max(0, self._most - self.evaluated)

    def repeat(self, count: int, given_up: int) -> None:
        """Note masks that are evaluated a second time, and those that are given up for them."""
        self.evaluated += count
        self.given_up += given_up

    def affordable(self, prices: FloatArray) -> int:
        """Return how many masks, from the first on, with prices (m,), the cost limit allows."""
        if self._cost is None:
            return len(prices)
        return int(np.searchsorted(self.cost + np.cumsum(prices), self._cost * (1 + _ROUNDING), side="right"))

    def in_time(self, masks: int, seconds_per_mask: float, waiting: float) -> int:
        """Return how many masks can be answered in time, if a worker is free after ``waiting`` seconds."""
        if self._seconds is None:
            return masks
        left = self.seconds_left() - waiting
        if left <= 0:
            return 0
        return masks if seconds_per_mask == 0 else int(min(masks, left / seconds_per_mask))

    def end_for_cost(self) -> None:
        """Record that the next mask would exceed the cost limit."""
        self.reached = self.reached or f"max_cost={self._cost:g}"

    def end_for_time(self) -> None:
        """Record that the next mask would exceed the time limit."""
        self.reached = self.reached or f"max_seconds={self._seconds:g}"

    def allow_wait(self, seconds: float) -> bool:
        """Return whether the time limit allows a wait of some seconds."""
        if self._seconds is not None and self.seconds_left() <= seconds:
            self.end_for_time()
        return not self.reached

    def seconds_left(self) -> float:
        """Return the seconds up to the time limit, inf without one."""
        return (self._seconds or np.inf) - (perf_counter() - self._start)
