"""`PartsGame`: calls with the kept parts, their costs and traces, and what fails."""

from __future__ import annotations

import asyncio
import pickle
import threading
from collections import Counter
from contextlib import nullcontext

import numpy as np
import pytest

from spex_plugins import InputError, PartialAnswerError, Queries, ValueFunctionError, explain
from spex_plugins.games import CallOutcome, PartsGame

PARTS = {"search": 1, "rules": 2, "memory": 3, "calculator": 4}


def worth(kept):
    return 2.0 * ("search" in kept and "calculator" in kept) - 1.0 * ("memory" in kept)


async def slow_worth(kept):
    await asyncio.sleep(0.001)
    return worth(kept)


def all_masks(n):
    return (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(bool)


def by_hand(masks):
    return 2.0 * (masks[:, 0] & masks[:, 3]) - masks[:, 2]


@pytest.mark.parametrize("call", [worth, slow_worth, lambda kept: slow_worth(kept)])
@pytest.mark.parametrize("concurrency", [1, 3])
def test_every_value_is_that_of_a_call_with_the_kept_parts(call, concurrency):
    game = PartsGame(call, PARTS, concurrency=concurrency)
    np.testing.assert_array_equal(game(all_masks(4)), by_hand(all_masks(4)))
    found = explain(game, progress=False)
    assert found.index("Moebius").as_dict() == pytest.approx({(0, 3): 2.0, (2,): -1.0})
    assert found.feature_names == tuple(PARTS)


def test_parts_come_in_order_and_pinned_ones_always():
    seen = []
    game = PartsGame(lambda kept: seen.append(list(kept.items())) or 1.0, PARTS, pinned=["rules"])
    assert game.feature_names == ("search", "memory", "calculator")
    game(np.array([[0, 0, 0], [1, 0, 1]], bool))
    assert seen == [[("rules", 2)], [("search", 1), ("rules", 2), ("calculator", 4)]]


def test_several_outputs_and_outcomes():
    def call(kept):
        return CallOutcome([len(kept), worth(kept)], cost=0.5 * len(kept), trace=list(kept))

    game = PartsGame(call, PARTS, output_names=["count", "worth"])
    masks = all_masks(4)
    np.testing.assert_array_equal(game(masks), np.stack([masks.sum(axis=1), by_hand(masks)], axis=1))
    assert game.cost == 0.5 * masks.sum()
    assert game.output_names == ("count", "worth")
    assert "cost so far 16" in repr(game)


def test_costs_and_traces_are_in_the_file_of_the_store(tmp_path):
    path = tmp_path / "run.sqlite"

    def call(kept):
        return CallOutcome(worth(kept), cost=len(kept), trace={"steps": list(kept), "other": object})

    games = [PartsGame(call, PARTS, traces=path, fingerprint="agent 1") for _ in range(2)]
    for game in games:
        found = explain(game, store=path, progress=False)
    assert found.n_stored == 16
    assert games[1].cost == 0.0
    records = games[1].records()
    assert len(records) == 16
    for record in records:
        kept = dict.fromkeys(record.kept)
        assert record.value == worth(kept)
        assert record.cost == len(kept)
        assert record.trace == {"steps": list(kept), "other": str(object)}
        assert record.seconds >= 0.0
    assert PartsGame(call, PARTS, traces=path, fingerprint="agent 2").records() == []
    assert PartsGame(call, PARTS).records() == []


def test_a_trace_that_json_has_no_place_for_loses_no_value(tmp_path):
    within = []
    within.append(within)
    traces = iter([{("step", 1): "x"}, within, "x", float("nan")])

    def call(kept):
        return CallOutcome(worth(kept), trace=next(traces))

    game = PartsGame(call, PARTS, traces=tmp_path / "run.sqlite", fingerprint="a")
    np.testing.assert_array_equal(game(all_masks(4)[:4]), by_hand(all_masks(4)[:4]))
    assert [record.trace for record in game.records()][:3] == ["{('step', 1): 'x'}", "[[...]]", "x"]


def test_traces_that_cannot_be_written_lose_no_value(tmp_path):
    path = tmp_path / "run.sqlite"
    game = PartsGame(worth, PARTS, traces=path, fingerprint="a")
    path.write_bytes(b"no store" * 1000)
    with pytest.warns(UserWarning, match=r"^traces: 16 calls could not be written"):
        np.testing.assert_array_equal(game(all_masks(4)), by_hand(all_masks(4)))


def test_games_without_a_fingerprint_have_their_own_records(tmp_path):
    one = PartsGame(worth, PARTS, traces=tmp_path / "run.sqlite")
    other = PartsGame(lambda kept: 2.0, {"cats": 1}, traces=tmp_path / "run.sqlite")
    one(all_masks(4))
    other(all_masks(1))
    assert len(one.records()) == 16
    assert [record.kept for record in other.records()] == [(), ("cats",)]


def test_a_call_whose_thread_an_interrupt_hides_is_waited_for(monkeypatch):
    begun, ended, started = [], [], []
    start = threading.Thread.start

    def interrupted(thread):
        start(thread)
        started.append(thread)
        if len(started) == 3:
            raise KeyboardInterrupt

    def call(kept):
        begun.append(kept)
        threading.Event().wait(0.05)
        ended.append(kept)
        return 1.0

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt) as raised:
        PartsGame(call, PARTS, concurrency=4)(all_masks(4))
    assert len(begun) == len(ended) == raised.value.__cause__.answered.sum() > 0


def test_a_call_that_cancels_itself_is_an_error():
    async def call(kept):
        if len(kept) == 2:
            raise asyncio.CancelledError
        return worth(kept)

    with pytest.raises(PartialAnswerError, match="cancelled"):
        PartsGame(call, PARTS)(all_masks(4))


def test_the_estimate_of_costs_limits_a_run():
    game = PartsGame(worth, PARTS, pinned="rules", part_costs={"search": 2.0, "rules": 0.5}, base_cost=1.0)
    np.testing.assert_array_equal(game.work(np.array([[0, 0, 0], [1, 0, 1]], bool)), [1.5, 3.5])
    found = explain(game, budget=8, max_cost=10.0, queries=None, progress=False)
    assert found.n_calls < 8


def test_a_failed_call_keeps_the_others(tmp_path):
    def call(kept):
        if list(kept) == ["memory"]:
            raise ConnectionError("gone")
        return CallOutcome(worth(kept), cost=1.0)

    game = PartsGame(call, PARTS, traces=tmp_path / "run.sqlite", fingerprint="a")
    with pytest.raises(PartialAnswerError, match="ConnectionError: gone") as raised:
        game(all_masks(4))
    assert raised.value.answered.sum() == len(game.records()) == 4  # those before it
    np.testing.assert_array_equal(raised.value.values[:4], by_hand(all_masks(4)[:4]))


def test_failed_calls_are_repeated_alone():
    failing = {"memory": 1}
    count = []

    async def call(kept):
        count.append(1)
        if "memory" in kept and failing["memory"]:
            failing["memory"] -= 1
            raise ConnectionError("gone")
        return worth(kept)

    found = explain(PartsGame(call, PARTS, concurrency=2), queries=Queries(progress=False))
    assert found.exact
    assert len(count) == 17


@pytest.mark.parametrize("wrong", ["text", [[1.0]], [], CallOutcome(1.0, cost=np.inf), object()])
def test_values_that_are_none(wrong):
    with pytest.raises(InputError, match=r"^call"):
        PartsGame(lambda kept: wrong, PARTS)(all_masks(4))


def test_a_call_that_returns_nothing_or_another_shape():
    with pytest.raises(TypeError, match="None"):
        PartsGame(lambda kept: None, PARTS)(all_masks(4))
    game = PartsGame(lambda kept: [1.0] * (1 + ("rules" in kept)), PARTS)
    with pytest.raises(ValueFunctionError, match="after"):
        explain(game, progress=False)


def test_fingerprints(tmp_path):
    one, same = (PartsGame(worth, PARTS, fingerprint="a") for _ in range(2))
    assert one.fingerprint == same.fingerprint
    others = [PartsGame(worth, PARTS, fingerprint="b"),
              PartsGame(worth, PARTS, pinned="rules", fingerprint="a"),
              PartsGame(worth, {"search": 1}, fingerprint="a")]  # fmt: skip
    assert len({game.fingerprint for game in (one, *others)}) == 4
    with pytest.raises(InputError, match=r"^fingerprint"):
        explain(PartsGame(worth, PARTS), store=tmp_path / "run.sqlite")


def test_pickled(tmp_path):
    game = PartsGame(worth, PARTS, traces=tmp_path / "run.sqlite", fingerprint="a")
    copy = pickle.loads(pickle.dumps(game))
    np.testing.assert_array_equal(copy(all_masks(4)), by_hand(all_masks(4)))
    assert len(game.records()) == 16


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"call": 3}, "call"), ({"parts": ["a"]}, "parts"), ({"parts": {1: 2}}, "parts"),
        ({"pinned": ["nothing"]}, "pinned"), ({"pinned": list(PARTS)}, "parts, pinned"),
        ({"concurrency": 0}, "concurrency"), ({"part_costs": {"nothing": 1.0}}, "part_costs"),
    ],
)  # fmt: skip
def test_unusable_arguments(changes, name):
    settings = {"call": worth, "parts": PARTS} | changes
    with pytest.raises(InputError, match=rf"^{name}"):
        PartsGame(settings.pop("call"), settings.pop("parts"), **settings)


def test_a_file_that_is_no_store(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("not a database " * 100)
    with pytest.raises(InputError, match="store"):
        PartsGame(worth, PARTS, traces=path)
    assert path.read_text().startswith("not a database")


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("retries", [None, 0])
def test_only_calls_that_fail_are_dropped(concurrency, retries):
    asked = Counter()

    def call(kept):
        asked[tuple(kept)] += 1
        if {"p0", "p1", "p2"} <= set(kept):
            raise TypeError("this combination fails")
        return float("p3" in kept)

    game = PartsGame(call, {f"p{i}": i for i in range(10)}, concurrency=concurrency)
    found = explain(game, budget=100, on_failure="drop", retries=retries, progress=False)
    failing = [kept for kept in asked if {"p0", "p1", "p2"} <= set(kept)]
    assert failing
    assert len(asked) == 100
    assert found.n_calls == 100 - len(failing)
    assert set(asked.values()) == {1}


@pytest.mark.parametrize("wrong", ["no grade", [1.0, 2.0], np.nan])
def test_a_call_without_a_usable_value_has_cost_and_trace(tmp_path, wrong):
    def call(kept):
        value = wrong if {"search", "rules"} <= set(kept) else 1.0
        return CallOutcome(value, cost=2.0, trace=["paid"])

    game = PartsGame(call, PARTS, traces=tmp_path / "run.sqlite", concurrency=16)
    with pytest.raises(PartialAnswerError) if wrong is not np.nan else nullcontext():
        game(all_masks(4)[::-1])
    assert game.cost == 32.0
    records = game.records()
    assert [record.cost for record in records] == [2.0] * 16
    assert [record.trace for record in records] == [["paid"]] * 16
    np.testing.assert_equal([r.value for r in records if {"search", "rules"} <= set(r.kept)], [wrong] * 4)


def test_a_cost_that_is_no_number_is_refused_and_counts_as_nothing():
    game = PartsGame(lambda kept: CallOutcome(1.0, cost="much"), PARTS)
    with pytest.raises(InputError, match="finite cost"):
        game(all_masks(4))
    assert game.cost == 0.0


@pytest.mark.parametrize("concurrency", [1, 4])
def test_results_of_no_use_are_dropped_alone(concurrency):
    def call(kept):
        return CallOutcome("no grade" if {"search", "rules"} <= set(kept) else 1.0, cost=2.0)

    game = PartsGame(call, PARTS, concurrency=concurrency)
    game(np.zeros((1, 4), dtype=bool))
    found = explain(game, on_failure="drop", progress=False)
    assert found.n_calls == 12
    assert game.cost == 2.0 * 17
