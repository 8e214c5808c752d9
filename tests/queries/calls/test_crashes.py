"""Processes that are killed, and processes that share a store."""

from __future__ import annotations

from pathlib import Path
from time import sleep

import numpy as np
import pytest

from spex_plugins.queries import Queries, Session, Store

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.fixture(autouse=True)
def on_path(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)


def checked(folder, count):
    """Read the store, compare all values, and return its masks."""
    from library.workers.killed_run import value

    with Store(folder / "s.sqlite") as store:
        masks, values = store.export()
    np.testing.assert_array_equal(values, value(masks))
    assert len(masks) == count
    return set(map(bytes, np.packbits(masks, axis=1)))


@pytest.mark.slow
def test_ten_kills_lose_nothing(tmp_path):
    from queries.kill_nine import _BATCH, kill_often

    tally = kill_often(tmp_path, 10, 1500, np.random.default_rng(1))
    assert tally.kills == 10
    assert (tally.lost, tally.wrong) == (0, 0)
    assert tally.again <= _BATCH
    assert tally.asked <= 1500 + 10 * _BATCH
    checked(tmp_path, 1500)
    assert {path.name for path in tmp_path.iterdir() if path.name.startswith("s.")} == {"s.sqlite"}


@pytest.mark.slow
def test_two_processes_share_the_work(tmp_path):
    from queries.kill_nine import asked_in, start

    runs = [start(tmp_path, name, 600, 0.05) for name in ("a", "b")]
    assert [run.wait() for run in runs] == [0, 0]
    a, b = (asked_in(tmp_path / name) for name in ("a", "b"))
    assert len(set(a)) == len(a)
    assert not set(a) & set(b)
    assert set(a) | set(b) == checked(tmp_path, 600)
    assert min(len(a), len(b)) > 0


@pytest.mark.slow
def test_the_survivor_asks_what_a_killed_process_had_claimed(tmp_path):
    from queries.kill_nine import _BATCH, asked_in, start

    victim = start(tmp_path, "victim", 300, 60.0)
    while not asked_in(tmp_path / "victim"):
        sleep(0.01)
    survivor = start(tmp_path, "survivor", 300, 0.0)
    while len(asked_in(tmp_path / "survivor")) < 300 - _BATCH:
        assert survivor.poll() is None
        sleep(0.01)
    sleep(0.3)
    assert survivor.poll() is None  # it waits for the answers of the other
    assert len(asked_in(tmp_path / "survivor")) == 300 - _BATCH
    victim.kill()
    victim.wait()
    assert survivor.wait(timeout=30) == 0
    assert set(asked_in(tmp_path / "survivor")) == checked(tmp_path, 300)


def test_two_sessions_of_one_process_share_a_store(tmp_path):
    """One session asks while the other has claimed half of the masks and answers them later."""
    from library.workers.killed_run import masks_of, value

    masks = masks_of(64)
    queries = Queries(store=tmp_path / "s.sqlite", fingerprint="value", batch_size=8, progress=False)
    inner = []

    def outer_function(batch):
        if not inner:
            with Session(inner_function, queries) as session:
                inner.append(session.ask(masks[8:]))
        return value(batch)

    def inner_function(batch):
        assert not (batch[:, None] == masks[None, :8]).all(axis=2).any()
        return value(batch)

    with Session(outer_function, queries) as session:
        answers = session.ask(masks)
    np.testing.assert_array_equal(answers.values, value(masks))
    assert answers.n_stored == 56
    assert inner[0].n_stored == 0
