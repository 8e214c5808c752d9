"""The query layer alone: batch sizes follow the speed, answers keep their order."""

from __future__ import annotations

import doctest
import sys
from io import StringIO
from itertools import pairwise
from time import perf_counter

import numpy as np
import pytest
from games import Recorded

from spex_plugins import InputError
from spex_plugins.queries import Queries, Session, replies, session


def ask(function, masks, **options):
    with Session(function, Queries(**options)) as session:
        answers = session.ask(masks)
    assert answers.answered.all()
    return answers.values


def masks_of(m, n=20):
    return np.random.default_rng(m).random((m, n)) < 0.5


@pytest.fixture
def clock(monkeypatch):
    """A clock that only the value function moves."""
    now = [0.0]
    monkeypatch.setattr(replies, "perf_counter", lambda: now[0])
    return now


def timed(clock, seconds_per_mask):
    def function(masks):
        clock[0] += seconds_per_mask * len(masks)
        return masks.sum(axis=1)

    return Recorded(function)


@pytest.mark.parametrize("batch_size", [None, 1, 13])
@pytest.mark.parametrize("m", [1, 31, 32, 33, 500])
def test_answers_keep_the_order_of_the_masks(m, batch_size):
    masks = masks_of(m)
    function = Recorded(lambda x: x @ np.arange(20))
    values = ask(function, masks, batch_size=batch_size, progress=False)
    np.testing.assert_array_equal(values, masks @ np.arange(20))
    np.testing.assert_array_equal(function.masks, masks)
    assert values.dtype == np.float64


@pytest.mark.parametrize("m", [1, 5, 60])
def test_small_rounds_after_a_large_one_ask_what_is_new(m):
    first, new = masks_of(50), masks_of(60)[:m]
    function = Recorded(lambda x: x @ np.arange(20))
    mixed = np.concatenate([first[40:], new, first[:3], new])
    with Session(function, Queries(progress=False)) as session:
        session.ask(first)
        for masks in (first[:1], mixed, mixed[::-1]):
            np.testing.assert_array_equal(session.ask(masks).values, masks @ np.arange(20))
    np.testing.assert_array_equal(function.masks, np.concatenate([first, new]))


def test_the_example_of_the_docstring_is_true():
    assert doctest.testmod(session) == (0, 2)


def test_batches_of_a_fast_function_grow_fourfold(clock):
    function = timed(clock, 1e-9)
    ask(function, masks_of(50_000), progress=False)
    sizes = [len(batch) for batch in function.batches]
    assert sizes[0] == 16
    assert all(y == min(4 * x, 8192) for x, y in pairwise(sizes[:-1]))
    assert max(sizes) == 8192


@pytest.mark.parametrize(("seconds", "size"), [(0.001, 500), (0.01, 50), (0.2, 16), (3.0, 16)])
def test_batches_take_about_half_a_second_but_hold_at_least_sixteen(clock, seconds, size):
    function = timed(clock, seconds)
    ask(function, masks_of(3000), progress=False)
    settled = [len(batch) for batch in function.batches[4:-1]]
    assert settled
    assert set(settled) <= {size, max(size - 1, 16)}  # a sum of floats may round down


def test_batch_sizes_adapt_when_the_speed_changes(clock):
    def function(masks):
        clock[0] += len(masks) * (1e-6 if clock[0] < 1e-3 else 1e-2)
        return masks.sum(axis=1)

    recorded = Recorded(function)
    ask(recorded, masks_of(8000), progress=False)
    sizes = [len(batch) for batch in recorded.batches]
    assert max(sizes) > 500
    assert sizes[-2] == 50


@pytest.mark.parametrize("progress", [True, False])
def test_a_quick_run_shows_no_bar(monkeypatch, progress):
    screen = StringIO()
    monkeypatch.setattr(sys, "stderr", screen)
    ask(lambda m: m[:, 0], masks_of(100), progress=progress)
    assert screen.getvalue() == ""


@pytest.mark.parametrize("batch_size", [0, -3])
def test_empty_batches_are_refused(batch_size):
    with pytest.raises(InputError, match="batch_size"):
        ask(lambda m: m[:, 0], masks_of(5), batch_size=batch_size)


def test_many_small_batches_cost_no_more_than_their_calls():
    """Answers are put together once, not after every batch."""
    masks = masks_of(20_000)
    start = perf_counter()
    ask(lambda m: m[:, 0], masks, batch_size=1, progress=False)
    assert perf_counter() - start < 5.0


@pytest.mark.parametrize("answered", [0, 24])
def test_stopping_the_run_keeps_its_answers(answered):
    masks = masks_of(100)

    def stopped(x):
        if len(function.masks) > answered:
            raise KeyboardInterrupt
        return x.sum(axis=1)

    function = Recorded(stopped)
    with pytest.raises(KeyboardInterrupt) as caught:
        ask(function, masks, batch_size=8, progress=False)
    np.testing.assert_array_equal(caught.value.masks, masks[:answered])
    np.testing.assert_array_equal(caught.value.values, masks[:answered].sum(axis=1))
    assert "answered" in caught.value.__notes__[0]
