"""Limits of time and cost, the order of the masks, and arguments that are refused."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from time import perf_counter, sleep
from typing import get_type_hints

import numpy as np
import pytest
from games import Recorded
from hypothesis import given
from hypothesis import strategies as st

import spex_plugins as spex
from spex_plugins import InputError, PartialAnswerError, ValueFunctionError
from spex_plugins.queries import Queries, QueryOptions, Session
from spex_plugins.queries.calls import function_call
from spex_plugins.queries.scheduling import admission, failures, in_flight, limits, scheduler


def masks_of(m, n=20):
    return np.unique(np.random.default_rng(m).random((2 * m, n)) < 0.5, axis=0)[
        np.random.default_rng(0).permutation(m)
    ]


def weighted(masks):
    return masks @ np.arange(1.0, masks.shape[1] + 1)


class Counted:
    """A value function whose masks cost as many units as they keep features, and one more."""

    def __init__(self, n=20, seconds=0.0):
        self.batches, self.seconds = [], seconds

    def __call__(self, masks):
        self.batches.append(masks.copy())
        sleep(self.seconds * len(masks))
        return weighted(masks)

    def work(self, masks):
        return 1.0 + masks.sum(axis=1)

    @property
    def masks(self):
        return np.concatenate(self.batches) if self.batches else np.zeros((0, 20), dtype=bool)


def ask(function, masks, **options):
    with Session(function, Queries(**{"progress": False} | options)) as session:
        return session.ask(masks), session.statement


# Cost


@given(
    m=st.integers(1, 60),
    max_cost=st.floats(0.5, 500),
    price=st.floats(0.01, 5),
    size=st.sampled_from([None, 1, 7]),
)
def test_the_cost_is_never_exceeded_and_nearly_used_up(m, max_cost, price, size):
    function, masks = Counted(), masks_of(m)
    answers, statement = ask(function, masks, max_cost=max_cost, price=price, batch_size=size)
    costs = price * function.work(masks)
    spent = price * function.work(function.masks).sum()
    assert spent <= max_cost * (1 + 1e-6)
    affordable = int((np.cumsum(costs) <= max_cost * (1 + 1e-9)).sum())
    assert answers.answered.sum() == affordable
    assert answers.answered[:affordable].all()  # the first ones in the order asked, not the cheapest
    assert bool(statement) == (affordable < m)
    if affordable < m:
        assert statement == f"ended early by max_cost={max_cost:g}"


def test_without_work_a_price_is_that_of_a_mask():
    function = Recorded(weighted)
    found = spex.explain(function, 20, budget=500, max_cost=1.0, price=0.004, progress=False)
    assert found.n_calls == function.calls == 250
    assert found.budget == 500
    assert "250 of 500 distinct masks" in found.plan
    assert "ended early by max_cost=1" in found.plan
    assert found.index("SV").as_dict() == pytest.approx({(i,): i + 1.0 for i in range(20)}, abs=1e-8)


def test_masks_that_are_asked_again_are_paid_again():
    calls = []

    def function(masks):
        calls.append(len(masks))
        if len(calls) == 1:
            raise ConnectionError
        return weighted(masks)

    answers, statement = ask(function, masks_of(40), max_cost=40, batch_size=10)
    assert sum(calls) == 40
    assert answers.answered.sum() == 30
    assert "max_cost=40" in statement


@pytest.mark.parametrize("on_failure", ["drop", "raise"])
def test_masks_that_were_not_begun_are_not_paid(on_failure):
    """The first of a batch fails once; the others are asked again, and were paid for twice."""
    asked = []

    def function(masks):
        done, failed = np.zeros(len(masks), bool), np.zeros(len(masks), bool)
        first = not len(asked) % 5  # every fifth call fails
        asked.append(masks[0].tobytes())
        if not first:
            asked.extend(row.tobytes() for row in masks[1:])
            return weighted(masks)
        failed[0] = True
        raise PartialAnswerError("no", values=weighted(masks), answered=done, failed=failed, transient=True)

    settings = {"retries": 3} if on_failure == "raise" else {"retries": 0, "on_failure": "drop"}
    answers, statement = ask(function, masks_of(40), max_cost=30, batch_size=4, **settings)
    assert len(asked) == 30
    assert answers.answered.sum() < 30
    assert "max_cost=30" in statement


def test_what_is_stored_costs_nothing(tmp_path):
    stored = {"store": tmp_path / "s.sqlite", "fingerprint": "f"}
    masks = masks_of(60)
    for known in (20, 40, 60):
        answers, _ = ask(weighted, masks, max_cost=20, **stored)
        assert answers.answered.sum() == known
    assert answers.n_stored == 40


def test_the_cost_is_that_of_all_rounds():
    with Session(weighted, Queries(progress=False, max_cost=50)) as session:
        first, second, third = (session.ask(masks_of(m)) for m in (30, 31, 32))
    assert [answers.answered.sum() for answers in (first, second, third)] == [30, 20, 0]


@pytest.mark.parametrize("max_cost", [0.5, 1.0, 1.9])
def test_too_little_money_is_an_error(max_cost):
    function = Recorded(weighted)
    with pytest.raises(ValueFunctionError, match="at least 2 are needed; ended early by max_cost") as caught:
        spex.explain(function, 20, budget=100, max_cost=max_cost, progress=False)
    assert len(caught.value.masks) == int(max_cost)
    assert len(caught.value.failed_masks) == 100 - int(max_cost)


# Time


@pytest.mark.slow
@pytest.mark.parametrize("threads", [0, 2])
def test_the_run_ends_in_time_with_what_it_has(threads):
    function = Counted(seconds=0.004)
    executor = ThreadPoolExecutor(threads) if threads else None
    start = perf_counter()
    found = spex.explain(function, 20, budget=2000, max_seconds=1.0, executor=executor, progress=False)
    elapsed = perf_counter() - start
    if executor:
        executor.shutdown()
    assert 20 < found.n_calls < 260 * max(1, threads)
    assert elapsed < 10.0  # the fit included, on a busy machine
    assert f"{found.n_calls} of 2,000 distinct masks" in found.plan
    assert "ended early by max_seconds=1" in found.plan


def test_no_batch_begins_that_would_end_too_late(monkeypatch):
    now = [0.0]
    for module in (function_call, admission, failures, limits, scheduler):
        monkeypatch.setattr(module, "perf_counter", lambda: now[0])

    def function(masks):
        now[0] += 0.1 * len(masks)
        return weighted(masks)

    for limit in (0.35, 3.0, 7.77):
        now[0] = 0.0
        answers, statement = ask(function, masks_of(300), max_seconds=limit)
        assert now[0] <= limit + 1e-9
        assert answers.answered.sum() == pytest.approx(limit / 0.1, abs=1.01)
        assert statement == f"ended early by max_seconds={limit:g}"


def test_a_retry_that_would_come_too_late_is_not_waited_for():
    def function(masks):
        values, none = weighted(masks), np.zeros(len(masks), dtype=bool)
        raise spex.PartialAnswerError("429", values=values, answered=none, retry_after=1000.0)

    start = perf_counter()
    answers, statement = ask(function, masks_of(20), max_seconds=30)
    assert perf_counter() - start < 5
    assert not answers.answered.any()
    assert "max_seconds=30" in statement


# Order


@pytest.mark.parametrize(("limit", "window"), [({}, 1024), ({"max_seconds": 1000.0}, 128)])
def test_the_longest_masks_of_a_window_come_first(limit, window):
    function, masks = Counted(), masks_of(3000)
    answers, _ = ask(function, masks, **limit)
    np.testing.assert_array_equal(answers.values, weighted(masks))
    for start in range(0, len(masks), window):
        asked, these = function.masks[start : start + window], masks[start : start + window]
        assert {mask.tobytes() for mask in asked} == {mask.tobytes() for mask in these}
        lengths = function.work(asked)
        assert (np.diff(lengths) <= 0).all()
        for a, b in pairwise(range(len(asked))):  # equal lengths keep their order
            if lengths[a] == lengths[b]:
                places = [np.flatnonzero((these == asked[i]).all(axis=1))[0] for i in (a, b)]
                assert places[0] < places[1]
            if a > 50:
                break


@pytest.mark.parametrize(
    "work", [lambda m: 1.0, lambda m: -np.ones(len(m)), lambda m: np.full(len(m), np.nan)]
)
def test_work_must_be_numbers(work):
    function = Counted()
    function.work = work
    with pytest.raises(InputError, match="its method work must return a number ≥ 0 for each of 10 masks"):
        ask(function, masks_of(10))
    assert function.batches == []


def test_rounds_of_a_session_ask_nothing_twice():
    function = Recorded(weighted)
    masks = masks_of(100)
    with Session(function, Queries(progress=False)) as session:
        first = session.ask(masks[:60])
        second = session.ask(np.concatenate([masks[30:], masks[90:], masks[:3]]))
    assert function.calls == 100
    np.testing.assert_array_equal(first.values, weighted(masks[:60]))
    np.testing.assert_array_equal(
        second.values, weighted(np.concatenate([masks[30:], masks[90:], masks[:3]]))
    )


# Arguments


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"store": 5}, "store: must be the path of a file, got 5"),
        ({"store": ""}, "store: "),
        ({"fingerprint": b"x"}, "fingerprint: must be a non-empty string, got b'x'"),
        ({"fingerprint": ""}, "fingerprint: "),
        ({"description": 3}, "description: "),
        ({"executor": 4}, "executor: must be a concurrent.futures.Executor"),
        ({"in_flight": 0}, "in_flight: must be an integer ≥ 1, got 0"),
        ({"retries": -1}, "retries: must be an integer ≥ 0, got -1"),
        ({"retries": 1.5}, "retries: "),
        ({"on_failure": "ignore"}, 'on_failure: must be "raise" or "drop"'),
        ({"timeout": 0}, "timeout: must be a number > 0, got 0"),
        ({"max_seconds": -1}, "max_seconds: "),
        ({"max_seconds": "3"}, "max_seconds: "),
        ({"max_cost": np.nan}, "max_cost: "),
        ({"max_cost": True}, "max_cost: "),
        ({"price": 0}, "price: must be a number > 0, got 0"),
        ({"price": None}, "price: "),
        ({"price": np.inf}, "price: "),
    ],
)
def test_unusable_options_are_refused_before_any_call(options, text):
    function = Recorded(weighted)
    with pytest.raises(InputError) as caught:
        spex.explain(function, 20, budget=100, progress=False, **options)
    assert text in str(caught.value)
    assert function.batches == []


def test_both_lists_of_options_agree():
    assert get_type_hints(QueryOptions) == get_type_hints(Queries)


def test_unknown_options_are_refused():
    with pytest.raises(InputError, match="retry: unknown keyword; did you mean retries=\\?"):
        spex.explain(weighted, 20, budget=100, retry=3)


def test_calls_that_wait_for_a_worker_are_taken_back_when_the_time_is_over(monkeypatch):
    """The first calls take longer than all the time: those behind them in the pool are not begun."""
    over, begun = threading.Event(), []
    withdraw = in_flight.InFlight.withdraw_waiting

    def withdraw_and_tell(self):
        found = withdraw(self)
        over.set()
        return found

    def function(masks):
        begun.append(len(masks))
        over.wait(20.0)
        return weighted(masks)

    monkeypatch.setattr(in_flight.InFlight, "withdraw_waiting", withdraw_and_tell)
    with ThreadPoolExecutor(2) as pool:
        options = {"executor": pool, "max_seconds": 1.0, "max_cost": 40.0, "progress": False}
        with Session(function, Queries(**options)) as session:
            answers = session.ask(masks_of(40))
            cost = session._shared.limits.cost
    assert 1 <= len(begun) <= 2
    assert answers.answered.sum() == cost == len(begun)  # what was not begun is not charged
    assert session.statement == "ended early by max_seconds=1"
