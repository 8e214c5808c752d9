"""`PartsGame` with several calls at a time: none waits for a slow one, and no answer is lost."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import threading
from collections import Counter
from time import sleep

import numpy as np
import pytest

from spex_plugins import InputError, ValueFunctionError, explain, explain_noisy
from spex_plugins.games import CallOutcome, PartsGame
from spex_plugins.queries import Store
from spex_plugins.queries.calls import retry_policy

PARTS = {name: name for name in "abcdefgh"}
GUARD = 20.0  # seconds after which a test that would hang goes on, and fails


class Calls:
    """Counts calls, by their parts; what happens in the call of a number is given."""

    def __init__(self, event=lambda number: None):
        self.made, self.lock, self.event = Counter(), threading.Lock(), event

    def begin(self, parts):
        with self.lock:
            self.made["".join(parts)] += 1
            return sum(self.made.values())

    def value(self, parts):
        return CallOutcome(("a" in parts) + 2.0 * ("b" in parts and "c" in parts), cost=0.5, trace=[*parts])

    def __call__(self, parts):
        self.event(self.begin(parts))
        return self.value(parts)

    @property
    def number(self):
        return sum(self.made.values())


def asynchronous(calls):
    async def call(parts):
        await asyncio.to_thread(calls.event, calls.begin(parts))
        return calls.value(parts)

    return call


def game_of(call, **options):
    return PartsGame(call, PARTS, **{"concurrency": 3, "fingerprint": "f"} | options)


def run(game, **options):
    return explain(game, **{"budget": 60, "progress": False} | options)


@pytest.mark.parametrize("kind", [lambda calls: calls, asynchronous])
def test_no_call_waits_for_a_slow_one_and_answers_are_kept_as_they_come(tmp_path, kind):
    path, later, kept = tmp_path / "s.sqlite", threading.Event(), []

    def event(number):
        if number == 2:  # slow: it ends when 20 others have begun
            assert later.wait(GUARD)
        if number == 20:
            with Store(path) as store:
                kept.append(len(store.export()[0]))
            later.set()

    calls = Calls(event)
    found = run(game_of(kind(calls), traces=path), store=path)
    assert found.n_calls == calls.number == len(calls.made) == 60
    assert kept[0] >= 17  # 19 have begun before, of which two may be under way
    np.testing.assert_allclose(found.predict(np.ones((1, 8), dtype=bool)), 3.0)


@pytest.mark.parametrize("kind", [lambda calls: calls, asynchronous])
def test_an_interrupt_loses_no_call_that_has_begun(tmp_path, kind):
    path = tmp_path / "s.sqlite"

    def event(number):
        if number == 10:
            os.kill(os.getpid(), signal.SIGINT)
        if number >= 8:
            sleep(0.2)  # these are under way when it arrives

    stopped, rest = Calls(event), Calls()
    game = game_of(kind(stopped))
    with pytest.raises(KeyboardInterrupt) as caught:
        run(game, store=path)
    assert len(caught.value.masks) == stopped.number < 60
    assert game.cost == stopped.number / 2
    assert run(game_of(kind(rest)), store=path).n_stored == stopped.number
    assert stopped.number + rest.number == 60


def test_costs_and_traces_of_all_calls_are_noted(tmp_path):
    calls = Calls(lambda number: sleep(0.001))
    game = game_of(calls, concurrency=8, traces=tmp_path / "s.sqlite")
    run(game)
    assert game.cost == 30.0
    assert sorted("".join(record.kept) for record in game.records()) == sorted(calls.made)


def test_an_error_that_may_pass_is_tried_again_for_its_mask_alone(monkeypatch):
    monkeypatch.setattr(retry_policy, "_FIRST_DELAY", 0.001)

    def event(number):
        if number == 30:
            raise RuntimeError("boom")

    calls = Calls(event)
    found = run(game_of(calls))
    assert found.n_calls == 60
    assert sorted(calls.made.values())[-2:] == [1, 2]
    assert "1 mask evaluated again" in found.plan


def test_an_error_that_concerns_all_calls_ends_the_run():
    def event(number):
        if number >= 30:
            raise InputError("api_key: missing")

    calls = Calls(event)
    with pytest.raises(ValueFunctionError, match="api_key: missing") as caught:
        run(game_of(calls))
    assert len(caught.value.masks) == 29
    assert calls.number <= 29 + 3  # what was under way


def test_a_batch_size_of_the_user_is_used():
    sizes = []

    class Batches(PartsGame):
        def __call__(self, masks):
            sizes.append(len(masks))
            return super().__call__(masks)

    calls = Calls()
    game = Batches(calls, PARTS, concurrency=3, fingerprint="f")
    run(game, batch_size=20)
    assert sizes == [20, 20, 20]
    sizes.clear()
    run(game)
    assert sizes == [1] * 60


def test_noise_is_measured_with_several_calls_at_a_time():
    calls = Calls()
    assert explain_noisy(game_of(calls), budget=100, progress=False).noise.max() == 0
    assert calls.number == 100


def test_a_game_can_be_sent_to_other_processes():
    game = pickle.loads(pickle.dumps(PartsGame(len, PARTS, concurrency=3)))
    assert game(np.ones((1, 8), dtype=bool)).tolist() == [8.0]
