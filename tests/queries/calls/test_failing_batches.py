"""Batches that fail in part: with on_failure="drop", failing masks are found within the budget."""

from __future__ import annotations

import pickle
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sessions import ask, masks_of, session_of
from worker_functions import weighted

import spex_plugins as spex
from spex_plugins import PartialAnswerError, ValueFunctionError


class Raising:
    """Raises for every batch with a mask that keeps the first few features; counts every evaluation."""

    def __init__(self, first):
        self.first, self.asked = first, Counter()

    def __call__(self, masks):
        self.asked.update(mask.tobytes() for mask in masks)
        if self.fails(masks).any():
            raise ValueError("unanswerable")
        return weighted(masks)

    def fails(self, masks):
        return masks[:, : self.first].all(axis=1)

    def failing_asked(self, n):
        masks = np.array([np.frombuffer(key, dtype=bool) for key in self.asked])
        return int(self.fails(masks).sum())


@pytest.mark.parametrize("share", [1, 3, 6])
@pytest.mark.parametrize("batch_size", [None, 50])
def test_the_budget_holds_where_whole_batches_fail(share, batch_size):
    function = Raising(share)
    options = {"on_failure": "drop", "batch_size": batch_size, "progress": False}
    found = spex.explain(function, 20, budget=600, estimator="sparse_regression", **options)
    assert sum(function.asked.values()) == 600  # some twice, in place of others
    assert max(function.asked.values()) == 2
    repeated = 600 - len(function.asked)
    assert found.n_calls == len(function.asked) - function.failing_asked(20)
    assert f"{repeated} masks evaluated again, in place of {repeated}" in found.plan
    assert f"{function.failing_asked(20)} masks dropped, of which the first raised ValueError" in found.plan
    assert found.n_calls > 200 * share if share < 3 else found.n_calls > 400


@pytest.mark.parametrize(
    "target", [{"budget": 2000, "target_r2": 0.999}, {"budget": 900, "target_r2": 0.999}]
)
def test_the_budget_of_a_run_in_rounds_holds(target):
    function = Raising(3)
    spex.explain(function, 20, on_failure="drop", progress=False, **target)
    assert sum(function.asked.values()) <= target["budget"]


def test_a_budget_that_is_not_spent_serves_the_second_attempts():
    """All 2^8 masks are asked of 1,000: every mask is answered or fails by itself."""
    function = Raising(3)
    found = spex.explain(function, 8, budget=1000, on_failure="drop", progress=False)
    assert len(function.asked) == 256
    assert found.n_calls == 256 - 32
    assert "in place of" not in found.plan


def test_the_cost_of_second_attempts_counts():
    function = Raising(3)
    options = {"budget": 500, "max_cost": 200.0, "on_failure": "drop", "progress": False}
    found = spex.explain(function, 20, **options)
    assert sum(function.asked.values()) == 200
    assert "ended early by max_cost=200" in found.plan


class Stopping:
    """Evaluates one mask after the other, as far as the first that fails, and says how far it came."""

    def __init__(self, transient=True):
        self.transient, self.asked = transient, Counter()

    def __call__(self, masks):
        values, answered, failed = np.zeros(len(masks)), *np.zeros((2, len(masks)), dtype=bool)
        for i, mask in enumerate(masks):
            self.asked[mask.tobytes()] += 1
            if mask[-3:].all():
                failed[i] = True
                how = {"failed": failed, "transient": self.transient}
                raise PartialAnswerError("no", values=values, answered=answered, **how)
            values[i], answered[i] = weighted(mask[None])[0], True
        return values


@pytest.mark.parametrize(("transient", "retries", "times"), [
    (True, 0, 1), (True, 2, 3), (False, None, 1), (False, 3, 1), (None, None, 1), (None, 1, 2),
])  # fmt: skip
def test_masks_that_were_not_begun_are_evaluated_later(monkeypatch, transient, retries, times):
    monkeypatch.setattr("spex_plugins.queries.calls.retry_policy._FIRST_DELAY", 0.001)
    function, masks = Stopping(transient), masks_of(200)
    answers, statement = ask(function, masks, on_failure="drop", retries=retries)
    fails = masks[:, -3:].all(axis=1)
    np.testing.assert_array_equal(answers.answered, ~fails)
    np.testing.assert_array_equal(answers.values[~fails], weighted(masks[~fails]))
    asked = np.array([function.asked[mask.tobytes()] for mask in masks])
    np.testing.assert_array_equal(asked, np.where(fails, times, 1))
    assert statement.startswith(f"{fails.sum()} masks dropped")


def test_the_first_failure_ends_a_run_that_may_not_drop():
    function, masks = Stopping(transient=False), masks_of(200)
    with pytest.raises(ValueFunctionError) as raised:
        ask(function, masks)
    assert len(raised.value.failed_masks) == 1
    assert len(raised.value.masks) == len(function.asked) - 1


def test_a_batch_in_which_nothing_was_begun_is_a_failure():
    def function(masks):
        none = np.zeros(len(masks), dtype=bool)
        raise PartialAnswerError("no", values=none * 1.0, answered=none, failed=none, transient=False)

    answers, _ = ask(function, masks_of(20), on_failure="drop")
    assert not answers.answered.any()


def test_partial_answers_are_pickled_completely():
    flags = np.eye(3, dtype=bool)
    error = PartialAnswerError(
        "no", values=np.arange(3.0), answered=flags[0], failed=flags[1], transient=None
    )
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.retry_after, copy.transient) == ("no", None, None)
    np.testing.assert_array_equal([copy.answered, copy.failed], flags[:2])


def test_a_session_without_a_budget_answers_all():
    function, masks = Raising(3), ~masks_of(300)
    assert function.fails(masks).any()
    with session_of(function, on_failure="drop") as session:
        np.testing.assert_array_equal(session.ask(masks).answered, ~function.fails(masks))


def test_masked_entries_of_an_array_are_missing_values():
    def function(masks):
        values = np.where(masks[:, 0], -9999.0, weighted(masks))
        return np.ma.masked_where(masks[:, 0], values)

    masks = masks_of(60, n=6)
    with pytest.raises(ValueFunctionError, match="NaN or inf"):
        ask(function, masks)
    answers, statement = ask(function, masks, on_failure="drop")
    np.testing.assert_array_equal(answers.answered, ~masks[:, 0])
    np.testing.assert_array_equal(answers.values[~masks[:, 0]], weighted(masks[~masks[:, 0]]))
    assert statement.startswith(f"{masks[:, 0].sum()} masks dropped")
    whole, _ = ask(lambda masks: np.ma.MaskedArray(masks.sum(axis=1)), masks)
    np.testing.assert_array_equal(whole.values, masks.sum(axis=1))
    counts = np.ma.masked_where(masks[:, 0], masks.sum(axis=1))  # integers have no NaN
    with pytest.raises(spex.InputError, match=f"values: {masks[:, 0].sum()} of {len(masks)} samples are NaN"):
        spex.fit(masks, counts)


@pytest.mark.parametrize("threads", [0, 3])
def test_calls_that_are_repeated_are_counted_in_the_result(threads):
    asked, calls = Counter(), []

    def function(masks):
        asked.update(mask.tobytes() for mask in masks)
        calls.append(len(masks))
        if len(calls) % 4 == 0:
            raise ConnectionError("reset")
        return weighted(masks)

    with ThreadPoolExecutor(max(threads, 1)) as pool:
        executor = pool if threads else None
        found = spex.explain(function, 20, budget=200, executor=executor, batch_size=8, progress=False)
    again = sum(asked.values()) - len(asked)
    assert again > 20
    assert found.n_calls == len(asked) == 200
    assert f"; {again} masks evaluated again, as calls failed" in found.plan


@pytest.mark.parametrize("answered", [0, 64])
def test_a_function_that_fails_altogether_gets_no_other_masks(answered):
    """Of 25 batches that remain, two are called: the first six times, and the other meanwhile."""
    asked = Counter()

    def function(masks):
        if len(asked) < answered:
            asked.update(mask.tobytes() for mask in masks)
            return weighted(masks)
        failing.update(mask.tobytes() for mask in masks)
        raise ConnectionError("unreachable")

    failing = Counter()
    with pytest.raises(ValueFunctionError, match="unreachable") as caught:
        ask(function, masks_of(200 + answered), batch_size=8)
    assert len(caught.value.masks) == answered
    assert len(failing) == 16
    assert max(failing.values()) == 6
