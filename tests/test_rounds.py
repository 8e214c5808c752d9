"""Budgets that a run finds itself: enough calls, no more than allowed, and why it ended."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import all_masks

import spex_plugins as spex
from spex_plugins.runs.rounds import first_round


class Counted:
    """A value function that knows which masks it was asked for."""

    def __init__(self, function):
        self.function, self.asked = function, []

    def __call__(self, masks):
        self.asked.extend(row.tobytes() for row in np.packbits(masks, axis=1))
        return self.function(masks)


def signs(masks, features):
    return (-1.0) ** masks[:, features].sum(axis=1)


def sparse(masks):
    return 2.0 * masks[:, 3] - masks[:, 20] + 1.5 * (masks[:, 5] & masks[:, 6])


def network(n, seed=0):
    rng = np.random.default_rng(seed)
    inner, outer = rng.normal(size=(n, 40)) / np.sqrt(n), rng.normal(size=40)
    return lambda masks: np.tanh(3 * (masks - 0.5) @ inner) @ outer


def high_orders(n, count, seed):
    """Terms of order five and nothing else: no proxy of low order sees anything."""
    rng = np.random.default_rng(seed)
    terms = [np.sort(rng.choice(n, 5, replace=False)) for _ in range(count)]
    return terms, lambda masks: sum(signs(masks, term) for term in terms)


def check_calls(function, found, most):
    assert len(function.asked) == len(set(function.asked)) == found.n_calls <= most
    assert found.budget == most


def test_a_simple_function_ends_after_one_round():
    function = Counted(sparse)
    found = spex.explain(function, 40, progress=False)
    check_calls(function, found, 20_000)
    assert found.n_calls == first_round(40, 20_000) == 400
    assert found.r2 > 0.999
    assert "the target is reached" in found.plan


@pytest.mark.slow
def test_a_target_is_reached_and_holds_on_fresh_masks():
    function = Counted(network(24))
    found = spex.explain(function, 24, budget=8000, target_r2=0.87, progress=False)
    check_calls(function, found, 8000)
    assert 400 < found.n_calls < 8000
    assert found.r2 - found.r2_error >= 0.87
    fresh = np.random.default_rng(9).random((4000, 24)) < 0.5
    values = function.function(fresh)
    truth = 1 - ((found.predict(fresh) - values) ** 2).mean() / values.var()
    assert found.r2 == pytest.approx(truth, abs=3 * float(found.r2_error))


@pytest.mark.slow
@pytest.mark.parametrize("index", ["SV", None])
def test_values_are_known_to_the_wished_deviation(index):
    n = 14
    function = Counted(network(n))
    found = spex.explain(function, n, index=index, target_deviation=0.05, progress=False)
    check_calls(function, found, 20_000 if found.budget > 2**n else found.budget)
    single = found.single_values(index or "BV")
    largest = np.argsort(-np.abs(single.values))[:10]
    assert single.deviations[largest].max() <= 0.05
    assert 400 < found.n_calls < 2**n // 2
    assert "the target is reached" in found.plan
    truth = spex.explain(function.function, n, budget=2**n, progress=False).single_values(index or "BV")
    assert np.abs(single.values - truth.values)[largest].max() <= 0.15


def test_an_estimator_without_deviations_reaches_no_target_of_them():
    with pytest.raises(spex.InputError, match=r"target_deviation: .* no standard dev") as caught:
        spex.explain(
            sparse, 40, estimator="sparse_regression", target_deviation=0.1, budget=600, progress=False
        )
    assert len(caught.value.values) == 400  # what was paid for


def test_the_default_estimator_always_has_deviations():
    """Of these two outputs the sparse regression alone is clearly better, which has none."""
    weights = np.random.default_rng(2).normal(size=27)

    def two(masks):
        return np.stack([np.tanh(masks @ weights), masks[:, 0] * 1.0], axis=1)

    found = spex.explain(two, 27, target_deviation=0.05, budget=600, index="BV", progress=False)
    single = found.single_values("BV")
    assert np.isfinite(single.deviations).all()
    error = np.abs(single.values[:, 1] - np.eye(27)[0])
    assert error.max() < 0.02  # the second output is its first feature


def test_deviations_of_more_masks_than_a_gaussian_process_takes_are_refused():
    with pytest.raises(spex.InputError, match=r"target_deviation: .* budget=20000 instead of 30000"):
        spex.explain(unasked, 40, target_deviation=0.1, budget=30_000, progress=False)


def test_masks_that_fail_do_not_end_a_run_in_rounds():
    asked = []

    def failing(masks):
        asked.append(len(masks))
        values = network(24)(masks)
        values[masks[:, :6].all(axis=1)] = np.nan
        return values

    settings = {"budget": 600, "target_r2": 0.999, "progress": False}
    found = spex.explain(failing, 24, on_failure="drop", **settings)
    assert sum(asked) == 600  # not 400, those of the first round
    assert f"{sum(asked) - found.n_calls} masks dropped" in found.plan


def test_a_limit_ends_a_run_in_rounds_and_is_told():
    settings = {"target_r2": 0.999, "budget": 1000, "max_cost": 500.0, "progress": False}
    found = spex.explain(network(24), 24, **settings)
    assert found.n_calls == 500
    assert "ended early by max_cost=500" in found.plan
    assert "the target is reached" not in found.plan


def unasked(masks):
    raise AssertionError("called")


@pytest.mark.slow
def test_noise_is_not_paid_for_long():
    noise = np.random.default_rng(0)
    function = Counted(lambda masks: sparse(masks) + noise.normal(size=len(masks)))
    found = spex.explain(function, 40, progress=False)
    check_calls(function, found, 20_000)
    assert found.n_calls <= 1500
    assert "no longer improves" in found.plan


@pytest.mark.slow
@pytest.mark.parametrize("budget", [3, 450, 700])
def test_the_budget_is_never_exceeded(budget):
    function = Counted(network(30))
    found = spex.explain(function, 30, budget=budget, target_r2=0.999, progress=False)
    check_calls(function, found, budget)
    assert found.n_calls == budget
    assert "the budget is spent" in found.plan


@pytest.mark.slow
def test_functions_of_high_order_alone_are_not_lost():
    terms, value = high_orders(48, 10, 1)
    function = Counted(value)
    found = spex.explain(function, 48, progress=False)
    check_calls(function, found, 20_000)
    assert found.n_calls < 10_000
    assert {tuple(term.tolist()) for term in terms} <= set(found.spectrum.as_dict())
    assert found.r2 > 0.99
    assert "coded design" in found.plan


@pytest.mark.slow
def test_given_budgets_find_high_orders_too():
    terms, value = high_orders(40, 6, 2)
    found = spex.explain(value, 40, budget=2500, progress=False)
    assert {tuple(term.tolist()) for term in terms} <= set(found.spectrum.as_dict())
    assert found.r2 > 0.99


def test_all_masks_of_a_small_function():
    function = Counted(network(8))
    found = spex.explain(function, 8, progress=False)
    assert found.n_calls == 256
    np.testing.assert_allclose(found.predict(all_masks(8)), function.function(all_masks(8)), atol=1e-9)


@pytest.mark.slow
def test_the_same_seed_asks_the_same_masks():
    one, other = Counted(network(24)), Counted(network(24))
    spex.explain(one, 24, budget=900, target_r2=0.99, seed=5, progress=False)
    spex.explain(other, 24, budget=900, target_r2=0.99, seed=5, progress=False)
    assert one.asked == other.asked


@pytest.mark.slow
def test_a_run_continues_from_its_store(tmp_path):
    settings = {"budget": 900, "target_r2": 0.99, "progress": False, "fingerprint": "network"}
    first, second = Counted(network(24)), Counted(network(24))
    one = spex.explain(first, 24, store=tmp_path / "run.sqlite", **settings)
    other = spex.explain(second, 24, store=tmp_path / "run.sqlite", **settings)
    assert not second.asked
    assert (other.n_calls, other.n_stored) == (0, one.n_calls)
    assert one.n_calls == len(first.asked) > 400
    np.testing.assert_allclose(other.spectrum.coefficients, one.spectrum.coefficients, atol=0)


@pytest.mark.slow
def test_a_limit_of_cost_ends_the_rounds():
    function = Counted(network(24))
    found = spex.explain(function, 24, target_r2=0.99, max_cost=5.0, price=0.01, progress=False)
    assert found.n_calls == len(function.asked) <= 500
    assert "ended early" in found.plan


@pytest.mark.slow
def test_failures_keep_every_answer():
    class Failing(Counted):
        def __call__(self, masks):
            if len(self.asked) + len(masks) > 450:
                raise ValueError("the service is gone")
            return super().__call__(masks)

    function = Failing(network(24))
    with pytest.raises(spex.ValueFunctionError) as caught:
        spex.explain(function, 24, target_r2=0.999, batch_size=10, progress=False)
    assert len(caught.value.masks) == len(function.asked) >= 440
    np.testing.assert_allclose(caught.value.values, function.function(caught.value.masks), atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"budget": "much"}, "budget: must be an integer ≥ 2 or \"auto\", got 'much'"),
        ({"budget": 1}, "budget: must be an integer ≥ 2"),
        ({"target_r2": 1.0}, "target_r2: must be a number between 0 and 1, got 1.0"),
        ({"target_r2": "high"}, "target_r2: must be a number between 0 and 1, got 'high'"),
        ({"target_deviation": 0}, "target_deviation: must be a "),
    ],
)
def test_unusable_arguments(arguments, message):
    function = Counted(sparse)
    with pytest.raises(spex.InputError, match=message):
        spex.explain(function, 40, progress=False, **arguments)
    assert not function.asked


@pytest.mark.slow
def test_a_plan_is_what_a_run_asks():
    told = spex.plan(64, 2000, seconds_per_call=0.1, price=0.0002)
    assert (told.least_calls, told.most_calls) == (2000, 2000)
    assert told.seconds == (200.0, 200.0)
    assert told.cost == pytest.approx((0.4, 0.4))
    found = spex.explain(network(64), 64, budget=2000, progress=False)
    assert told.design in found.plan
    for text in ("2,000", "minutes     3.3", "cost        0.40"):
        assert text in repr(told)


def test_a_plan_of_a_run_that_decides_itself():
    told = spex.plan(40, seconds_per_call=0.06)
    assert (told.least_calls, told.most_calls) == (400, 20_000)
    assert told.cost is None
    assert "minutes     0.4 to 20.0" in repr(told)
    assert spex.plan(8).most_calls == 256
    with pytest.raises(spex.InputError, match="seconds_per_call: must be a number > 0, got -1"):
        spex.plan(40, seconds_per_call=-1)


def test_a_constant_is_asked_one_round():
    found = spex.explain(lambda masks: np.full(len(masks), 2.5), 30, progress=False)
    assert found.n_calls == first_round(30, 20_000)
    assert np.isnan(found.r2)
    assert "R² nan" in found.plan


@pytest.mark.slow
def test_a_round_that_is_too_small_to_measure_is_followed_by_another():
    """The first round has too few masks for its heavy tail; the run must not take that for the end."""
    weights = np.random.default_rng(0).normal(size=30)
    function = Counted(lambda masks: np.exp(6 * (masks - 0.5) @ weights / np.sqrt(30)))
    found = spex.explain(function, 30, budget=3000, target_r2=0.5, progress=False)
    check_calls(function, found, 3000)
    assert found.n_calls > 400 or found.r2 > 0.5
