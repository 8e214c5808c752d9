"""The answers of one value function, which all methods and the judge share: no mask is evaluated twice."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.errors import InputError, PartialAnswerError
from spex_plugins.queries import Queries, Session
from spex_plugins.queries.scheduling.mask_order import work_of

if TYPE_CHECKING:
    from spex_plugins.recordings.recording import Recording
    from spex_plugins.types import BoolArray, FloatArray

__all__ = ["SharedAnswers"]


class SharedAnswers:
    """A context manager in which a value function of one input is evaluated; one of its outputs is explained.

    Parameters
    ----------
    value_function : callable
        Masks (m, n) → values (m,) or (m, K).
    n : int
        Number of features.
    feature_names : tuple of str
    queries : Queries
        Options of the calls.
    output : int, optional
        Which of K outputs; by default the largest at the whole input.

    Attributes
    ----------
    n_stored : int
        Number of values that came from a store.
    not_evaluated : set of bytes
        Masks, packed, that a limit of time or cost kept from being evaluated.
    recording : Recording or None
        The masks that methods may choose from, where not all are recorded.
    """

    def __init__(
        self,
        value_function: Any,
        n: int,
        feature_names: tuple[str, ...],
        queries: Queries,
        output: int | None,
    ) -> None:
        self.value_function, self.n, self.feature_names = value_function, n, feature_names
        self._session, self._price = Session(value_function, queries), queries.price
        self._known: set[bytes] = set()
        self.not_evaluated: set[bytes] = set()
        self.output = output
        self.n_stored = 0
        self.recording: Recording | None = None

    def __enter__(self) -> SharedAnswers:
        self._session.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.__exit__(kind, error, trace)

    def __call__(self, masks: BoolArray) -> FloatArray:
        """Return the values (m,) at masks (m, n).

        Raises
        ------
        PartialAnswerError
            If some have no value. It holds the others.
        """
        values, answered = self.known(masks)
        if not answered.all():
            raise PartialAnswerError(
                f"the value function gave no value at {(~answered).sum()} of {len(masks)} masks",
                values=values,
                answered=answered,
            )
        return values

    def known(self, masks: BoolArray) -> tuple[FloatArray, BoolArray]:
        """Evaluate masks (m, n); return values (m,), NaN where there is none, and which there are, (m,)."""
        answers = self._session.ask(masks)
        self._known |= {row.tobytes() for row in np.packbits(masks[answers.answered], axis=1)}
        left = masks[~answers.answered & ~answers.dropped]
        self.not_evaluated |= {row.tobytes() for row in np.packbits(left, axis=1)}
        self.not_evaluated -= self._known
        self.n_stored += answers.n_stored
        return self._one_output(answers.values), answers.answered

    @property
    def n_calls(self) -> int:
        """Number of distinct masks whose values the value function returned."""
        return len(self._known) - self.n_stored

    def price(self, masks: BoolArray) -> float:
        """Return the price of masks (m, n), each evaluated once, in the unit of `Queries.price`."""
        return self._price * float(work_of(self.value_function, masks, np.arange(len(masks))).sum())

    @property
    def limit(self) -> str:
        """The limit of time or cost that was reached, in words; "" if none was."""
        return self._session.limit

    @property
    def statement(self) -> str:
        """Dropped masks, or a limit that was reached."""
        return self._session.statement

    def _one_output(self, values: FloatArray) -> FloatArray:
        if values.ndim == 1:
            if self.output not in (None, 0):
                raise InputError(f"output: the value function has a single output, got {self.output}.")
            return values
        if self.output is None:
            whole = self._session.ask(np.ones((1, self.n), dtype=bool))
            self.output = int(np.argmax(whole.values[0])) if whole.answered.all() else 0
        if not -values.shape[1] <= self.output < values.shape[1]:
            raise InputError(
                f"output: must be from 0 to {values.shape[1] - 1}, as the value function has "
                f"{values.shape[1]} outputs, got {self.output}."
            )
        return np.ascontiguousarray(values[:, self.output])
