"""Sums of waves: indices against the definitions over all masks, and their nearness to logistic curves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_tables import CASES, index_matrix, sets_of
from numpy.testing import assert_allclose
from oracles import all_masks

from spex_plugins.core.logistic.curve import LogisticCurve
from spex_plugins.core.logistic.wave_sum import WaveSum, side_by_side, waves_of

N = 5


def drawn(seed, n=N, outputs=2):
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=7) + 1j * rng.normal(size=7)
    return WaveSum(rng.normal(scale=2.0, size=(7, n)), weights, rng.integers(0, outputs, 7), outputs)


def single(phases):
    return WaveSum(phases, np.ones(len(phases), dtype=complex), np.zeros(len(phases), dtype=int), 1)


@pytest.mark.parametrize(("symbol", "order"), CASES)
@given(st.integers(0, 2**32 - 1))
@settings(max_examples=5, deadline=None)
def test_indices_are_those_of_the_definitions(symbol, order, seed):
    function = drawn(seed)
    expected = index_matrix(symbol, order, N) @ function.predict(all_masks(N))
    assert_allclose(function.index(sets_of(N, order), symbol, order), expected, atol=1e-9)


def test_waves_of_opposite_phase():
    function = single(np.array([[np.pi, np.pi, 0.0]]))  # 1, −1, −1, 1 …
    for symbol, order in CASES:
        expected = index_matrix(symbol, order, 3) @ function.predict(all_masks(3))
        assert_allclose(function.index(sets_of(3, order), symbol, order), expected, atol=1e-9)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_odd_and_even_parts(seed):
    function, masks = drawn(seed), all_masks(N)
    odd, even = np.array([0.3, 2.0]), np.array([-1.0, 0.5])
    own, opposite = function.predict(masks), function.predict(~masks)
    expected = odd * (own - opposite) / 2 + even * (own + opposite) / 2
    assert_allclose(function.parts(odd, even).predict(masks), expected, atol=1e-12)


def test_values_are_those_of_the_formula():
    function = WaveSum(np.array([[0.3, -1.0], [2.0, 0.0]]), np.array([1 + 2j, -1j]), np.array([1, 1]), 2)
    found = function.predict(np.array([[True, False], [True, True]]))
    second = np.exp(2j) * -1j
    expected = [(np.exp(0.3j) * (1 + 2j) + second).real, (np.exp(-0.7j) * (1 + 2j) + second).real]
    assert_allclose(found, np.column_stack([np.zeros(2), expected]))


def test_outputs_and_scale():
    function, masks = drawn(3, outputs=4), all_masks(N)
    values, factors = function.predict(masks), np.array([2.0, 0.0, -1.0, 0.5])
    assert_allclose(function.output(np.array([2, 0])).predict(masks), values[:, [2, 0]])
    assert_allclose(function.scaled(factors).predict(masks), values * factors)
    both = side_by_side([function, function.scaled(np.array(3.0))])
    assert_allclose(both.predict(masks), np.hstack([values, 3 * values]))


def test_a_few_pairs_have_the_values_of_all():
    function, pairs = drawn(5, 40), np.array([(i, j) for i in range(40) for j in range(i)], dtype=np.int32)
    pairs = np.sort(pairs, axis=1)
    everything = function.index(pairs, "FSII", 2)
    assert_allclose(function.index(pairs[:20], "FSII", 2), everything[:20], atol=1e-12)


@given(st.integers(0, 2**32 - 1), st.sampled_from([3, 10, 40]), st.floats(0.001, 60.0))
@settings(max_examples=50, deadline=None)
def test_logistic_curves_become_sums_of_waves(seed, n, steepness):
    rng = np.random.default_rng(seed)
    curve = LogisticCurve(*rng.normal(size=3), steepness * rng.normal(size=n) / np.sqrt(n))
    masks = rng.random((300, n)) < rng.random((300, 1))
    masks[:2] = [[False], [True]]
    error = np.abs(waves_of(curve).predict(masks)[:, 0] - curve.predict(masks))
    assert error.max() < 1e-6 * abs(curve.height)


@pytest.mark.parametrize("shift", [-400.0, -150.0, 0.0, 90.0])
def test_curves_whose_bend_is_outside_the_range(shift):
    curve = LogisticCurve(0.0, 1.0, shift, np.repeat([0.0, 30.0], 10))
    masks = np.random.default_rng(0).random((200, 20)) < 0.5
    assert_allclose(waves_of(curve).predict(masks)[:, 0], curve.predict(masks), atol=1e-9)


def test_a_curve_without_slopes_is_a_constant():
    found = waves_of(LogisticCurve(1.0, 2.0, 0.0, np.zeros(3)))
    assert_allclose(found.predict(all_masks(3)), 2.0, atol=1e-9)


def test_a_thousand_features():
    rng = np.random.default_rng(0)
    function = single(0.1 * rng.normal(size=(3, 1000)))
    values = function.index(np.arange(1000, dtype=np.int32)[:, None], "SV", 1)
    ends = function.predict(np.array([[False] * 1000, [True] * 1000]))[:, 0]
    assert_allclose(values.sum(), ends[1] - ends[0], atol=1e-9)
