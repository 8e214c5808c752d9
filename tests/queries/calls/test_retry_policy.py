"""Failures of every kind: tried again where that helps, then raised or dropped; answers are never lost."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter, sleep

import numpy as np
import pytest
from sessions import ask, masks_of
from worker_functions import weighted

import spex_plugins as spex
from spex_plugins import InputError, PartialAnswerError, ValueFunctionError
from spex_plugins.queries.calls import retry_policy


class Faulty:
    """Fails at some masks, each for a number of times; notes what was asked and what was answered."""

    def __init__(self, share, times, fault, seed=0):
        self.share, self.times, self.fault = share, times, fault
        self.rng = np.random.default_rng(seed)
        self.left, self.answered, self.asked = {}, {}, 0

    def __call__(self, masks):
        self.asked += len(masks)
        fails = np.array([self.fails(mask.tobytes()) for mask in masks])
        return self.fault(self, masks, fails)

    def fails(self, key):
        left = self.left.setdefault(key, self.times if self.rng.random() < self.share else 0)
        self.left[key] = max(0, left - 1)
        return left > 0

    def answer(self, masks):
        for mask in masks:
            self.answered[mask.tobytes()] = self.answered.get(mask.tobytes(), 0) + 1
        return weighted(masks)


def partial(function, masks, fails):
    values = np.full(len(masks), np.nan)
    values[~fails] = function.answer(masks[~fails])
    if fails.any():
        raise PartialAnswerError("429", values=values, answered=~fails)
    return values


def not_a_number(function, masks, fails):
    values = np.full(len(masks), np.inf)
    values[~fails] = function.answer(masks[~fails])
    return values


def raising(function, masks, fails):
    if fails.any():
        raise ConnectionError("reset")
    return function.answer(masks)


def short(function, masks, fails):
    return weighted(masks)[1:] if fails.any() else function.answer(masks)


# Tried again


@pytest.mark.slow
@pytest.mark.parametrize("fault", [partial, not_a_number])
@pytest.mark.parametrize("threads", [0, 3])
def test_a_tenth_of_the_masks_fails_and_all_are_answered_none_paid_twice(tmp_path, fault, threads):
    masks = masks_of(1000)
    function = Faulty(0.1, 2, fault)
    executor = ThreadPoolExecutor(threads) if threads else None
    lock = threading.Lock()

    def one_at_a_time(batch):
        with lock:
            return function(batch)

    options = {"store": tmp_path / "s.sqlite", "fingerprint": "f", "retries": 5, "executor": executor}
    answers, statement = ask(one_at_a_time, masks, **options, batch_size=16)
    if executor:
        executor.shutdown()
    np.testing.assert_array_equal(answers.values, weighted(masks))
    assert sum(left >= 0 for left in function.left.values()) == 1000
    assert set(function.answered.values()) == {1}
    assert len(function.answered) == 1000
    assert 1150 < function.asked < 1260  # each of about 100 masks three times
    assert statement == f"{function.asked - 1000:,} masks evaluated again, as calls failed"


@pytest.mark.parametrize("fault", [raising, short])
def test_a_batch_that_fails_as_a_whole_is_asked_again(fault):
    masks = masks_of(100)
    function = Faulty(0.02, 2, fault)
    answers, _ = ask(function, masks, retries=20)
    np.testing.assert_array_equal(answers.values, weighted(masks))
    assert set(function.answered.values()) == {1}


@pytest.mark.parametrize("error", [ConnectionError, TimeoutError])
def test_passing_trouble_is_tried_five_times_without_being_asked_to(error):
    calls = []

    def function(masks):
        calls.append(len(masks))
        if len(calls) < 6:
            raise error("busy")
        return weighted(masks)

    answers, _ = ask(function, masks_of(10))
    assert answers.answered.all()
    assert len(calls) == 6
    calls.clear()
    with pytest.raises(ValueFunctionError, match="busy"):
        ask(function, masks_of(10), retries=4)
    assert len(calls) == 5


@pytest.mark.parametrize("retries", [None, 0, 3])
def test_other_exceptions_are_tried_again_as_often_as_asked(retries):
    calls = []

    def function(masks):
        calls.append(len(masks))
        raise ValueError("no")

    with pytest.raises(ValueFunctionError, match="raised ValueError: no"):
        ask(function, masks_of(10), retries=retries)
    assert len(calls) == 1 + (retries or 0)


@pytest.mark.parametrize(
    "error", [TypeError, AttributeError, NameError, NotImplementedError, AssertionError, InputError]
)
def test_mistakes_in_the_program_are_not_tried_again(error):
    calls = []

    def function(masks):
        calls.append(len(masks))
        raise error("bug")

    with pytest.raises(ValueFunctionError, match="bug"):
        ask(function, masks_of(20), retries=5)
    assert len(calls) == 1


def test_delays_grow_with_every_failure_and_are_spread(monkeypatch):
    monkeypatch.setattr(retry_policy, "_FIRST_DELAY", 0.5)
    retries = retry_policy.retries_of_calls(100)
    for failures, longest in [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (30, 60.0)]:
        drawn = [retries.delay(ConnectionError(), failures) for _ in range(200)]
        assert longest / 2 <= min(drawn) < 0.6 * longest
        assert 0.9 * longest < max(drawn) <= longest


def test_nothing_is_asked_before_the_time_that_the_other_side_named():
    times = []

    def function(masks):
        times.append(perf_counter())
        if len(times) == 2:
            answered = np.arange(len(masks)) < 4
            raise PartialAnswerError("429", values=weighted(masks), answered=answered, retry_after=0.5)
        return weighted(masks)

    masks = masks_of(50)
    answers, _ = ask(function, masks)
    np.testing.assert_array_equal(answers.values, weighted(masks))
    assert times[2] - times[1] >= 0.5
    assert times[-1] - times[2] < 1.0


@pytest.mark.parametrize("retries", [None, 1])
def test_a_limited_rate_is_no_failure(retries):
    """Three answers a call, then "come back in a moment": sixteen masks take six calls."""
    calls = []

    def function(masks):
        calls.append(len(masks))
        answered = np.arange(len(masks)) < 3
        if answered.all():
            return weighted(masks)
        raise PartialAnswerError("429", values=weighted(masks), answered=answered, retry_after=0.001)

    masks = masks_of(32)
    answers, _ = ask(function, masks, batch_size=16, retries=retries)
    np.testing.assert_array_equal(answers.values, weighted(masks))
    assert sorted(calls, reverse=True) == [16, 16, 13, 13, 10, 10, 7, 7, 4, 4, 1, 1]
    with pytest.raises(ValueFunctionError, match="429"):
        ask(function, masks, batch_size=16, retries=0)


def test_a_service_that_only_puts_off_is_given_up():
    calls = []

    def function(masks):
        calls.append(len(masks))
        none = np.zeros(len(masks), dtype=bool)
        raise PartialAnswerError("429", values=weighted(masks), answered=none, retry_after=0.001)

    with pytest.raises(ValueFunctionError, match="429"):
        ask(function, masks_of(10))
    assert len(calls) == 6


@pytest.mark.slow
def test_other_masks_are_asked_while_one_waits(monkeypatch):
    monkeypatch.setattr(retry_policy, "_FIRST_DELAY", 2.0)
    order = []

    def function(masks):
        order.append(len(masks))
        if len(order) == 1:
            raise ConnectionError
        return weighted(masks)

    start = perf_counter()
    answers, _ = ask(function, masks_of(95))
    assert answers.answered.all()
    assert order == [10] * 9 + [5, 10]
    assert perf_counter() - start >= 1.0


# Given up


@pytest.mark.parametrize("retries", [0, 2])
@pytest.mark.parametrize("fault", [partial, not_a_number, raising, short])
def test_hopeless_masks_alone_are_dropped(fault, retries):
    masks = masks_of(200)
    function = Faulty(0.05, 10**9, fault)
    answers, statement = ask(function, masks, on_failure="drop", retries=retries)
    hopeless = np.array([function.left[mask.tobytes()] > 0 for mask in masks])
    assert 3 < hopeless.sum() < 20
    np.testing.assert_array_equal(answers.answered, ~hopeless)
    np.testing.assert_array_equal(answers.values[~hopeless], weighted(masks[~hopeless]))
    assert np.isnan(answers.values[hopeless]).all()
    assert set(function.answered.values()) == {1}
    assert statement.startswith(f"{hopeless.sum()} masks dropped, of which the first ")


def test_the_fit_goes_on_without_dropped_masks_and_says_so():
    def function(masks):
        values = weighted(masks)
        values[masks[:, 0] & masks[:, 1] & ~masks[:, 2]] = np.nan
        return values

    for budget in (300, 3000):
        found = spex.explain(function, 20, budget=budget, on_failure="drop", progress=False)
        assert 0.8 * budget < found.n_calls < 0.95 * budget
        assert f"{found.n_calls:,} of {budget:,} distinct masks" in found.plan
        assert f"{budget - found.n_calls} masks dropped, of which the first returned NaN or inf" in found.plan
        assert found.index("SV").as_dict() == pytest.approx({(i,): i + 1.0 for i in range(20)}, abs=1e-8)
        assert found.empty_value == 0.0
        assert found.full_value == weighted(np.ones((1, 20), dtype=bool))[0]


def test_two_answers_are_needed():
    def function(masks):
        values = np.full(len(masks), np.nan)
        values[~masks.any(axis=1)] = 1.0
        return values

    with pytest.raises(
        ValueFunctionError, match="1 of 50 masks were evaluated, at least 2 are needed; 49 masks"
    ) as e:
        spex.explain(function, 20, budget=50, on_failure="drop", progress=False)
    assert e.value.masks.shape == (1, 20)
    assert e.value.failed_masks.shape == (49, 20)


def test_batches_that_run_end_before_a_failure_is_raised(tmp_path):
    """With an executor, what is in flight has been paid for."""
    started = threading.Semaphore(0)

    def function(masks):
        if masks[0, 0]:
            started.acquire(timeout=5)
            raise ValueError("no")
        started.release()
        sleep(0.2)
        return weighted(masks)

    masks = masks_of(40)
    masks = masks[np.argsort(~masks[:, 0], kind="stable")]
    masks = np.concatenate([masks[:1], masks[~masks[:, 0]]])[:15]
    with ThreadPoolExecutor(2) as executor, pytest.raises(ValueFunctionError) as caught:
        ask(function, masks, executor=executor, batch_size=1, in_flight=2)
    np.testing.assert_array_equal(caught.value.values, weighted(caught.value.masks))
    np.testing.assert_array_equal(caught.value.failed_masks, masks[:1])
    assert 1 <= len(caught.value.masks) <= 2
