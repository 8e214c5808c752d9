"""The estimator of Shapley values: right, sure of itself as far as it may be, and honest."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles import all_masks

import spex_plugins as spex
from spex_plugins.estimators import Auto, Shapley


def network(n, seed):
    """A smooth function without structure that any estimator would know of."""
    rng = np.random.default_rng(seed)
    inner, outer = rng.normal(size=(n, 24)) / np.sqrt(n), rng.normal(size=24)

    def function(masks):
        return np.tanh(2 * (masks - 0.4) @ inner) @ outer

    return function


def shapley_value(values):
    """The definition, vectorised over coalitions."""
    n = int(np.log2(len(values)))
    masks = all_masks(n)
    size, out = masks.sum(axis=1), np.empty(n)
    for i in range(n):
        without = np.flatnonzero(~masks[:, i])
        weights = [1 / (n * comb(n - 1, s)) for s in size[without]]
        out[i] = weights @ (values[without + 2**i] - values[without])
    return out


def permutation_values(function, n, budget, rng):
    """Antithetic permutation sampling, as `shap.PermutationExplainer` does it."""
    total, count = np.zeros(n), budget // (2 * n)
    for _ in range(count):
        order = rng.permutation(n)
        for one in (order, order[::-1]):
            rank = np.argsort(one)
            steps = function(rank[None, :] < np.arange(n + 1)[:, None])
            total[one] += np.diff(steps)
    return total / (2 * count)


@pytest.fixture(scope="module")
def games():
    out = []
    for seed in range(6):
        function = network(12, seed)
        exact = shapley_value(function(all_masks(12)))
        out.append(
            (function, exact, spex.explain(function, 12, budget=300, estimator="shapley", progress=False))
        )
    return out


@pytest.mark.slow
def test_shapley_values_are_twice_as_exact_as_those_of_permutations(games):
    ours, theirs = 0.0, 0.0
    for seed, (function, exact, found) in enumerate(games):
        permutations = permutation_values(function, 12, 300, np.random.default_rng(seed))
        ours += np.abs(found.single_values().values - exact).mean()
        theirs += np.abs(permutations - exact).mean()
    assert ours < 0.5 * theirs


@pytest.mark.slow
def test_deviations_tell_the_errors(games):
    errors = np.concatenate([found.single_values().values - exact for _, exact, found in games])
    deviations = np.concatenate([found.single_values().deviations for *_, found in games])
    assert (np.abs(errors) < 2 * deviations).mean() > 0.75  # 0.95 on the real models of benchmarks/
    assert 0.5 < np.sqrt((errors**2).mean() / (deviations**2).mean()) < 2


@pytest.mark.slow
def test_banzhaf_values_and_their_deviations(games):
    for function, _, found in games:
        values, masks = function(all_masks(12)), all_masks(12)
        exact = np.array([values[masks[:, i]].mean() - values[~masks[:, i]].mean() for i in range(12)])
        single = found.single_values("BII")
        assert (np.abs(single.values - exact) < 5 * single.deviations).all()
        assert np.abs(single.values - exact).mean() < 0.15 * np.abs(exact).mean()


@pytest.mark.slow
@pytest.mark.parametrize("symbol", ["k-SII", "STII", "FSII", "BII", "Fourier"])
def test_interactions_and_their_deviations(games, symbol):
    errors, deviations, errors_of_regression = [], [], []
    for function, _, found in games:
        exact = spex.explain(function, 12, budget=2**12, progress=False).index(symbol, 2).as_dict()
        table = found.index(symbol, 2).of_order(2)
        assert len(table) == 66  # all pairs
        errors.append(table.values - [exact.get(term, 0.0) for term in table.terms])
        deviations.append(found.deviations(table))
        regression = spex.explain(
            function, 12, budget=300, estimator="shapley", max_order=4, progress=False
        ).index(symbol, 2)
        known = regression.as_dict()
        errors_of_regression.append([known.get(term, 0.0) - exact.get(term, 0.0) for term in table.terms])
    errors, deviations = np.concatenate(errors), np.concatenate(deviations)
    assert (np.abs(errors) < 2 * deviations).mean() > 0.75
    assert 1 / 3 < np.sqrt((errors**2).mean() / (deviations**2).mean()) < 2
    assert (errors**2).mean() < 0.8 * np.square(errors_of_regression).mean()


@pytest.mark.slow
@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_largest_order_bounds_the_spectrum_and_not_the_values(order):
    smooth = network(12, 0)

    def function(masks):
        return smooth(masks) + 9.0 * masks[:, :3].all(axis=1)

    found = spex.explain(function, 12, budget=300, estimator="shapley", max_order=order, progress=False)
    every = spex.explain(function, 12, budget=300, estimator="shapley", progress=False)
    assert found.spectrum.max_order == order
    assert_allclose(found.single_values().values, every.single_values().values, atol=1e-12)


def test_outputs_share_a_kernel_and_nothing_else():
    one, other = network(10, 0), network(10, 1)
    both = spex.explain(
        lambda m: np.stack([one(m), 1e6 * other(m)], axis=1),
        10, budget=300, estimator="shapley", progress=False,
    )  # fmt: skip
    assert both.r2.shape == (2,)
    assert (both.r2 > 0.9).all()
    exact = [shapley_value(f(all_masks(10))) for f in (one, other)]
    single = both.single_values()
    assert_allclose(single.values[:, 0], exact[0], atol=0.1)
    assert_allclose(single.values[:, 1], 1e6 * exact[1], atol=1e5)
    assert_allclose(both.output(1).single_values().values, single.values[:, 1], atol=0)
    assert_allclose(both.output([1]).single_values().deviations, single.deviations[:, [1]], atol=0)


@pytest.mark.parametrize("budget", [2, 3, 4, 7, 12, 33])
@pytest.mark.parametrize("n", [1, 2, 20, 60])
def test_tiny_budgets(n, budget):
    function = lambda masks: masks @ np.arange(1.0, n + 1)  # noqa: E731
    asked = []

    def counting(masks):
        asked.extend(mask.tobytes() for mask in masks)
        return function(masks)

    found = spex.explain(counting, n, budget=budget, estimator="shapley", progress=False)
    assert len(asked) == len(set(asked)) == found.n_calls == min(budget, 2**n)
    assert np.isfinite(found.single_values().values).all()
    assert np.isfinite(found.spectrum.coefficients).all()
    assert found.r2_source.startswith("not measured") == np.isnan(found.r2)


def test_constant_function():
    found = spex.explain(lambda m: np.full(len(m), 3.0), 30, budget=100, estimator="shapley", progress=False)
    assert found.spectrum.as_dict() == {(): 3.0}
    assert np.isnan(found.r2)
    assert not found.single_values().values.any()
    assert not found.single_values().deviations.any()


def test_saved_values_come_back(games, tmp_path):
    *_, found = games[0]
    found.save(tmp_path / "found.npz")
    again = spex.Interactions.load(tmp_path / "found.npz")
    for index in ("SV", "BV"):
        one, other = found.single_values(index), again.single_values(index)
        assert_allclose(other.values, one.values, atol=0)
        assert_allclose(other.deviations, one.deviations, atol=0)
    assert type(again.function) is type(found.function)


def test_every_index_gets_the_values_of_its_family(games):
    *_, found = games[0]
    for family in (("SV", "SII", "k-SII", "STII", "FSII"), ("BV", "BII", "FBII"), ("Moebius",)):
        first = found.single_values(family[0])
        for index in family:
            assert_allclose(found.single_values(index).values, first.values, atol=1e-10)
            assert_allclose(found.index(index, 1).first_order(), first.values, atol=1e-10)
            assert_allclose(found.single_values(index).deviations, first.deviations, rtol=1e-5)
        assert (first.deviations > 0).all()
    with pytest.raises(spex.InputError, match="index: 'FOO'"):
        found.single_values("FOO")


def test_the_sparse_estimator_knows_no_deviations():
    function = network(12, 0)
    found = spex.explain(function, 12, budget=300, estimator="spex", progress=False)
    assert_allclose(found.single_values().values, found.index("SV").first_order(), atol=0)
    assert np.isnan(found.single_values().deviations).all()


def test_all_masks_leave_no_doubt():
    function = network(8, 0)
    found = spex.explain(function, 8, budget=256, estimator="shapley", max_order=1, progress=False)
    assert_allclose(found.single_values().values, shapley_value(function(all_masks(8))), atol=1e-10)
    assert not found.single_values().deviations.any()


@pytest.mark.parametrize(
    ("n", "budget", "kind"),
    [(8, 256, "full"), (8, 255, "repulsive"), (60, 8000, "repulsive"), (60, 8001, "coded")],
)
def test_masks_are_chosen_by_budget(n, budget, kind):
    assert Shapley().design(n, budget, None, np.random.default_rng(0)).plan.kind == kind


@pytest.mark.parametrize(
    ("n", "budget", "kind"),
    [
        (8, 256, "full"),
        (8, 255, "repulsive"),
        (60, 199, "repulsive"),
        (60, 200, "orthogonal"),
        (60, 1000, "orthogonal"),
        (60, 2000, "coded"),
    ],
)
def test_auto_chooses_by_budget(n, budget, kind):
    assert Auto().design(n, budget, None, np.random.default_rng(0)).plan.kind == kind


@pytest.mark.slow
def test_auto_fits_given_samples():
    rng = np.random.default_rng(0)
    masks = rng.random((500, 30)) < 0.5
    found = spex.fit(masks, 1.0 * (masks[:, 3] & masks[:, 7]) - masks[:, 11], estimator="shapley")
    assert found.top(1).terms == [(3, 7)]
    assert_allclose(found.single_values().values[[3, 7, 11]], [0.5, 0.5, -1.0], atol=0.01)


@pytest.mark.slow
def test_noise_is_not_taken_for_values():
    """A function of the highest orders alone has values near 0, and hardly larger ones are estimated."""
    n, off, true = 26, [], []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        inner, outer = rng.normal(size=(n, 60)), rng.normal(size=60)

        def rough(masks, inner=inner, outer=outer):
            return np.sin(6 * (masks @ inner)) @ outer

        found = spex.explain(rough, n, budget=120, estimator="shapley", seed=seed, progress=False)
        values = found.single_values().values
        off.append(np.sqrt(np.mean(values**2)))
        true.append(np.std(rough(rng.random((400, n)) < 0.5)))
    assert np.mean(off) < 0.15 * np.mean(true)  # 0.17 with rates that vary freely
