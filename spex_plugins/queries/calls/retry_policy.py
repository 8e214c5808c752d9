"""Which failures are worth another try, and how long to wait for it."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor, CancelledError
from random import Random

from spex_plugins.errors import PartialAnswerError, SpexError

__all__ = ["Waits", "is_fatal", "is_out_of_memory", "tries_again"]

_PASSING = (PartialAnswerError, ConnectionError, TimeoutError, CancelledError)
_PROGRAMMING = (
    TypeError,
    AttributeError,
    NameError,
    ImportError,
    NotImplementedError,
    AssertionError,
    SyntaxError,
)
_RETRIES = 5
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 60.0


def is_out_of_memory(error: BaseException | None) -> bool:
    """Tell whether memory ran out, in Python or on a device (no framework is imported to find out)."""
    return isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__


def is_fatal(error: BaseException | None) -> bool:
    """Tell whether no other mask can fare better: unusable arguments, workers that are gone."""
    ours = isinstance(error, SpexError) and not isinstance(error, PartialAnswerError)
    return ours or isinstance(error, BrokenExecutor)


def tries_again(error: BaseException | None, tried: int, retries: int | None) -> bool:
    """Tell whether to ask again after the tried-th failure; without an error, the answer was unusable."""
    if isinstance(error, _PROGRAMMING) or is_out_of_memory(error) or is_fatal(error):
        return False
    if retries is None:
        retries = _RETRIES if isinstance(error, _PASSING) else 0
    return tried <= retries


class Waits:
    """Exponential backoff with jitter, so that clients that failed together do not return together."""

    def __init__(self) -> None:
        self._random = Random()  # of its own: the user's seeds stay untouched

    def after(self, tried: int) -> float:
        """Return the seconds to wait after the tried-th failure of a mask."""
        longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (tried - 1))
        return longest * self._random.uniform(0.5, 1.0)
