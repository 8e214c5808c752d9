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
from multiprocessing import get_context
from pathlib import Path
from threading import Event
from time import sleep

import numpy as np
import pytest
from sessions import ask, shuffled_masks
from worker_functions import ends_its_process, exits, weighted

import spex_plugins as spex
from spex_plugins import PartialAnswerError, ValueFunctionError
from spex_plugins.queries import Store
from spex_plugins.queries.calls import retry_policy
from spex_plugins.queries.calls.runners.worker import call_kept
from spex_plugins.queries.scheduling import interruption
from spex_plugins.queries.scheduling.in_flight import InFlight

GUARD = 60.0  # seconds that no test needs
HERE = str(Path(__file__).parents[1])


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
            weighted,
            shuffled_masks(400),
            executor=ShutDown(make(), 30, **how),
            batch_size=5,
            on_failure=on_failure,
        )
    assert 130 <= len(caught.value.masks) <= 150  # four batches of five are in flight
    np.testing.assert_array_equal(caught.value.values, weighted(caught.value.masks))


@pytest.mark.slow
@pytest.mark.parametrize("make", [processes, loky])
def test_workers_that_die_end_the_run(make):
    masks = np.concatenate([shuffled_masks(100), np.ones((1, 20), dtype=bool), shuffled_masks(101)])
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
    masks, executor = shuffled_masks(100), Ends(end)
    answers, _ = ask(weighted, masks, executor=executor)
    np.testing.assert_array_equal(answers.values, weighted(masks))
    assert executor.calls >= 11


@pytest.mark.parametrize("error", [BrokenExecutor("broken"), ValueError("no"), CancelledError()])
def test_errors_of_calls_end_the_run(error):
    with pytest.raises(ValueFunctionError, match=type(error).__name__) as caught:
        ask(
            weighted,
            shuffled_masks(100),
            executor=Ends(lambda future: future.set_exception(error)),
            retries=0,
        )
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
        ask(weighted, shuffled_masks(10), executor=Never())


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

    masks = shuffled_masks(60)
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

    masks = shuffled_masks(60)
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
        ask(function, shuffled_masks(400), batch_size=4, **options, **store)
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

    masks = shuffled_masks(300)
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

    masks = shuffled_masks(60)
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
    masks = shuffled_masks(100)
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

    masks, before = shuffled_masks(10), signal.getsignal(signal.SIGINT)
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
