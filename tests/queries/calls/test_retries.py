"""The engine of repeated calls: how often, after which delay, and the bound on the time in all."""

from __future__ import annotations

from random import Random, getstate

import pytest

from spex_plugins.queries.calls import retries
from spex_plugins.queries.calls.retries import Backoff, Outage, Retries

BACKOFF = Backoff(0.5, 8.0, (0.75, 1.25))


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(retries, "monotonic", lambda: now[0])
    return now


def was_reached(error):
    """A connection error is no answer, a timeout tells nothing, anything else is an answer."""
    return None if isinstance(error, TimeoutError) else not isinstance(error, ConnectionError)


def test_delays_double_up_to_the_longest_and_are_spread():
    for failures, delay in [(1, 0.5), (2, 1.0), (3, 2.0), (5, 8.0), (6, 8.0), (2000, 8.0)]:
        drawn = [BACKOFF.delay(failures, Random(seed)) for seed in range(500)]
        assert 0.75 * delay <= min(drawn) < 0.8 * delay
        assert 1.2 * delay < max(drawn) <= 1.25 * delay


def test_a_call_is_repeated_as_often_as_its_error_allows():
    engine = Retries(BACKOFF, lambda error: 2 if isinstance(error, ConnectionError) else 0)
    assert [engine.delay(ConnectionError(), failures) is None for failures in (1, 2, 3)] == [
        False,
        False,
        True,
    ]
    assert engine.delay(ValueError(), 1) is None
    assert engine.delay(None, 1) is None


def test_the_seeds_of_the_user_are_left_alone():
    before = getstate()
    Retries(BACKOFF, lambda error: 1).delay(None, 1)
    assert getstate() == before


def test_an_outage_has_a_bound_over_all_calls(clock):
    engine = Retries(BACKOFF, lambda error: 100, Outage(was_reached, 60.0))
    for second in range(0, 60, 20):
        clock[0] = float(second)
        assert engine.delay(ConnectionError(), 1) is not None  # each the first failure of its call
        assert engine.outage.too_long is None
    clock[0] = 61.0
    assert engine.delay(ConnectionError(), 1) is None
    assert engine.outage.too_long == 61.0


@pytest.mark.parametrize("answer", ["success", "error of the server"])
def test_an_answer_ends_an_outage(clock, answer):
    engine = Retries(BACKOFF, lambda error: 100, Outage(was_reached, 60.0))
    engine.delay(ConnectionError(), 1)
    clock[0] = 50.0
    if answer == "success":
        engine.succeeded()
    else:
        assert engine.delay(ValueError(), 1) is not None
    clock[0] = 100.0
    assert engine.delay(ConnectionError(), 1) is not None
    clock[0] = 160.0
    assert engine.delay(ConnectionError(), 1) is None


def test_a_timeout_neither_ends_nor_prolongs_an_outage(clock):
    engine = Retries(BACKOFF, lambda error: 100, Outage(was_reached, 60.0))
    for clock[0] in (0.0, 70.0, 140.0):
        assert engine.delay(TimeoutError(), 1) is not None
    engine.delay(ConnectionError(), 1)
    clock[0] = 180.0
    assert engine.delay(TimeoutError(), 1) is not None
    clock[0] = 200.0
    assert engine.delay(ConnectionError(), 1) is None


def test_failures_far_apart_are_no_outage(clock):
    engine = Retries(BACKOFF, lambda error: 100, Outage(was_reached, 60.0))
    for clock[0] in (0.0, 1000.0, 2000.0):
        assert engine.delay(ConnectionError(), 1) is not None
