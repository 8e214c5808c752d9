"""A function that counts its inputs and the seconds that it takes."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any

import numpy as np

__all__ = ["Counted"]


class Counted:
    """A model, or a function of masks, that knows how many inputs it was given.

    Attributes
    ----------
    inputs : int
        Rows given since the last `reset`.
    wall_s, cpu_s : float
        Seconds on the clock and of the processor that they took.
    """

    def __init__(self, function: Callable[[Any], np.ndarray]) -> None:
        self._function = function
        self.reset()

    def __call__(self, inputs: Any) -> np.ndarray:
        start, start_cpu = perf_counter(), process_time()
        answers = self._function(inputs)
        self.wall_s += perf_counter() - start
        self.cpu_s += process_time() - start_cpu
        self.inputs += len(inputs)
        return answers

    def reset(self) -> None:
        """Set all counts to 0."""
        self.inputs, self.wall_s, self.cpu_s = 0, 0.0, 0.0
