"""Sets of features as arrays, against Python's own sets."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spex_plugins.core.basis import feature_sets as supports

N = 12
feature_sets = st.sets(st.integers(0, N - 1), max_size=6).map(sorted).map(tuple)


@given(st.lists(feature_sets))
def test_sets_survive_the_round_trip(sets):
    array = supports.from_sets(sets, N)
    assert array.dtype == np.int32
    assert array.shape == (len(sets), max(map(len, sets), default=0))
    assert supports.to_sets(array, N) == sets
    assert supports.orders_of(array, N).tolist() == list(map(len, sets))


@given(st.lists(st.tuples(feature_sets, st.integers(-5, 5))))
def test_merge_adds_equal_sets_in_canonical_order(pairs):
    sums = defaultdict(int)
    for s, value in pairs:
        sums[s] += value
    rows = supports.from_sets([s for s, _ in pairs], N)
    values = np.array([[v, 2.0 * v] for _, v in pairs]).reshape(-1, 2)
    merged, totals = supports.merge(rows, values, N)
    expected = sorted(sums, key=lambda s: (len(s), s))
    assert supports.to_sets(merged, N) == expected
    np.testing.assert_array_equal(totals[:, 0], [sums[s] for s in expected])
    np.testing.assert_array_equal(totals[:, 1], 2 * totals[:, 0])
    assert merged.shape[1] == max(map(len, sums), default=0)


@given(st.lists(st.lists(feature_sets), max_size=4))
def test_combine_stacks_arrays_of_different_widths(parts):
    stacked = supports.combine([supports.from_sets(part, N) for part in parts], N)
    assert supports.to_sets(stacked, N) == [s for part in parts for s in part]


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_all_sets_of_an_order_come_in_lexicographic_order(n):
    for order in range(n + 3):
        rows = supports.all_of_order(n, order)
        assert rows.shape[1] == order
        assert rows.tolist() == [list(c) for c in combinations(range(n), order)]


@given(st.lists(feature_sets))
def test_sorting_is_by_order_then_lexicographic(sets):
    order = supports.sort_order(supports.from_sets(sets, N), N)
    assert [sets[k] for k in order] == sorted(sets, key=lambda s: (len(s), s))


@pytest.mark.parametrize("size", range(6))
def test_subsets_are_all_combinations(size):
    rows = np.array([[0, 3, 4, 9, 11], [1, 2, 5, 6, 7]])
    out = supports.subsets(rows, size)
    assert out.tolist() == [[list(c) for c in combinations(row, size)] for row in rows.tolist()]


def test_singletons_are_all_features():
    assert supports.to_sets(supports.singletons(4), 4) == [(0,), (1,), (2,), (3,)]
