"""Rate-limit headers in every notation, and what they allow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from spex_plugins.games.chat import rate_limit
from spex_plugins.games.chat.rate_limit import RateLimit, duration, retry_after


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(rate_limit, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("12", 12.0),
        (" 0.5 ", 0.5),
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("20ms", 0.02),
        ("1h2m3.5s", 3723.5),
        ("1d", 86400.0),
        ("soon", None),
        ("-3", None),
        ("nan", None),
        ("", None),
        (None, None),
    ],
)
def test_durations(text, seconds):
    assert duration(text) == seconds


@pytest.mark.parametrize("write", [format_datetime, datetime.isoformat])
def test_dates(write):
    later = datetime.now(UTC) + timedelta(seconds=90)
    assert duration(write(later)) == pytest.approx(90, abs=2)
    assert duration(write(later - timedelta(days=1))) == 0


def test_milliseconds_are_more_exact():
    assert retry_after({"retry-after-ms": "250", "retry-after": "1"}) == 0.25
    assert retry_after({}) is None


def test_retry_after_closes_the_way_until_then(clock):
    limit = RateLimit()
    limit.start()
    limit.end({"retry-after": "3"})
    limit.start()
    limit.end({"retry-after": "1"})  # an earlier moment opens nothing
    assert limit.wait() == pytest.approx(3)
    clock[0] += 3
    assert limit.wait() == 0


def headers(kind, **values):
    return {f"x-ratelimit-{name}-{kind}": str(value) for name, value in values.items()}


def test_requests_that_remain_are_counted_down(clock):
    limit = RateLimit()
    for _ in range(3):
        limit.start()
    limit.end(headers("requests", remaining=4, reset="10s", limit=5))  # two more are under way
    for _ in range(2):
        assert limit.wait() == 0
        limit.start()
    assert limit.wait() == pytest.approx(10)
    clock[0] += 10
    for _ in range(5):  # full again
        assert limit.wait() == 0
        limit.start()
    assert 0 < limit.wait() < 1  # until the next response tells
    for _ in range(9):
        limit.end()
    assert limit.wait() == 0


def test_tokens_are_counted_by_the_largest_request(clock):
    limit = RateLimit()
    limit.start()
    limit.end(headers("tokens", remaining=250, reset="2s"), tokens=100)
    for _ in range(2):
        assert limit.wait() == 0
        limit.start()
    assert limit.wait() == pytest.approx(2)
    clock[0] += 2
    assert limit.wait() == 0


def test_a_request_larger_than_the_limit_is_not_held_for_ever(clock):
    limit = RateLimit()
    limit.start()
    limit.end(headers("tokens", remaining=0, reset="1s", limit=50), tokens=100)
    clock[0] += 1
    assert limit.wait() == 0


def test_headers_that_make_no_sense_are_passed_over(clock):
    limit = RateLimit()
    limit.start()
    limit.end(headers("requests", remaining="many", reset="soon") | {"retry-after": "later"})
    assert limit.wait() == 0
