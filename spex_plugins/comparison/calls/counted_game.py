"""The value function as one run of a method sees it: counted, limited, and timed."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.core.basis.masks import distinct_rows, masks_of_numbers
from spex_plugins.errors import InputError, SpexError
from spex_plugins.recordings.recorded_answers import UNIFORM

if TYPE_CHECKING:
    from spex_plugins.comparison.calls.shared_answers import SharedAnswers
    from spex_plugins.recordings.recording import Recording
    from spex_plugins.types import BoolArray, FloatArray

__all__ = ["BudgetExceeded", "CountedGame"]


class BudgetExceeded(SpexError, RuntimeError):  # noqa: N818  the name of the case, not of an error class
    """A method asked for more masks than its budget; the request was not evaluated."""


class CountedGame:
    """A value function that counts the distinct masks of one run and refuses more than its budget.

    Parameters
    ----------
    answers : SharedAnswers
        Where the values come from. Those that another run asked for cost nothing, but are counted here: a
        run has the count that it has alone.
    budget : int
        Largest number of distinct masks.
    number : int
        Number of the input, from 0.

    Attributes
    ----------
    n, feature_names
        Of the value function.
    asked : int
        Masks asked for, repeated ones included.
    refused : int
        Distinct masks that would have been needed, if that is more than the budget, else 0.
    seconds : float
        Time spent in the value function.
    """

    def __init__(self, answers: SharedAnswers, budget: int, number: int = 0) -> None:
        self._answers, self._budget = answers, budget
        self._seen: set[bytes] = set()
        self.n, self.feature_names, self.number = answers.n, answers.feature_names, number
        self.asked = self.refused = 0
        self.seconds = 0.0

    def __call__(self, masks: BoolArray) -> FloatArray:
        """Return the values (m,) at masks (m, n), bool or numbers that are not 0 where a feature is kept."""
        kept = np.atleast_2d(np.asarray(masks))
        if kept.shape[1] != self.n:
            raise InputError(f"masks: must have shape (m, {self.n}), got {kept.shape}.")
        kept = kept.astype(bool)
        rows = np.packbits(kept, axis=1)
        new = {row.tobytes() for row in rows} - self._seen
        if len(self._seen) + len(new) > self._budget:
            self.refused = max(self.refused, len(self._seen) + len(new))
            raise BudgetExceeded(f"asked for {self.refused} masks, {self._budget} were allowed")
        self._seen |= new
        self.asked += len(kept)
        start = perf_counter()
        try:
            return self._answers(kept)
        finally:
            self.seconds += perf_counter() - start

    def has_asked(self, masks: BoolArray) -> BoolArray:
        """Tell which of the masks (m, n) this run has asked for, shape (m,)."""
        rows = np.packbits(masks, axis=1)
        return np.fromiter((row.tobytes() in self._seen for row in rows), dtype=bool, count=len(rows))

    @property
    def recording(self) -> Recording | None:
        """The masks that a method may choose from, where not all are recorded."""
        return self._answers.recording

    def uniform_masks(self, count: int, seed: int) -> BoolArray:
        """Return distinct uniform masks (count, n), or recorded ones, as many as there are."""
        if self.recording is not None:
            most = self.recording.kinds.get(UNIFORM, 0)
            return self.recording.sample(min(count, most), kind=UNIFORM, seed=seed)[0]
        rng = np.random.default_rng(seed)
        if self.n < 31 and 2**self.n <= 2 * count:  # of so many draws, too few would be distinct
            return masks_of_numbers(rng.permutation(2**self.n)[:count], self.n)
        masks = rng.random((2 * count, self.n)) < 0.5
        return masks[distinct_rows(masks)[0][:count]]

    @property
    def not_evaluated(self) -> int:
        """Number of distinct masks asked for that a limit of time or cost kept from being evaluated."""
        return len(self._seen & self._answers.not_evaluated)

    @property
    def calls(self) -> int:
        """Number of distinct masks asked for, without those that were not evaluated."""
        return len(self._seen) - self.not_evaluated

    @property
    def masks(self) -> BoolArray:
        """The distinct masks that `calls` counts, (m, n)."""
        packed = np.frombuffer(b"".join(sorted(self._seen - self._answers.not_evaluated)), dtype=np.uint8)
        packed = packed.reshape(self.calls, -(-self.n // 8))
        return np.unpackbits(packed, axis=1, count=self.n).astype(bool)
