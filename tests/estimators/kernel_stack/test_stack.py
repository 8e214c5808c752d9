"""The estimator that is told what will be read."""

from __future__ import annotations

import sys
from math import comb

import numpy as np
import oracles
import pytest
from numpy.testing import assert_allclose
from oracles import all_masks

import spex_plugins as spex
from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.transform.exact_transform import exact_spectrum
from spex_plugins.estimators import Shapley
from spex_plugins.estimators.kernel_stack import stack_fit

N = 8
INDICES = ("Fourier", "Moebius", "SV", "BV", "SII", "BII", "k-SII", "STII", "FSII", "FBII")


def network(n, seed, outputs=None):
    """A smooth function without structure that any estimator would know of."""
    rng = np.random.default_rng(seed)
    inner, outer = rng.normal(size=(n, 24)) / np.sqrt(n), rng.normal(size=(24, outputs or 1))

    def function(masks):
        found = np.tanh(2 * (masks - 0.4) @ inner) @ outer
        return found if outputs else found[:, 0]

    return function


def rough(n, seed):
    """A forest of deep trees, as a sum of conjunctions of four features."""
    rng = np.random.default_rng(seed)
    features, kept = rng.integers(0, n, size=(60, 4)), rng.random((60, 4)) < 0.5
    values = rng.normal(size=60)
    return lambda masks: (masks[:, features] == kept).all(axis=2) @ values


def saturating(n, seed):
    """Small masks differ, large ones hardly, and the empty one lies apart: data valuation looks so."""
    weights = np.random.default_rng(seed).gamma(2.0, 0.15, size=n)
    return lambda masks: 1 - np.exp(-(masks @ weights)) * (1 + 0.3 * np.sin(5 * masks @ weights[::-1]))


def explained(function, n, budget, **options):
    return spex.explain(function, n, budget=budget, estimator="shapley", progress=False, **options)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["parts", "whole"])
@pytest.mark.parametrize("trees", [True, False])
def test_predictions_and_indices_belong_to_one_function(kind, trees, monkeypatch):
    if kind == "whole":
        monkeypatch.setattr(stack_fit, "_PAIRED", 2.0)
    if not trees:
        monkeypatch.setitem(sys.modules, "lightgbm", None)
    function = network(N, 0, 2)
    found = explained(function, N, 100)
    assert ("boosted trees" in found.plan) == trees
    masks = all_masks(N)
    predicted, asked = found.predict(masks), found.function.masks
    assert_allclose(found.predict(asked), function(asked), atol=1e-9)
    assert len(asked) == 100
    spectrum = exact_spectrum(masks, predicted)
    for symbol in INDICES:
        for order in (1,) if symbol in ("SV", "BV") else (1, 2, 3):
            rows = sets.combine([sets.all_of_order(N, size) for size in range(order + 1)], N)
            supports, values = spectrum.convert(symbol, order)
            table = dict(zip(sets.to_sets(supports, N), values, strict=True))
            expected = [table.get(s, np.zeros(2)) for s in sets.to_sets(rows, N)]
            assert_allclose(found.function.index(rows, symbol, order), expected, atol=1e-9)
            assert np.isfinite(found.deviations(found.index(symbol, order))).all()


def test_values_add_up_and_are_those_of_the_definition():
    function = network(N, 3)
    found = explained(function, N, 120)
    ends = function(np.array([[False] * N, [True] * N]))
    assert_allclose(found.single_values("SV").values.sum(), ends[1] - ends[0], atol=1e-9)
    predicted = found.predict(all_masks(N))
    banzhaf = oracles.banzhaf_value(predicted)
    assert_allclose(found.single_values("BV").values, [banzhaf[i,] for i in range(N)], atol=1e-9)


@pytest.mark.parametrize("budget", [62, 63, 64, 100, 300])
def test_values_of_second_order_functions_are_exact(budget):
    n, rng = 30, np.random.default_rng(0)
    single, pair = rng.normal(size=n), np.triu(rng.normal(size=(n, n)), 1)
    expected = single + (pair + pair.T).sum(axis=1) / 2
    found = explained(lambda m: m @ single + ((m @ pair) * m).sum(axis=1), n, budget)
    assert_allclose(found.single_values("SV").values, expected, atol=1e-10)
    assert found.single_values("SV").deviations.max() < 1e-6


def test_a_third_order_function_is_not_taken_for_one_of_second_order():
    found = explained(lambda m: m[:, 0] + 1e-6 * m[:, :3].all(axis=1), 12, 60)
    assert_allclose(found.single_values("SV").values[1], 1e-6 / 3, rtol=0.5)


@pytest.mark.slow
def test_sparse_functions_are_exact():
    rng = np.random.default_rng(1)
    chosen = [tuple(sorted(rng.permutation(16)[: 1 + k % 3].tolist())) for k in range(15)]
    terms = {s: float(v) for s, v in zip(chosen, rng.normal(size=15), strict=True)}
    truth = spex.Spectrum.from_dict(16, terms)
    found = explained(truth.predict, 16, 600)
    assert len(found.spectrum) <= len(truth) + 1
    assert_allclose(found.predict(all_masks(16)), truth.predict(all_masks(16)), atol=1e-8)
    table = found.index("k-SII", 2)
    assert (found.deviations(table) == 0).all()


@pytest.mark.parametrize("index", ["SV", "FSII", "BII"])
def test_masks_are_those_for_the_index(index):
    found = explained(network(14, 0), 14, 300, index=index)
    sizes = found.function.masks.sum(axis=1)
    assert ((sizes == 7).sum() > 50) == (index == "BII")
    assert index in found.plan


def test_an_unknown_index_is_refused_before_any_call():
    with pytest.raises(spex.errors.InputError, match="index"):
        spex.explain(lambda m: 1 / 0, 14, budget=100, estimator="shapley", index="shapley", progress=False)


@pytest.mark.slow
def test_deviations_hold_on_smooth_and_rough_games():
    within = {"SV": [], "k-SII": []}
    for make in (network, rough, saturating):
        for seed in range(3):
            function = make(10, seed)
            exact = exact_spectrum(all_masks(10), function(all_masks(10))[:, None])
            found = explained(function, 10, 250, seed=seed)
            for symbol, order in (("SV", 1), ("k-SII", 2)):
                rows = sets.all_of_order(10, order)
                supports, values = exact.convert(symbol, order)
                table = dict(zip(sets.to_sets(supports, 10), values[:, 0], strict=True))
                truth = np.array([table.get(s, 0.0) for s in sets.to_sets(rows, 10)])
                off = np.abs(found.function.index(rows, symbol, order) - truth)
                within[symbol].append((off <= 2 * found.function.deviations(rows, symbol, order)).mean())
    assert np.mean(within["SV"]) > 0.85
    assert np.mean(within["k-SII"]) > 0.85


@pytest.mark.slow
@pytest.mark.parametrize("make", [network, rough, saturating])
@pytest.mark.parametrize("index", ["SV", "BII"])
def test_r2_is_that_of_the_masks_that_were_not_asked(make, index):
    stated, true = [], []
    for seed in range(3):
        function, n = make(11, seed), 11
        found = explained(function, n, 300, seed=seed, index=index)
        masks = all_masks(n)
        sizes = masks.sum(axis=1)
        law = [
            1.0 if index == "BII" else 1 / (s * (n - s) * comb(n, s)) if 0 < s < n else 0
            for s in range(n + 1)
        ]
        weights = np.array(law)[sizes]
        weights[found.function.masks @ (1 << np.arange(n))] = 0
        values = function(masks)
        spread = weights @ (values - weights @ values / weights.sum()) ** 2
        true.append(1 - weights @ (values - found.predict(masks)) ** 2 / spread)
        stated.append(found.r2)
    assert abs(np.mean(stated) - np.mean(true)) < 0.06


def test_functions_that_vary_with_size_get_a_process_with_sizes():
    smooth = network(12, 1)
    assert "all sizes" in explained(lambda m: np.exp(4 * m.mean(axis=1)) * smooth(m), 12, 300).plan
    assert "odd and even" in explained(network(12, 0), 12, 300).plan


def test_given_samples_need_no_complements():
    rng = np.random.default_rng(0)
    masks = rng.random((200, 9)) < 0.5
    masks[:, 4] = True
    function = network(9, 1)
    with pytest.warns(spex.errors.UnidentifiableWarning):
        found = spex.fit(masks, function(masks), estimator="shapley")
    assert_allclose(found.predict(masks), function(masks), atol=1e-9)
    single = found.single_values("SV")
    assert single.values[4] == single.deviations[4] == 0
    assert (np.delete(single.deviations, 4) > 0).all()
    assert found.index("k-SII", 2).as_dict().get((2, 4), 0.0) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "function", [network(12, 0), saturating(12, 0), network(12, 0, 3), lambda m: 1.0 * m[:, 3]]
)
def test_files_keep_everything(function, tmp_path):
    found = explained(function, 12, 150)
    found.save(tmp_path / "found.npz")
    again = type(found).load(tmp_path / "found.npz")
    masks = np.random.default_rng(0).random((30, 12)) < 0.5
    assert (again.predict(masks) == found.predict(masks)).all()
    table = found.index("FSII", 2)
    assert (again.index("FSII", 2).values == table.values).all()
    assert (again.deviations(table) == found.deviations(table)).all()


FUNCTIONS = {
    "constant": lambda m: np.full(len(m), 3.0),
    "size": lambda m: np.tanh(m.sum(axis=1) - 1.5),
    "offset": lambda m: 1e8 + m[:, 0],
    "one constant output": lambda m: np.stack([m.sum(axis=1) ** 2.0, 0.0 * m[:, 0]], axis=1),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", FUNCTIONS)
@pytest.mark.parametrize(
    ("n", "budget"), [(1, 2), (2, 3), (3, 5), (5, 2), (5, 4), (6, 12), (14, 20), (40, 100)]
)
def test_few_masks(kind, n, budget):
    function = FUNCTIONS[kind]
    found = explained(function, n, budget)
    ends = function(np.array([[False] * n, [True] * n]))
    single = found.single_values("SV")
    scale = max(1.0, np.abs(ends[1] - ends[0]).max())
    assert_allclose(single.values.sum(axis=0), ends[1] - ends[0], atol=1e-6 * scale)
    untold = n > 1 and budget <= 3 and kind != "constant"  # two or three values tell no deviation
    assert np.isfinite(single.deviations).all() != untold
    assert np.isfinite(found.index("k-SII", 2).values).all()
    assert "Interactions" in repr(found)


def test_outputs_of_one_run():
    found = explained(network(10, 0, 3), 10, 150)
    one, two = found.output(1), found.output([2, 0])
    table = found.index("FSII", 2)
    rows = np.random.default_rng(0).random((20, 10)) < 0.5
    assert_allclose(one.predict(rows), found.predict(rows)[:, 1], rtol=1e-12)
    assert_allclose(two.predict(rows), found.predict(rows)[:, [2, 0]], rtol=1e-12)
    assert_allclose(one.deviations(table), found.deviations(table)[:, 1], rtol=1e-9)


def test_same_seed_same_result():
    first, second = (explained(network(12, 0), 12, 200, seed=5) for _ in range(2))
    assert (first.single_values().values == second.single_values().values).all()


def test_estimator_is_told_the_index():
    assert Shapley().reading("BII").index == "BII"


@pytest.mark.parametrize("index", ["SV", "BV"])
def test_of_noise_the_mean_is_left(index):
    n, stated, true = 12, [], []
    for seed in range(4):
        noise = np.random.default_rng(seed).normal(size=2**n)
        found = explained(lambda m, noise=noise: noise[m @ (1 << np.arange(n))], n, 150, index=index)
        asked = found.function.masks @ (1 << np.arange(n))
        others = np.setdiff1d(np.arange(2**n), asked)
        left = noise[others] - found.predict(all_masks(n)[others])
        stated.append(found.r2)
        true.append(1 - (left**2).mean() / noise[others].var())
    assert_allclose(np.mean(stated), 0, atol=0.08)
    assert_allclose(np.mean(true), 0, atol=0.08)
