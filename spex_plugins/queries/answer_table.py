"""Every mask of a session with its value: one table, in memory and, if there is one, in the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from spex_plugins.errors import StoreError
from spex_plugins.queries.store.stored_answers import ReadOnlyAnswers
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["AnswerTable"]


class AnswerTable:
    """Distinct masks with their values, in the order in which they were first asked for.

    Everything else in the query layer names a mask by its row here.

    Parameters
    ----------
    n : int
        Number of features.
    stored : ReadOnlyAnswers, optional
        The answers of the same value function in a store, which is written to before `keep` returns.

    Attributes
    ----------
    masks : ndarray of bool, shape (M, n)
    values : ndarray of float64, shape (M,) or (M, K)
        NaN where there is no answer.
    answered : ndarray of bool, shape (M,)
    dropped : ndarray of bool, shape (M,)
        Masks that have failed for good.
    outputs : tuple or None
        () or (K,), the shape of a value; None as long as it is not known.
    stored : ReadOnlyAnswers or None
        As given.
    n_stored : int
        Number of answers that came from the store.
    failure : StoreError or None
        Why the store can no longer be used; answers that still arrive are kept in memory.
    """

    def __init__(self, n: int, stored: ReadOnlyAnswers | None = None) -> None:
        self.stored = stored
        self.masks = np.zeros((0, n), dtype=bool)
        self.values: FloatArray = np.zeros(0)
        self.answered = np.zeros(0, dtype=bool)
        self.outputs: tuple[int, ...] | None = None
        self.n_stored = 0
        self.failure: StoreError | None = None
        self._packed: Any = np.packbits(self.masks, axis=1)
        self._durable = np.zeros(0, dtype=bool)
        self.dropped = np.zeros(0, dtype=bool)

    def __len__(self) -> int:
        return len(self.masks)

    def add(self, masks: BoolArray) -> IntArray:
        """Return the rows (m,) of masks (m, n); masks that are new are appended."""
        before, packed = len(self), np.packbits(masks, axis=1)
        together = _joined(self._packed, packed)
        _, first, inverse = np.unique(_keys(together), return_index=True, return_inverse=True)
        place = first[inverse]  # where every mask stands for the first time
        is_first = place == np.arange(len(together))
        rows = (np.cumsum(is_first) - 1)[place[before:]]
        new = is_first[before:]
        self._append(masks[new], packed[new])
        return rows

    def open_rows(self, rows: IntArray) -> IntArray:
        """Look rows up in the store, and return those that have to be asked for, ascending and distinct.

        Raises
        ------
        StoreError
            If the store cannot be read.
        """
        if self.failure is not None:  # of an earlier call; the store may work again
            self.failure = None
            self.flush()
        asked = np.zeros(len(self), dtype=bool)
        asked[rows] = True
        missing = np.flatnonzero(asked & ~self.answered & ~self.dropped)
        if self.stored is None:
            return missing
        if self.outputs is None:
            self._set_outputs(self.stored.outputs)
        self._take(missing, *self.stored.look_up(self._packed[missing]))
        return missing[~self.answered[missing]]

    def claim(self, rows: IntArray) -> tuple[int, IntArray, IntArray]:
        """Return the number of a claim, the rows that it holds, and those that another process asks for."""
        if self.stored is None:
            return 0, rows, rows[:0]
        number, free, others = 0, rows[:0], np.zeros(len(rows), dtype=bool)
        with self._noting_failure():
            number, free, (at, values) = self.stored.claim(self._packed[rows])
            self._take(rows, at, values)
            others = np.ones(len(rows), dtype=bool)
            others[free] = others[at] = False
        return number, rows[free], rows[others]

    def keep(self, claim: int, rows: IntArray, values: FloatArray) -> None:
        """Add answers; they are on the disk when this returns, unless the store has failed."""
        self._fill(rows, values)
        with self._noting_failure():
            self._write(claim, rows)

    def note(self, rows: IntArray, values: FloatArray) -> None:
        """Add answers in memory only; `flush` writes them to the store."""
        if len(rows):
            self._fill(rows, values)

    def release(self, claim: int) -> None:
        """Give up a claim without an answer."""
        if self.stored is not None and self.failure is None:
            with self._noting_failure():
                self.stored.release(claim)

    def drop(self, rows: IntArray) -> None:
        """Note that rows have failed for good and are not to be asked for again."""
        self.dropped[rows] = True

    def flush(self) -> None:
        """Write to the store what an interrupt or a failure of the store prevented."""
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

    def answers(self) -> tuple[BoolArray, FloatArray]:
        """Return all masks that have been answered, (m, n), and their values, (m,) or (m, K)."""
        return self.masks[self.answered], self.values[self.answered]

    @contextmanager
    def _noting_failure(self) -> Iterator[None]:
        try:
            yield
        except StoreError as error:
            self.failure = error

    def _write(self, claim: int, rows: IntArray) -> None:
        if self.stored is not None and self.failure is None:
            self.stored.keep(claim, self._packed[rows], self.values[rows])
            self._durable[rows] = True

    def _take(self, rows: IntArray, at: IntArray, values: FloatArray) -> None:
        """Add the answers that the store has to some of the rows."""
        if len(at):
            self._fill(rows[at], values)
            self._durable[rows[at]] = True
            self.n_stored += len(at)

    def _fill(self, rows: IntArray, values: FloatArray) -> None:
        self._set_outputs(values.shape[1:])
        self.values[rows] = values
        self.answered[rows] = True

    def _set_outputs(self, outputs: tuple[int, ...] | None) -> None:
        if self.outputs is None and outputs is not None:
            self.outputs = outputs
            self.values = np.full((len(self), *outputs), np.nan)

    def _append(self, masks: BoolArray, packed: Any) -> None:
        values = np.full((len(masks), *self.values.shape[1:]), np.nan)
        none = np.zeros(len(masks), dtype=bool)
        self.masks = _joined(self.masks, masks)
        self._packed = _joined(self._packed, packed)
        self.values = np.concatenate([self.values, values])
        self.answered = np.concatenate([self.answered, none])
        self._durable = np.concatenate([self._durable, none])
        self.dropped = np.concatenate([self.dropped, none])


def _joined(old: Any, new: Any) -> Any:
    """Join arrays, without a copy where the first one is empty, as in a session of a single call."""
    return np.concatenate([old, new]) if len(old) else new


def _keys(packed: Any) -> Any:
    """Return packed masks (m, b) as m keys that can be compared."""
    if not packed.shape[1]:  # n = 0: all masks are equal
        return np.zeros(len(packed), dtype=np.uint8)
    return np.ascontiguousarray(packed).view(f"V{packed.shape[1]}").ravel()
