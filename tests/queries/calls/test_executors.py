"""Executors of every kind give what a plain loop gives, and get the value function once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from time import sleep

import numpy as np
import pytest
import worker_functions
from worker_functions import Model, ends_its_process, fails_at_some, little_memory, weighted

import spex_plugins as spex
from spex_plugins import InputError, ValueFunctionError
from spex_plugins.queries import Queries, Session

HERE = str(Path(__file__).parents[1])


def find_tests():
    """Let a worker find the modules of the tests."""
    sys.path.insert(0, HERE)


@contextmanager
def processes(count=2):
    with ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=find_tests) as pool:
        yield pool


@contextmanager
def loky():
    from loky import ProcessPoolExecutor as Loky

    with Loky(2, timeout=60, initializer=find_tests) as pool:
        yield pool


@contextmanager
def dask():
    from distributed import Client, LocalCluster

    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", preload=[worker_functions.__file__]
    )
    with cluster, Client(cluster) as client:
        client.run(find_tests)
        yield client.get_executor()


@contextmanager
def threads():
    with ThreadPoolExecutor(2) as pool:
        yield pool


KINDS = {make.__name__: make for make in (threads, processes, loky, dask)}
LOCAL, CLUSTER = ["processes", "loky"], pytest.param("dask", marks=pytest.mark.slow)


@pytest.fixture(scope="module")
def pools():
    """One executor of a kind, made when it is first needed."""
    with ExitStack() as stack:
        made = {}

        def pool(kind):
            if kind not in made:
                made[kind] = stack.enter_context(KINDS[kind]())
            return made[kind]

        yield pool


@pytest.fixture(params=["threads", *LOCAL, CLUSTER])
def executor(request, pools):
    return pools(request.param)


@pytest.fixture(params=[*LOCAL, CLUSTER])
def remote(request, pools):
    return pools(request.param)


def masks_of(m, n=20):
    rng = np.random.default_rng(m)
    return rng.permutation(np.unique(rng.random((2 * m, n)) < 0.5, axis=0))[:m]


def ask(function, masks, **options):
    with Session(function, Queries(**{"progress": False} | options)) as session:
        return session.ask(masks)


@pytest.mark.slow
@pytest.mark.parametrize("n", [3, 20, 65])
def test_the_answers_are_those_of_a_loop_in_their_order(executor, n, tmp_path):
    masks = masks_of(500, n)
    alone = ask(weighted, masks)
    for options in ({}, {"batch_size": 7}, {"store": tmp_path / "s.sqlite", "fingerprint": "f"}):
        np.testing.assert_array_equal(ask(weighted, masks, executor=executor, **options).values, alone.values)


@pytest.mark.slow
def test_an_explanation_is_the_same(executor):
    alone = spex.explain(weighted, 20, budget=300, progress=False)
    found = spex.explain(weighted, 20, budget=300, progress=False, executor=executor)
    np.testing.assert_array_equal(found.spectrum.coefficients, alone.spectrum.coefficients)
    assert repr(found) == repr(alone)


@pytest.mark.slow
def test_functions_that_memory_limits(executor):
    masks = masks_of(200)
    answers = ask(little_memory, masks, executor=executor)
    np.testing.assert_array_equal(answers.values, np.column_stack([weighted(masks), -weighted(masks)]))


def test_failures_cross_processes(executor):
    masks = masks_of(200)
    bad = masks[:, :3].all(axis=1)
    with pytest.raises(ValueFunctionError, match="raised ValueError: failed in") as caught:
        ask(fails_at_some, masks, executor=executor, batch_size=5)
    assert isinstance(caught.value.__cause__, ValueError)
    np.testing.assert_array_equal(caught.value.values, weighted(caught.value.masks))
    answers = ask(fails_at_some, masks, executor=executor, batch_size=5, on_failure="drop")
    np.testing.assert_array_equal(answers.answered, ~bad)


def test_the_function_is_sent_once_to_every_worker(remote, tmp_path):
    model = Model(tmp_path)
    masks = masks_of(400)
    np.testing.assert_array_equal(ask(model, masks, executor=remote, batch_size=4).values, weighted(masks))
    called = {name.split("-")[1] for name in model.noted("called")}
    assert len(model.noted("called")) == 100
    assert str(os.getpid()) not in called
    assert len(called) == 2
    unpickled = [name.split("-")[1] for name in model.noted("unpickled")]
    assert sorted(unpickled) == sorted(called)
    assert len(model.noted("pickled")) == 1


def test_closures_and_lambdas_can_be_sent(remote):
    weights = np.arange(20.0)
    masks = masks_of(50)
    np.testing.assert_array_equal(ask(lambda m: m @ weights, masks, executor=remote).values, masks @ weights)


def test_what_cannot_be_sent_is_refused_before_any_call(remote):
    lock = threading.Lock()
    calls = []

    def function(masks):
        calls.append(len(masks))
        with lock:
            return weighted(masks)

    with pytest.raises(InputError, match="executor: the value function cannot be sent to other processes"):
        ask(function, masks_of(10), executor=remote)
    assert calls == []


def test_new_functions_replace_old_ones(remote):
    """More functions than a worker keeps, in turns."""
    masks = masks_of(20)
    functions = [lambda m, k=k: weighted(m) + k for k in range(4)]
    for _ in range(2):
        for k, function in enumerate(functions):
            np.testing.assert_array_equal(ask(function, masks, executor=remote).values, weighted(masks) + k)


@pytest.mark.slow
def test_workers_that_die_do_not_take_the_answers_along(tmp_path):
    masks = np.concatenate([masks_of(300), np.ones((1, 20), dtype=bool), masks_of(301)])
    options = {"store": tmp_path / "s.sqlite", "fingerprint": "f", "batch_size": 5}
    # A second worker would go on until its death was noticed, on a busy machine for many batches.
    with processes(1) as pool, pytest.raises(ValueFunctionError, match="BrokenProcessPool") as caught:
        ask(ends_its_process, masks, executor=pool, on_failure="drop", **options)
    assert 200 < len(caught.value.masks) < 310
    np.testing.assert_array_equal(caught.value.values, weighted(caught.value.masks))
    assert ask(weighted, masks, **options).n_stored == len(caught.value.masks)


def test_an_executor_that_is_shut_down_is_an_error():
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(ValueFunctionError, match="cannot schedule new futures after shutdown"):
        ask(weighted, masks_of(10), executor=pool)


class Watched(Executor):
    """Notes how many batches are in flight."""

    def __init__(self, pool, workers=None):
        self.pool, self.flying, self.most = pool, 0, 0
        if workers:
            self._max_workers = workers

    def submit(self, function, /, *arguments):
        self.flying += 1
        self.most = max(self.most, self.flying)
        future = self.pool.submit(function, *arguments)
        future.add_done_callback(self.landed)
        return future

    def landed(self, _):
        self.flying -= 1


@pytest.mark.parametrize(("options", "most"), [({}, 6), ({"in_flight": 2}, 2), ({"in_flight": 11}, 11)])
def test_few_batches_are_in_flight(options, most):
    def function(masks):
        sleep(0.003)
        return weighted(masks)

    with ThreadPoolExecutor(3) as pool:
        watched = Watched(pool, 3)
        ask(function, masks_of(300), executor=watched, batch_size=5, **options)
    assert watched.most == most


def test_any_executor_will_do():
    with ThreadPoolExecutor(3) as pool:
        masks = masks_of(300)
        answers = ask(weighted, masks, executor=Watched(pool), batch_size=5)
    np.testing.assert_array_equal(answers.values, weighted(masks))


@pytest.mark.slow
@pytest.mark.skipif(find_spec("mpi4py") is None, reason="pip install mpi4py mpich")
def test_mpi():
    """MPI starts its processes itself."""
    launcher = Path(sys.executable).with_name("mpiexec")
    command = [launcher, "-n", "3", sys.executable, "-m", "mpi4py.futures", Path(HERE) / "mpi_script.py"]
    environment = os.environ | {"PYTHONPATH": str(Path(HERE).parents[1])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "workers 2\n"
