"""Outcome of a batch: the masks that were answered, and the problem with the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spex_plugins.errors import PartialAnswerError
from spex_plugins.queries.calls.function_call import ReturnedValues, read_values
from spex_plugins.types import BoolArray, FloatArray
from spex_plugins.wording import counted

__all__ = ["BatchOutcome", "read_outcome"]

_NAMED = 5  # outputs in a message


@dataclass(frozen=True, eq=False)
class BatchOutcome:
    """The outcome of a batch of b masks.

    Attributes
    ----------
    answered : ndarray of bool, shape (b,)
    values : ndarray of float64, shape (b,) or (b, K)
        Undefined at masks that were not answered.
    problem : str
        Description of the problem with the others, the end of a sentence about the value function.
    error : BaseException or None
        The exception, if there was one.
    isolates_failures : bool
        Whether exactly the masks without an answer failed; else any mask of the batch may be the cause.
    seconds : float or None
        Duration of a call that returned.
    untried : ndarray of bool, shape (b,), or None
        Masks without an answer whose evaluation was not begun; None if there are none.
    """

    answered: BoolArray
    values: FloatArray
    problem: str = ""
    error: BaseException | None = None
    isolates_failures: bool = False
    seconds: float | None = None
    untried: BoolArray | None = None

    @classmethod
    def failed(cls, error: BaseException, b: int) -> BatchOutcome:
        """Return the outcome of a batch of b masks for which an exception was raised and nothing answered."""
        return cls(np.zeros(b, dtype=bool), np.zeros(b), _raised(error), error)


def read_outcome(
    ended: ReturnedValues | BaseException, b: int, outputs: tuple[int, ...] | None
) -> BatchOutcome:
    """Check what a call returned or raised.

    Parameters
    ----------
    ended : ReturnedValues or BaseException
    b : int
        Number of masks in the batch.
    outputs : tuple or None
        () or (K,), the shape of the previous values; None if there are none.
    """
    if isinstance(ended, BaseException) and not isinstance(ended, Exception):
        ended = ended.__cause__ or ended  # an interrupted function may pass on its answers
    if isinstance(ended, PartialAnswerError):
        return _partial(ended, b, outputs)
    if isinstance(ended, BaseException):
        return BatchOutcome.failed(ended, b)
    problem = ended.problem or _other_shape(ended.values, outputs)
    if problem:
        return BatchOutcome(np.zeros(b, dtype=bool), ended.values, problem, seconds=ended.seconds)
    finite = _finite(ended.values)
    bad = int((~finite).sum())
    problem = f"returned NaN or inf for {bad:,} of {counted(b, 'mask')}{_among(ended.values)}" if bad else ""
    problem += "; clip or replace them in the function." if bad else ""
    return BatchOutcome(finite, ended.values, problem, isolates_failures=True, seconds=ended.seconds)


def _partial(error: PartialAnswerError, b: int, outputs: tuple[int, ...] | None) -> BatchOutcome:
    problem, values = read_values(error.values, b)
    answered = np.asarray(error.answered, dtype=bool)
    if problem or answered.shape != (b,) or (answered.any() and _other_shape(values, outputs)):
        return BatchOutcome.failed(error, b)
    untried = np.zeros(b, dtype=bool) if error.failed is None else ~answered & ~np.asarray(error.failed, bool)
    if untried.shape != (b,) or (untried | answered).all():  # something must have failed
        untried = np.zeros(b, dtype=bool)
    valid = answered & _finite(values)
    return BatchOutcome(valid, values, _raised(error), error, isolates_failures=True, untried=untried)


def _raised(error: BaseException) -> str:
    return f"raised {type(error).__name__}: {error}".rstrip(".: ") + "."


def _other_shape(values: FloatArray, outputs: tuple[int, ...] | None) -> str:
    if outputs is None or values.shape[1:] == outputs:
        return ""
    before = f"{counted(outputs[0], 'output')} per mask" if outputs else "one number per mask"
    return f"returned values of shape {values.shape}, but {before} before; return the same number each time."


def _among(values: FloatArray) -> str:
    """Name the outputs that are not finite, if only some of several are."""
    bad = np.flatnonzero(~np.isfinite(values).all(axis=0)).tolist() if values.ndim == 2 else []
    if not bad or len(bad) == values.shape[1]:
        return ""
    more = ", …" if len(bad) > _NAMED else ""
    return f", in output {', '.join(map(str, bad[:_NAMED]))}{more} of 0 to {values.shape[1] - 1}"


def _finite(values: FloatArray) -> BoolArray:
    return np.asarray(np.isfinite(values).reshape(len(values), -1).all(axis=1))
