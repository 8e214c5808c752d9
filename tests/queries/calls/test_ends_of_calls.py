"""Every way in which a call can end: nothing waits for ever, and what arrives is kept."""

from __future__ import annotations

import signal
import sys
import threading
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from threading import Event
from time import sleep
from types import SimpleNamespace

import numpy as np
import pytest
from sessions import ask
from worker_functions import ends_its_process, exits, weighted

import spex_plugins as spex
from spex_plugins import InputError, PartialAnswerError, ValueFunctionError
from spex_plugins.queries import Store
from spex_plugins.queries.calls import dask_runner, executors, retry_policy
from spex_plugins.queries.calls.runners.worker import call_kept
from spex_plugins.queries.scheduling import interruption, scheduler
from spex_plugins.queries.scheduling.in_flight import InFlight

GUARD = 60.0  # seconds that no test needs
HERE = str(Path(__file__).parents[1])


def masks_of(m, n=20):
    return np.random.default_rng(m).permutation(
        np.unique(np.random.default_rng(m).random((2 * m, n)) < 0.5, axis=0)
    )[:m]


def find_tests():
    sys.path.insert(0, HERE)


def threads():
    return ThreadPoolExecutor(2)


def processes():
    return ProcessPoolExecutor(2, mp_context=get_context("spawn"), initializer=find_tests)


def loky():
    from loky import ProcessPoolExecutor as Loky

    return Loky(2, timeout=60, initializer=find_tests)


# Executors that end


class ShutDown(Executor):
    """A pool that is shut down when it has got a number of different batches.

    A worker without the function gets its batch again, which happens more often on a busy machine.
    """

    _max_workers = 2

    def __init__(self, pool, after, **how):
        self.pool, self.after, self.how, self.batches = pool, after, how, set()

    def submit(self, function, /, *arguments):
        future = self.pool.submit(function, *arguments)
        (masks,) = (one for one in arguments if isinstance(one, np.ndarray))
        self.batches.add(masks.tobytes())
        if len(self.batches) == self.after:
            self.pool.shutdown(wait=False, **self.how)
        return future


@pytest.mark.parametrize(
    ("make", "how"),
    [
        (threads, {"cancel_futures": True}),
        (threads, {}),
        (processes, {"cancel_futures": True}),
        pytest.param(processes, {}, marks=pytest.mark.slow),
        pytest.param(loky, {"kill_workers": True}, marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("on_failure", ["raise", "drop"])
def test_a_pool_that_is_shut_down_ends_the_run(make, how, on_failure):
    with pytest.raises(ValueFunctionError, match=r"shut down|shutdown|Terminated|Broken") as caught:
        ask(
            weighted, masks_of(400), executor=ShutDown(make(), 30, **how), batch_size=5, on_failure=on_failure
        )
    assert 130 <= len(caught.value.masks) <= 150  # four batches of five are in flight
    np.testing.assert_array_equal(caught.value.values, weighted(caught.value.masks))


@pytest.mark.slow
@pytest.mark.parametrize("make", [processes, loky])
def test_workers_that_die_end_the_run(make):
    masks = np.concatenate([masks_of(100), np.ones((1, 20), dtype=bool), masks_of(101)])
    with make() as pool, pytest.raises(ValueFunctionError, match=r"Terminated|Broken") as caught:
        ask(ends_its_process, masks, executor=pool, batch_size=5)
    np.testing.assert_array_equal(caught.value.values, weighted(caught.value.masks))


class Ends(Executor):
    """Lets the third call end in a way of its own, and answers the others at once."""

    _max_workers = 2

    def __init__(self, end):
        self.end, self.calls = end, 0

    def submit(self, function, /, *arguments):
        future: Future = Future()
        self.calls += 1
        if self.calls == 3:
            self.end(future)
        else:
            future.set_result(function(*arguments))
        return future


def is_cancelled(future):
    future.cancel()


def is_cancelled_and_told(future):
    future.cancel()
    future.set_running_or_notify_cancel()


def is_cancelled_later(future):
    threading.Timer(0.05, future.cancel).start()


def loses_its_connection(future):
    future.set_exception(ConnectionError("gone"))


@pytest.mark.parametrize(
    "end", [is_cancelled, is_cancelled_and_told, is_cancelled_later, loses_its_connection]
)
def test_calls_that_are_lost_are_made_again(end):
    masks, executor = masks_of(100), Ends(end)
    answers, _ = ask(weighted, masks, executor=executor)
    np.testing.assert_array_equal(answers.values, weighted(masks))
    assert executor.calls >= 11


@pytest.mark.parametrize("error", [BrokenExecutor("broken"), ValueError("no"), CancelledError()])
def test_errors_of_calls_end_the_run(error):
    with pytest.raises(ValueFunctionError, match=type(error).__name__) as caught:
        ask(weighted, masks_of(100), executor=Ends(lambda future: future.set_exception(error)), retries=0)
    np.testing.assert_array_equal(caught.value.values, weighted(caught.value.masks))


def test_calls_that_are_always_cancelled_are_given_up():
    class Never(Executor):
        def submit(self, function, /, *arguments):
            future: Future = Future()
            future.cancel()
            return future

    with pytest.raises(
        ValueFunctionError, match="executor cancelled the call: it was shut down, or its worker"
    ):
        ask(weighted, masks_of(10), executor=Never())


# Dask


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

    masks = masks_of(400)
    with cluster(silence_logs=50) as client:
        answers, _ = ask(dies_once, masks, executor=client.get_executor())
        assert flag.exists()
        np.testing.assert_array_equal(answers.values, weighted(masks))


@pytest.mark.slow
def test_a_dask_task_that_exits_ends_the_program_not_the_worker():
    def leaves(masks):
        raise SystemExit(3)

    with cluster(processes=False) as client, pytest.raises(SystemExit) as caught:
        ask(leaves, masks_of(100), executor=client.get_executor())
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
    masks = masks_of(10)
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

    masks, message = masks_of(30), "executor: is not of the current Dask client; pass the client itself"
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
        ask(weighted, masks_of(10), executor=client)


# Answers that come late


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_a_late_answer_is_not_asked_for_again(monkeypatch, workers):
    monkeypatch.setattr(retry_policy, "_FIRST_DELAY", GUARD)
    calls = []

    def function(masks):
        calls.append(len(masks))
        if len(calls) == 2:
            sleep(0.4)
        return weighted(masks)

    masks = masks_of(60)
    pool = ThreadPoolExecutor(workers) if workers else None
    answers, _ = ask(function, masks, timeout=0.2, executor=pool)
    np.testing.assert_array_equal(answers.values, weighted(masks))
    assert sum(calls) == 60


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 3])
def test_a_late_answer_that_comes_while_it_is_asked_for_again_is_used(tmp_path, workers):
    again, never = Event(), Event()
    first = []

    def function(masks):
        key = masks.tobytes()
        if first and key == first[0]:
            again.set()
            never.wait(GUARD)  # the second try never ends
        elif not first:
            first.append(key)
            again.wait(GUARD)
        return weighted(masks)

    masks = masks_of(60)
    pool = ThreadPoolExecutor(workers) if workers else None
    store = {"store": tmp_path / "s.sqlite", "fingerprint": "f"}
    try:
        answers, _ = ask(function, masks, timeout=2.0, retries=1, executor=pool, **store)
    finally:
        never.set()
    np.testing.assert_array_equal(answers.values, weighted(masks))
    with Store(store["store"]) as kept:
        assert kept.info()[0].answers == 60


# Interrupts


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"executor": 4}, {"timeout": GUARD}])
def test_what_runs_at_an_interrupt_is_waited_for(monkeypatch, tmp_path, options):
    monkeypatch.setattr(interruption, "_LEAST_GRACE", GUARD)
    main, stopped, lock = threading.main_thread(), Event(), threading.Lock()
    asked = []

    def function(masks):
        with lock:
            asked.append(masks)
            last = len(asked) == 12
        if last:
            signal.pthread_kill(main.ident, signal.SIGINT)
            stopped.wait(0.3)
        return weighted(masks)

    if "executor" in options:
        options = {"executor": ThreadPoolExecutor(options["executor"])}
    store = {"store": tmp_path / "s.sqlite", "fingerprint": "f"}
    with pytest.raises(KeyboardInterrupt) as caught:
        ask(function, masks_of(400), batch_size=4, **options, **store)
    assert len(caught.value.masks) == sum(map(len, asked)) < 400
    np.testing.assert_array_equal(caught.value.values, weighted(caught.value.masks))
    with Store(store["store"]) as kept:
        assert kept.info()[0].answers == len(caught.value.masks)


@pytest.mark.parametrize("impatient", [False, True])
def test_a_call_that_hangs_is_left_at_an_interrupt(monkeypatch, impatient):
    """After a while, or when the user interrupts again."""
    monkeypatch.setattr(interruption, "_LEAST_GRACE", 100 * GUARD if impatient else 0.2)
    main, never = threading.main_thread(), Event()
    hung = []

    def interrupt():
        signal.pthread_kill(main.ident, signal.SIGINT)

    original = InFlight.cancel_waiting

    def cancel_waiting(flights):
        original(flights)
        if impatient:
            threading.Timer(0.2, interrupt).start()

    monkeypatch.setattr(InFlight, "cancel_waiting", cancel_waiting)

    def function(masks):
        if len(hung) == 0 and masks[:, :2].all():
            hung.append(masks)
            interrupt()
            never.wait(GUARD)
        return weighted(masks)

    masks = masks_of(300)
    masks = np.concatenate([masks[~masks[:, 0]], masks[masks[:, :2].all(axis=1)][:10]])
    pool = ThreadPoolExecutor(2)
    try:
        with pytest.raises(KeyboardInterrupt) as caught:
            ask(function, masks, executor=pool, in_flight=2)
    finally:
        never.set()
    assert len(caught.value.masks) >= len(masks) - 30
    np.testing.assert_array_equal(caught.value.values, weighted(caught.value.masks))


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("options", [{}, {"timeout": GUARD}])
def test_a_function_that_is_stopped_may_give_what_it_has(tmp_path, stop, options):
    def function(masks):
        if masks[:, 0].any():
            answered = ~masks[:, 0]
            partial = PartialAnswerError("stopped", values=weighted(masks), answered=answered)
            raise stop(3) from partial
        return weighted(masks)

    masks = masks_of(60)
    store = {"store": tmp_path / "s.sqlite", "fingerprint": "f"}
    masks = masks[np.argsort(masks[:, 0], kind="stable")]
    count = int((~masks[:, 0]).sum())
    assert count % 10
    with pytest.raises(stop) as caught:
        ask(function, masks, **options, **store)
    assert caught.value.args == (3,)
    np.testing.assert_array_equal(caught.value.masks, masks[:count])
    with Store(store["store"]) as kept:
        assert kept.info()[0].answers == count


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["here", "aside", "threads", "processes", "loky"])
def test_a_function_that_exits_ends_the_run_at_once(kind):
    options = {"timeout": GUARD} if kind == "aside" else {}
    if kind in ("threads", "processes", "loky"):
        options = {"executor": globals()[kind]()}
    masks = masks_of(100)
    masks = masks[np.argsort(masks[:, 0], kind="stable")]
    with pytest.raises(SystemExit) as caught:
        ask(exits, masks, on_failure="drop", **options)
    assert caught.value.code == 3
    assert len(caught.value.masks) >= 30
    np.testing.assert_array_equal(caught.value.values, weighted(caught.value.masks))
    if "executor" in options:
        options["executor"].shutdown()


def interrupting(times):
    def function(masks):
        for _ in range(times):
            signal.raise_signal(signal.SIGINT)
        return weighted(masks)

    return function


def test_a_worker_goes_on_at_a_first_interrupt():
    """A terminal sends Ctrl-C to the workers as well; the session waits for them."""
    from cloudpickle import dumps

    masks, before = masks_of(10), signal.getsignal(signal.SIGINT)
    packed = np.packbits(masks, axis=1)
    once, twice = (call_kept(f"interrupted {k}", dumps(interrupting(k)), packed, masks.shape) for k in (1, 2))
    np.testing.assert_array_equal(once.values, weighted(masks))
    assert isinstance(twice, KeyboardInterrupt)
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupted_explanation_can_be_made_of_what_is_there():
    def function(masks):
        function.asked += len(masks)
        if function.asked > 200:
            raise KeyboardInterrupt
        return weighted(masks)

    function.asked = 0
    with pytest.raises(KeyboardInterrupt) as caught:
        spex.explain(function, 20, budget=500, progress=False)
    found = spex.fit(caught.value.masks, caught.value.values)
    assert found.index("SV").as_dict() == pytest.approx({(i,): i + 1.0 for i in range(20)}, abs=1e-6)
