"""The answers to one set of masks while they come in: in memory, and in the store if there is one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from spex_plugins.errors import StoreError
from spex_plugins.queries.store.stored_answers import KnownAnswers
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Desk"]


class Desk:
    """Masks, what is known of them, and who asks for them.

    Parameters
    ----------
    masks : ndarray of bool, shape (m, n)
        Distinct masks.
    run : KnownAnswers or None
        Their place in the store.
    outputs : tuple or None
        () or (K,), the shape of a value, if it is known.

    Attributes
    ----------
    values : ndarray of float64, shape (m,) or (m, K), or None before the first answer
        NaN where there is no answer.
    answered : ndarray of bool, shape (m,)
    n_stored : int
        Answers that came from the store.
    failure : StoreError or None
        Why the store can no longer be used; answers that still arrive are kept in memory.
    """

    def __init__(self, masks: BoolArray, run: KnownAnswers | None, outputs: tuple[int, ...] | None) -> None:
        self.masks = masks
        self._packed: Any = np.packbits(masks, axis=1)
        self._run = run
        self.outputs = run.outputs if run is not None and outputs is None else outputs
        self.values: FloatArray | None = None
        self.answered = np.zeros(len(masks), dtype=bool)
        self._durable = np.zeros(len(masks), dtype=bool)
        self.n_stored = 0
        self.failure: StoreError | None = None
        if run is not None:
            self._take(np.arange(len(masks)), *run.look_up(self._packed))

    def claim(self, rows: IntArray) -> tuple[int, IntArray, IntArray]:
        """Return the number of a claim, the rows that it holds, and those that another process asks for."""
        if self._run is None:
            return 0, rows, rows[:0]
        number, free, others = 0, rows[:0], np.zeros(len(rows), dtype=bool)
        with self._noting_failure():
            number, free, (at, values) = self._run.claim(self._packed[rows])
            self._take(rows, at, values)
            others = np.ones(len(rows), dtype=bool)
            others[free] = others[at] = False
        return number, rows[free], rows[others]

    def keep(self, claim: int, rows: IntArray, values: FloatArray) -> None:
        """Note answers, and return when they are durable, or the store has failed."""
        self._fill(rows, values)
        with self._noting_failure():
            self._write(claim, rows)

    def note(self, rows: IntArray, values: FloatArray) -> None:
        """Note answers, which `flush` makes durable."""
        if len(rows):
            self._fill(rows, values)

    def release(self, claim: int) -> None:
        """Give up a claim without an answer."""
        if self._run is not None and self.failure is None:
            with self._noting_failure():
                self._run.release(claim)

    def flush(self) -> None:
        """Write what an interruption or a failure of the store came before."""
        rows = np.flatnonzero(self.answered & ~self._durable)
        if len(rows):
            failure, self.failure = self.failure, None  # there may be room on the disk again
            with self._noting_failure():
                self._write(0, rows)
            self.failure = failure or self.failure

    def check(self) -> None:
        """Raise the failure of the store, if there was one."""
        if self.failure is not None:
            raise self.failure

    @contextmanager
    def _noting_failure(self) -> Iterator[None]:
        try:
            yield
        except StoreError as error:
            self.failure = error

    def _write(self, claim: int, rows: IntArray) -> None:
        if self._run is not None and self.failure is None and self.values is not None:
            self._run.keep(claim, self._packed[rows], self.values[rows])
            self._durable[rows] = True

    def _take(self, rows: IntArray, at: IntArray, values: FloatArray) -> None:
        if len(at):
            self._fill(rows[at], values)
            self._durable[rows[at]] = True
            self.n_stored += len(at)

    def _fill(self, rows: IntArray, values: FloatArray) -> None:
        if self.values is None:
            self.outputs = values.shape[1:]
            self.values = np.full((len(self.masks), *self.outputs), np.nan)
        self.values[rows] = values
        self.answered[rows] = True
