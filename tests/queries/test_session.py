"""The query layer alone: answers keep their order, and nothing is asked twice."""

from __future__ import annotations

import doctest
import sys
from io import StringIO
from time import process_time

import numpy as np
import pytest
from games import Recorded

from spex_plugins import InputError
from spex_plugins.queries import Queries, Session, session


def ask(function, masks, **options):
    with Session(function, Queries(**options)) as session:
        answers = session.ask(masks)
    assert answers.answered.all()
    return answers.values


def masks_of(m, n=20):
    return np.random.default_rng(m).random((m, n)) < 0.5


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


@pytest.mark.slow
def test_many_small_batches_cost_no_more_than_their_calls():
    """Answers are put together once, not after every batch."""
    masks = masks_of(20_000)
    start = process_time()
    ask(lambda m: m[:, 0], masks, batch_size=1, progress=False)
    assert process_time() - start < 5.0


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
    assert "evaluated" in caught.value.__notes__[0]
