"""Too large batches, calls that hang, and users who stop: answers are never lost."""

from __future__ import annotations

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter, sleep

import numpy as np
import pytest
from games import Recorded
from sessions import ask, masks_of
from worker_functions import weighted

from spex_plugins import ValueFunctionError
from spex_plugins.queries import Store

# Memory


class OutOfMemoryError(RuntimeError):
    """As torch names its own."""


@pytest.mark.parametrize("error", [MemoryError, OutOfMemoryError])
@pytest.mark.parametrize("size", [None, 64])
def test_out_of_memory_halves_the_batch(error, size):
    def function(masks):
        if len(masks) > 11:
            raise error("no more")
        return weighted(masks)

    recorded = Recorded(function)
    masks = masks_of(300)
    answers, _ = ask(recorded, masks, batch_size=size)
    np.testing.assert_array_equal(answers.values, weighted(masks))
    sizes = [len(batch) for batch in recorded.batches]
    assert sizes[:3] == ([16, 8, 8] if size is None else [64, 32, 16])
    assert sum(size > 11 for size in sizes) == (1 if size is None else 3)
    assert max(sizes[4:]) == 8


def test_a_mask_that_does_not_fit_by_itself_is_a_failure():
    def function(masks):
        if masks[:, 0].any():
            raise MemoryError("too long")
        return weighted(masks)

    masks = masks_of(60)
    with pytest.raises(ValueFunctionError, match="raised MemoryError: too long"):
        ask(function, masks, retries=3)
    answers, statement = ask(function, masks, on_failure="drop")
    np.testing.assert_array_equal(answers.answered, ~masks[:, 0])
    assert "MemoryError" in statement


# Time


@pytest.mark.slow
@pytest.mark.parametrize("threads", [0, 2])
def test_a_call_that_hangs_is_left_alone(threads):
    hung = threading.Event()
    calls = []

    def function(masks):
        calls.append(len(masks))
        if len(calls) == 2:
            hung.wait(20)
        return weighted(masks)

    masks = masks_of(60)
    executor = ThreadPoolExecutor(threads) if threads else None
    start = perf_counter()
    answers, _ = ask(function, masks, timeout=1.0, executor=executor)
    assert perf_counter() - start < 10
    hung.set()
    if executor:
        executor.shutdown()
    np.testing.assert_array_equal(answers.values, weighted(masks))
    assert len(calls) == 7


def test_calls_that_always_hang_are_a_failure():
    hung = threading.Event()
    start = perf_counter()
    with pytest.raises(ValueFunctionError, match=r"raised TimeoutError: no answer within 0.1 seconds"):
        ask(lambda masks: hung.wait(20), masks_of(10), timeout=0.1, retries=1)
    assert 0.2 <= perf_counter() - start < 10
    hung.set()


@pytest.mark.slow
def test_batches_that_wait_for_a_worker_are_not_late():
    """Eight batches are handed to one thread; each takes less than the timeout, all of them more."""

    def function(masks):
        sleep(0.3)
        return weighted(masks)

    with ThreadPoolExecutor(1) as executor:
        answers, _ = ask(function, masks_of(80), executor=executor, in_flight=8, timeout=2.0, retries=0)
    assert answers.answered.all()


# The user


@pytest.mark.parametrize("threads", [0, 2])
def test_stopping_keeps_everything_in_the_store_and_on_the_exception(tmp_path, threads):
    path = tmp_path / "s.sqlite"
    masks = masks_of(200)
    main = threading.main_thread()

    def function(batch):
        if threads == 0 and len(function.seen) == 5:
            raise KeyboardInterrupt
        function.seen.append(batch)
        if len(function.seen) == 12:
            signal.pthread_kill(main.ident, signal.SIGINT)
        sleep(0.01)
        return weighted(batch)

    function.seen = []
    executor = ThreadPoolExecutor(threads) if threads else None
    with pytest.raises(KeyboardInterrupt) as caught:
        ask(function, np.tile(masks, (1, 1)), store=path, fingerprint="f", executor=executor, batch_size=4)
    if executor:
        executor.shutdown()
    kept = caught.value.masks
    assert 0 < len(kept) < 200
    assert len(function.seen) * 4 - len(kept) <= 4 * threads * 2
    np.testing.assert_array_equal(caught.value.values, weighted(kept))
    with Store(path) as store:
        stored, values = store.export()
    assert {mask.tobytes() for mask in stored} == {mask.tobytes() for mask in kept}
    np.testing.assert_array_equal(values, weighted(stored))
    answers, _ = ask(weighted, masks, store=path, fingerprint="f")
    assert answers.n_stored == len(kept)
