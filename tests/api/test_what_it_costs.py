"""`explain`: how many masks it asks, which ones, and that seeds repeat them."""

from __future__ import annotations

import numpy as np
import pytest
from games import Recorded
from hypothesis import given
from hypothesis import strategies as st
from runs import asked, linear, same


@pytest.mark.slow
@given(st.integers(1, 60), st.integers(2, 1500), st.integers(0, 2**32 - 1))
def test_no_mask_is_asked_twice_and_the_budget_is_kept(n, budget, seed):
    function = Recorded(lambda masks: masks[:, 0] * 1.0)
    found = asked(function, n, budget, seed=seed)
    assert found.n_calls == function.calls == len({m.tobytes() for m in function.masks})
    assert min(budget, 2**n) - found.n_calls in (0, 1)  # complementary masks are an even number
    assert found.budget == budget
    assert function.masks.dtype == bool


@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [1, 7, 64, 10**6])
def test_batch_size_is_respected(batch_size):
    function = Recorded(linear)
    found = asked(function, 20, 100, batch_size=batch_size)
    sizes = [len(batch) for batch in function.batches]
    assert sum(sizes) == 100
    assert set(sizes[:-1]) <= {batch_size}
    assert 1 <= sizes[-1] <= batch_size
    same(found, asked(linear, 20, 100))


@pytest.mark.parametrize(
    ("n", "budget"), [(5, 32), (30, 250), pytest.param(40, 2000, marks=pytest.mark.slow)]
)
def test_the_same_call_gives_the_same_answer(n, budget):
    def noisy(masks):
        return linear(masks) + np.sin(1000.0 * linear(masks)) + masks[:, 0] * masks[:, 1]

    same(asked(noisy, n, budget, seed=3), asked(noisy, n, budget, seed=3))


@pytest.mark.slow
def test_seeds_choose_the_masks_and_generators_continue():
    runs = [Recorded(linear) for _ in range(5)]
    generator = np.random.default_rng(5)
    for function, seed in zip(runs, [5, np.random.default_rng(5), generator, generator, 6], strict=True):
        asked(function, 15, 40, seed=seed)
    keys = [run.masks.tobytes() for run in runs]
    assert keys[0] == keys[1] == keys[2]
    assert len(set(keys)) == 3


def test_the_global_random_state_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    asked(linear, 20, 100)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
