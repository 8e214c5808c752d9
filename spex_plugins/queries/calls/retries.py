"""Retries of failed calls: their number, their delays, and the longest outage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from random import Random
from time import monotonic

__all__ = ["Backoff", "Outage", "Retries"]

_SEPARATE = 120.0  # seconds between failures of two different outages; delays are shorter


@dataclass(frozen=True)
class Backoff:
    """Exponential backoff with jitter, so that clients that failed together do not retry together.

    Attributes
    ----------
    first, longest : float
        Delay after the first failure and largest delay, in seconds; it doubles with every failure.
    jitter : tuple of float
        The delay is multiplied by a random number between these two.
    """

    first: float
    longest: float
    jitter: tuple[float, float]

    def delay(self, failures: int, random: Random) -> float:
        """Return the seconds to wait after a number of failures."""
        doublings = min(failures - 1, 64)  # larger powers exceed float64
        return min(self.longest, self.first * 2.0**doublings) * random.uniform(*self.jitter)


class Outage:
    """Duration for which a service has been unreachable, bounded over all calls together.

    Parameters
    ----------
    was_reached : callable
        Maps an error to True if the service answered, False if it could not be reached, and None if the error
        does not tell.
    longest : float
        Seconds after which calls are no longer repeated until there is an answer.
    """

    def __init__(
        self,
        was_reached: Callable[[BaseException | None], bool | None] = lambda _: None,
        longest: float = inf,
    ) -> None:
        self._was_reached, self._longest = was_reached, longest
        self._first: float | None = None
        self._last = -inf

    def note(self, error: BaseException | None) -> None:
        """Record the error of a call."""
        reached = self._was_reached(error)
        if reached:
            self.end()
        if reached is False:
            now = monotonic()
            if self._first is None or now - self._last > _SEPARATE:
                self._first = now
            self._last = now

    def end(self) -> None:
        """Record an answer."""
        self._first = None

    @property
    def too_long(self) -> float | None:
        """Seconds from the first to the last failure of an outage that exceeds its bound, else None."""
        if self._first is None or self._last - self._first < self._longest:
            return None
        return self._last - self._first


class Retries:
    """Decides whether and when a failed call is repeated.

    Parameters
    ----------
    backoff : Backoff
    repetitions : callable
        Maps an error, or None for an unusable answer, to the number of times that the call may be repeated.
    outage : Outage, optional
        By default, the duration of an outage has no bound.
    """

    def __init__(
        self,
        backoff: Backoff,
        repetitions: Callable[[BaseException | None], int],
        outage: Outage | None = None,
    ) -> None:
        self.outage = outage or Outage()
        self._backoff, self._repetitions = backoff, repetitions
        self._random = Random()  # a separate generator leaves the global one unchanged

    def delay(self, error: BaseException | None, failures: int) -> float | None:
        """Return the seconds to wait after a number of failures of a call, None if it is not repeated."""
        self.outage.note(error)
        if failures > self._repetitions(error) or self.outage.too_long is not None:
            return None
        return self._backoff.delay(failures, self._random)

    def succeeded(self) -> None:
        """Record an answer."""
        self.outage.end()
