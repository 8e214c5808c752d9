"""What came of a batch: which masks were answered, and what is wrong with the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spex_plugins.errors import PartialAnswerError
from spex_plugins.queries.calls.function_call import Reply, read
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["Verdict", "judge"]

_NAMED = 5  # outputs in a message


@dataclass(frozen=True, eq=False)
class Verdict:
    """The outcome of a batch of b masks.

    Attributes
    ----------
    answered : ndarray of bool, shape (b,)
    values : ndarray of float64, shape (b,) or (b, K)
        What stands at masks that were not answered means nothing.
    problem : str
        What is wrong with the others, as the end of a sentence about the value function.
    error : BaseException or None
        The exception, if there was one.
    blames : bool
        Whether exactly the masks without an answer are the trouble; else any of the batch may be.
    seconds : float or None
        Duration of a call that returned.
    """

    answered: BoolArray
    values: FloatArray
    problem: str = ""
    error: BaseException | None = None
    blames: bool = False
    seconds: float | None = None

    @classmethod
    def failed(cls, error: BaseException, b: int) -> Verdict:
        """Return the verdict on an exception that left nothing behind."""
        return cls(np.zeros(b, dtype=bool), np.zeros(b), _raised(error), error)


def judge(outcome: Reply | BaseException, b: int, outputs: tuple[int, ...] | None) -> Verdict:
    """Judge the reply to b masks, or an exception; outputs is the shape of the values before, if any."""
    if isinstance(outcome, BaseException) and not isinstance(outcome, Exception):
        outcome = outcome.__cause__ or outcome  # an interrupted function may give what it has
    if isinstance(outcome, PartialAnswerError):
        return _partial(outcome, b, outputs)
    if isinstance(outcome, BaseException):
        return Verdict.failed(outcome, b)
    problem = outcome.problem or _other_shape(outcome.values, outputs)
    if problem:
        return Verdict(np.zeros(b, dtype=bool), outcome.values, problem, seconds=outcome.seconds)
    finite = _finite(outcome.values)
    bad = int((~finite).sum())
    problem = f"returned NaN or inf for {bad} of {b} masks{_among(outcome.values)}" if bad else ""
    problem += "; clip or replace them in the function." if bad else ""
    return Verdict(finite, outcome.values, problem, blames=True, seconds=outcome.seconds)


def _partial(error: PartialAnswerError, b: int, outputs: tuple[int, ...] | None) -> Verdict:
    problem, values = read(error.values, b)
    answered = np.asarray(error.answered, dtype=bool)
    if problem or answered.shape != (b,) or (answered.any() and _other_shape(values, outputs)):
        return Verdict.failed(error, b)
    return Verdict(answered & _finite(values), values, _raised(error), error, blames=True)


def _raised(error: BaseException) -> str:
    return f"raised {type(error).__name__}: {error}".rstrip(".") + "."


def _other_shape(values: FloatArray, outputs: tuple[int, ...] | None) -> str:
    if outputs is None or values.shape[1:] == outputs:
        return ""
    before = outputs[0] if outputs else "a scalar"
    return f"returned shape {values.shape}, but {before} output(s) per mask before."


def _among(values: FloatArray) -> str:
    """Tell which of several outputs are not finite, if not all are."""
    bad = np.flatnonzero(~np.isfinite(values).all(axis=0)).tolist() if values.ndim == 2 else []
    if not bad or len(bad) == values.shape[1]:
        return ""
    more = ", …" if len(bad) > _NAMED else ""
    return f", in output {', '.join(map(str, bad[:_NAMED]))}{more} of 0 to {values.shape[1] - 1}"


def _finite(values: FloatArray) -> BoolArray:
    return np.asarray(np.isfinite(values).reshape(len(values), -1).all(axis=1))
