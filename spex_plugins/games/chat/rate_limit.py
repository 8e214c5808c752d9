"""Delays before requests, from the limits that servers report in HTTP headers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import inf, isfinite
from time import monotonic, time

__all__ = ["RateLimit", "duration", "retry_after"]

_UNITS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_NEWS = 0.05  # seconds
_PART = re.compile(r"(\d+(?:\.\d*)?)(ms|[smhd])")


class RateLimit:
    """The limits of one server, for all requests that go there.

    Two kinds of headers count: ``retry-after`` (and ``retry-after-ms``) stop all requests until that
    moment; ``x-ratelimit-remaining-requests`` and ``-tokens`` say how much may still be sent before
    ``x-ratelimit-reset-…``, from which what is under way already is subtracted.
    """

    def __init__(self) -> None:
        self._open_at = -inf
        self._allowances = {"requests": _Allowance(), "tokens": _Allowance()}
        self._under_way = 0
        self._largest = 0.0  # tokens of the largest request, as reported by the server

    def wait(self) -> float:
        """Return the seconds for which no request may start; 0 if one may."""
        now = monotonic()
        waits = [
            allowance.wait(self._cost(kind), now, self._under_way)
            for kind, allowance in self._allowances.items()
        ]
        return max(0.0, self._open_at - now, *waits)

    def start(self) -> None:
        """Note that a request starts."""
        self._under_way += 1
        for kind, allowance in self._allowances.items():
            allowance.left -= self._cost(kind)

    def end(self, headers: Mapping[str, str] | None = None, tokens: float = 0.0) -> None:
        """Note that a request ended, with the headers of its response and the tokens that it took."""
        self._under_way -= 1
        self._largest = max(self._largest, tokens)
        if headers is None:
            return
        now = monotonic()
        self._open_at = max(self._open_at, now + (retry_after(headers) or 0.0))
        for kind, allowance in self._allowances.items():
            remaining = _number(headers.get(f"x-ratelimit-remaining-{kind}"))
            limit = _number(headers.get(f"x-ratelimit-limit-{kind}"))
            reset = duration(headers.get(f"x-ratelimit-reset-{kind}"))
            if remaining is not None and reset is not None:
                full = inf if limit is None else limit
                allowance.update(remaining - self._under_way * self._cost(kind), now + reset, full, now)

    def _cost(self, kind: str) -> float:
        return 1.0 if kind == "requests" else self._largest


class _Allowance:
    """What may still be spent until it is full again."""

    def __init__(self) -> None:
        self.left, self.full, self.reset_at = inf, inf, inf

    def wait(self, cost: float, now: float, under_way: int) -> float:
        self._refill(now)
        if self.left >= cost:
            return 0.0
        if self.reset_at < inf:
            return self.reset_at - now
        return _NEWS if under_way else 0.0  # the responses under way will say how much is left now

    def update(self, left: float, reset_at: float, full: float, now: float) -> None:
        self._refill(now)
        self.left = min(self.left, left)  # responses do not come in the order in which they were counted
        self.reset_at, self.full = reset_at, full

    def _refill(self, now: float) -> None:
        if now >= self.reset_at:
            self.left, self.reset_at = self.full, inf


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds after which a server wants to be asked again, or None where it does not say."""
    milliseconds = _number(headers.get("retry-after-ms"))
    return duration(headers.get("retry-after")) if milliseconds is None else milliseconds / 1000.0


def duration(text: str | None) -> float | None:
    """Read ``"12"``, ``"1.5s"``, ``"6m0s"``, ``"20ms"``, an HTTP date or an ISO date as seconds from now."""
    if text is None:
        return None
    text = text.strip()
    seconds = _number(text)
    if seconds is not None:
        return seconds
    if _PART.sub("", text) == "" and text:
        return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(text)
        except ValueError:
            continue
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, aware.timestamp() - time())
    return None


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else None
    except ValueError:
        return None
    return number if number is not None and isfinite(number) and number >= 0 else None
