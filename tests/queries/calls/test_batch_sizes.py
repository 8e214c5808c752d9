"""Sizes of batches: the same for slow and fast functions, as answers in single precision depend on them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from games import Recorded
from sessions import ask, masks_of
from worker_functions import weighted

import spex_plugins as spex
from spex_plugins.queries import Queries, Session
from spex_plugins.queries.calls import function_call
from spex_plugins.queries.scheduling.batch_size import BatchSize


class Slowed:
    """A value function that takes as long as it is told, by a clock that it moves; its answers are rounded.

    The sum of a row is formed in single precision and in an order that depends on the number of rows, as
    matrix products do it.
    """

    def __init__(self, clock, seconds, batch_size=None):
        self.clock, self.seconds, self.batches, self.batch_size = clock, seconds, [], batch_size

    def __call__(self, masks):
        self.batches.append(len(masks))
        self.clock[0] += self.seconds(len(masks))
        weights = np.roll(np.sin(np.arange(masks.shape[1])), len(masks)).astype(np.float32)
        kept = np.roll(masks, len(masks), axis=1).astype(np.float32)
        return np.cumsum(kept * weights, axis=1, dtype=np.float32)[:, -1]


@pytest.fixture
def clock(monkeypatch):
    """A clock that only the value function moves."""
    now = [0.0]
    monkeypatch.setattr(function_call, "perf_counter", lambda: now[0])
    return now


def at_random(seed):
    rng = np.random.default_rng(seed)
    return lambda b: float(rng.exponential(10 ** rng.uniform(-6, 2)) * b)


SPEEDS = [lambda b: 0.0, lambda b: 30.0 * b, lambda b: 5.0, at_random(0), at_random(1)]


def explained(function, **options):
    return spex.explain(function, 30, budget=700, estimator="sparse_regression", progress=False, **options)


@pytest.mark.slow
def test_a_slow_machine_gives_the_same_values_to_the_last_bit(clock):
    found = [explained(Slowed(clock, seconds)) for seconds in SPEEDS]
    for other in found[1:]:
        np.testing.assert_array_equal(other.spectrum.coefficients, found[0].spectrum.coefficients)
        np.testing.assert_array_equal(other.spectrum.supports, found[0].spectrum.supports)


@pytest.mark.slow
def test_the_values_do_depend_on_the_batches(clock):
    masks = masks_of(50, 30)
    one, other = (explained(Slowed(clock, SPEEDS[0]), batch_size=size).predict(masks) for size in (20, 21))
    assert (one != other).any()
    np.testing.assert_allclose(one, other, atol=1e-4)


@pytest.mark.slow
def test_rounds_of_any_speed_ask_the_same_batches(clock):
    asked = []
    for seconds in SPEEDS:
        function = Slowed(clock, seconds)
        spex.explain(function, 30, budget=3000, target_r2=0.9999, progress=False)
        asked.append(function.batches)
    assert asked[1:] == asked[:-1]


@pytest.mark.slow
def test_workers_of_any_speed_get_the_same_batches(clock):
    sizes = []
    for seconds in SPEEDS:
        function = Slowed(clock, seconds)
        with ThreadPoolExecutor(3) as pool:
            explained(function, executor=pool)
        sizes.append(sorted(function.batches))
    assert sizes[1:] == sizes[:-1]


def test_batches_grow_with_the_number_of_masks():
    function = Recorded(weighted)
    ask(function, masks_of(20_000), batch_size=None)
    sizes = [len(batch) for batch in function.batches]
    assert sizes[:6] == [16, 16, 32, 64, 64, 64]
    assert max(sizes) == 1024
    before = np.cumsum(sizes) - sizes
    assert all(size <= max(64, asked // 8) for size, asked in zip(sizes[4:], before[4:], strict=True))
    assert len(sizes) < 60


def test_sizes_go_on_from_round_to_round():
    masks, function = masks_of(300), Recorded(weighted)
    with Session(function, Queries(progress=False)) as session:
        for start in range(0, 300, 100):
            session.ask(masks[start : start + 100])
    assert [len(batch) for batch in function.batches] == [16, 16, 32, 36, 64, 36, 64, 36]


@pytest.mark.parametrize(
    ("own", "sizes"),
    [(100, [16, 100, 100, 84]), (5, [5] * 60)]
    + [(other, [16, 16, 32, 64, 64, 64, 44]) for other in (None, 0, "auto", 2.5, True)],
)
def test_a_function_may_name_the_size_that_suits_it(clock, own, sizes):
    function = Slowed(clock, SPEEDS[1], own)
    ask(function, masks_of(300), batch_size=None)
    assert function.batches == sizes


def test_the_size_of_the_user_counts_more(clock):
    function = Slowed(clock, SPEEDS[1], 100)
    ask(function, masks_of(300), batch_size=150)
    assert function.batches == [150, 150]


def test_memory_makes_every_size_smaller():
    sizes = BatchSize(None, 100)
    sizes.take(16)
    sizes.shrink(100)
    assert sizes.size == 50


def grown(seconds, rounds=12, **options):
    """Let a batch size grow while a call of b masks takes seconds(b)."""
    sizes = BatchSize(None, **options)
    seen = []
    for _ in range(rounds):
        seen.append(sizes.size)
        sizes.take(sizes.size)
        sizes.note(seen[-1], seconds(seen[-1]))
    return seen


def test_batches_stay_small_where_calls_may_time_out():
    assert max(grown(lambda b: 0.001 * b, timeout=0.03)[1:]) <= 10
    assert grown(lambda b: 10.0 * b, timeout=0.03)[1:] == [1] * 11


def test_the_first_mask_tells_how_many_there_is_time_for():
    assert grown(lambda b: 0.01 * b, max_seconds=2.0)[:4] == [1, 16, 17, 20]
    assert grown(lambda b: 1.0 * b, max_seconds=2.0) == [1] * 12
