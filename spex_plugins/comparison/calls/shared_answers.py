"""The answers of one value function, which all methods and the judge share: no mask is evaluated twice."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.errors import InputError, PartialAnswerError, SpexError, StoreError, ValueFunctionError
from spex_plugins.queries import Queries, Session
from spex_plugins.queries.scheduling.mask_order import work_of
from spex_plugins.wording import counted

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
    output : int or None
        Number of the output once a value is known, None where there is only one.
    failure : SpexError or None
        What ends the comparison, whatever a method made of it: the store failed, the value function did and
        the user wants an error, or it lacks the output.
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
        self._ends_the_run = queries.on_failure == "raise"
        self._known: set[bytes] = set()
        self.not_evaluated: set[bytes] = set()
        self.output = output
        self.failure: SpexError | None = None
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
        if self.failure is not None:  # a method that went on after it would pay for nothing
            raise self.failure
        try:
            answers = self._session.ask(masks)
        except (StoreError, ValueFunctionError) as error:
            if self._ends_the_run or isinstance(error, StoreError):
                self.failure = error
            raise
        self._known |= {row.tobytes() for row in np.packbits(masks[answers.answered], axis=1)}
        left = masks[~answers.answered & ~answers.dropped]
        self.not_evaluated |= {row.tobytes() for row in np.packbits(left, axis=1)}
        self.not_evaluated -= self._known
        if answers.values.ndim == 1 and not answers.answered.any():  # it may have several outputs
            return answers.values, answers.answered
        return self._one_output(answers.values), answers.answered

    def check_output(self) -> None:
        """Ask for the whole input, and raise InputError if the value function lacks the output."""
        if self.output is None:
            return
        try:
            self.known(np.ones((1, self.n), dtype=bool))
        except InputError as error:
            self.failure = error
            raise

    @property
    def output_name(self) -> str | None:
        """Name of the output, if there are several and the value function names them."""
        names = getattr(self.value_function, "output_names", None) or ()
        if self.output is None or not 0 <= self.output < len(names):
            return None
        return str(names[self.output])

    @property
    def n_calls(self) -> int:
        """Number of distinct masks whose values the value function returned."""
        return self._session.n_answered - self.n_stored

    @property
    def n_stored(self) -> int:
        """Number of values that came from a store."""
        return self._session.n_stored

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
        count = 1 if values.ndim == 1 else values.shape[1]
        if values.ndim == 2 and self.output is None:
            whole = self._session.ask(np.ones((1, self.n), dtype=bool))
            self.output = int(np.argmax(whole.values[0])) if whole.answered.all() else 0
        elif not -count <= (self.output or 0) < count:
            raise InputError(
                f"output: must be from 0 to {count - 1}, as the value function has "
                f"{counted(count, 'output')}, got {self.output}."
            )
        if values.ndim == 1:
            self.output = None
            return values
        self.output = (self.output or 0) % count
        return np.ascontiguousarray(values[:, self.output])
