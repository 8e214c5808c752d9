"""Choice of the failures of a value function after which a call is repeated."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor, CancelledError

from spex_plugins.errors import PartialAnswerError, SpexError
from spex_plugins.queries.calls.retries import Backoff, Retries

__all__ = ["is_fatal", "is_out_of_memory", "is_transient", "repetitions", "retries_of_calls"]

_TRANSIENT = (ConnectionError, TimeoutError, CancelledError)
_PROGRAMMING = (
    TypeError,
    AttributeError,
    NameError,
    ImportError,
    NotImplementedError,
    AssertionError,
    SyntaxError,
)
_REPETITIONS = 5
_FIRST_DELAY, _LONGEST_DELAY, _JITTER = 0.5, 60.0, (0.5, 1.0)  # seconds


def is_out_of_memory(error: BaseException | None) -> bool:
    """Return whether memory ran out, in Python or on a device; no framework is imported for this."""
    return isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__


def is_fatal(error: BaseException | None) -> bool:
    """Return whether all other masks would fail as well: unusable arguments, or workers that have ended."""
    ours = isinstance(error, SpexError) and not isinstance(error, PartialAnswerError)
    return ours or isinstance(error, BrokenExecutor)


def is_transient(error: BaseException | None) -> bool | None:
    """Return whether another attempt may succeed; None where the error does not tell."""
    if isinstance(error, PartialAnswerError):
        return error.transient
    if isinstance(error, _TRANSIENT):
        return True
    final = isinstance(error, _PROGRAMMING) or is_out_of_memory(error) or is_fatal(error)
    return False if final else None


def repetitions(error: BaseException | None, most: int | None) -> int:
    """Return how often a failed mask is repeated.

    Parameters
    ----------
    error : BaseException or None
        None if the function returned an unusable answer.
    most : int or None
        The number that the user allows; by default 5 after an error that is likely to be transient, else 0.
    """
    transient = is_transient(error)
    if transient is False:
        return 0
    if most is None:
        return _REPETITIONS if transient else 0
    return most


def retries_of_calls(most: int | None) -> Retries:
    """Return the retries for the calls of a value function; see `repetitions` for ``most``."""
    backoff = Backoff(_FIRST_DELAY, _LONGEST_DELAY, _JITTER)
    return Retries(backoff, lambda error: repetitions(error, most))
