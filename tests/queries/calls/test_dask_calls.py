"""How calls in a Dask cluster end: workers that die, tasks that are lost, and a client that is closed."""

from __future__ import annotations

from concurrent.futures import (
    Executor,
    Future,
)
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
from sessions import ask, shuffled_masks
from worker_functions import weighted

from spex_plugins import InputError, ValueFunctionError
from spex_plugins.queries.calls import executors
from spex_plugins.queries.calls.runners import dask_runner
from spex_plugins.queries.scheduling import scheduler


@contextmanager
def cluster(**options):
    from distributed import Client, LocalCluster

    options = {"n_workers": 1, "threads_per_worker": 2, "dashboard_address": ":0"} | options
    with LocalCluster(**options) as made, Client(made) as client:
        yield client


@pytest.mark.slow
def test_a_dask_worker_that_dies_and_comes_back(tmp_path):
    flag = tmp_path / "died"

    def dies_once(masks):
        import os

        if masks[:, :3].all(axis=1).any() and not os.path.exists(flag):
            open(flag, "w").close()
            os.kill(os.getpid(), 9)
        return masks @ np.arange(1.0, masks.shape[1] + 1)

    masks = shuffled_masks(400)
    with cluster(silence_logs=50) as client:
        answers, _ = ask(dies_once, masks, executor=client.get_executor())
        assert flag.exists()
        np.testing.assert_array_equal(answers.values, weighted(masks))


@pytest.mark.slow
def test_a_dask_task_that_exits_ends_the_program_not_the_worker():
    def leaves(masks):
        raise SystemExit(3)

    with cluster(processes=False) as client, pytest.raises(SystemExit) as caught:
        ask(leaves, shuffled_masks(100), executor=client.get_executor())
    assert caught.value.code == 3


class FakeClient(Executor):
    """What is asked of a Dask client, whose tasks never end."""

    __module__ = "distributed.fake"

    def __init__(self):
        self.status, self.futures, self.workers, self.made = "running", {}, {"one": {}}, []

    def get_executor(self):
        return self

    def nthreads(self):
        return {"one": 2}

    def scheduler_info(self):
        return {"workers": self.workers}

    def submit(self, *task, key, pure):
        self.futures[key] = SimpleNamespace(status="pending")
        self.made.append(Future())
        return self.made[-1]


def test_what_a_dask_client_says_of_tasks_that_do_not_end(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(dask_runner, "monotonic", lambda: now[0])
    client = FakeClient()
    runner = executors.make_runner(weighted, client, may_hang=False)
    masks = shuffled_masks(10)
    kept, forgotten, lost = (runner.submit(masks) for _ in range(3))
    names = list(client.futures)
    del client.futures[names[1]]
    client.futures[names[2]].status = "lost"
    assert runner.check() == ""
    assert not forgotten.cancelled()  # news may be under way
    assert runner.check() == ""
    assert [future.cancelled() for future in (kept, forgotten, lost)] == [False, True, True]
    client.workers = {}
    now[0] += 10 * dask_runner._NO_WORKERS  # of work, before anybody looked
    assert runner.check() == ""
    now[0] += 0.9 * dask_runner._NO_WORKERS
    assert runner.check() == ""
    now[0] += 0.2 * dask_runner._NO_WORKERS
    assert "the Dask cluster has had no workers for 60 seconds" in runner.check()
    client.workers = {"other": {}}
    assert runner.check() == ""
    client.status = "closed"
    assert "the Dask client is closed" in runner.check()


@pytest.mark.slow
def test_a_dask_executor_must_be_that_of_the_current_client():
    from distributed import Client

    masks, message = shuffled_masks(30), "executor: is not of the current Dask client; pass the client itself"
    with cluster(processes=False) as client:
        with Client(client.scheduler.address) as other:
            pool = client.get_executor()
            assert Client.current() is other
            with pytest.raises(InputError, match=message):
                ask(weighted, masks, executor=pool)
            answers, _ = ask(weighted, masks, executor=client)
            np.testing.assert_array_equal(answers.values, weighted(masks))
        answers, _ = ask(weighted, masks, executor=client.get_executor())
        np.testing.assert_array_equal(answers.values, weighted(masks))
    with pytest.raises(InputError, match=message):
        ask(weighted, masks, executor=pool)


@pytest.mark.slow
def test_a_run_asks_how_its_executor_is_when_nothing_comes(monkeypatch):
    monkeypatch.setattr(scheduler, "_CHECK", 0.01)
    client = FakeClient()
    client.status = "closed"
    with pytest.raises(ValueFunctionError, match="cannot be called any more: the Dask client is closed"):
        ask(weighted, shuffled_masks(10), executor=client)
