"""Tables of functions with more sets than are listed: what stands in them, and what the others add up to."""

from __future__ import annotations

import numpy as np
import pytest

import spex_plugins as spex
from spex_plugins.core.basis import feature_sets as sets


def of_a_triple(masks):
    weights = np.random.default_rng(2).normal(size=masks.shape[1])
    return 5.0 * masks[:, :3].all(axis=1) + np.tanh(masks @ weights / 4)


@pytest.fixture(scope="module")
def wide():
    return spex.explain(of_a_triple, 60, budget=300, index="SV", progress=False)


@pytest.mark.parametrize("index", ["FSII", "STII", "k-SII"])
@pytest.mark.parametrize(("n", "order", "count"), [(40, 3, 10_700), (120, 2, 7260)])
def test_tables_of_all_sets_add_up(n, order, count, index):
    found = spex.explain(of_a_triple, n, budget=250, index="SV", progress=False)
    table = found.index(index, order)
    assert len(table) == count
    assert table.unlisted is None
    np.testing.assert_allclose(table.values.sum(), found.full_value - found.empty_value, atol=1e-8)


@pytest.mark.parametrize("index", ["FSII", "STII", "BII", "Moebius"])
def test_a_large_set_of_three_leads_a_table_of_some_sets(wide, index):
    table = wide.index(index, 3)
    assert table.top(1).terms == [(0, 1, 2)]
    every = sets.combine([sets.all_of_order(60, size) for size in range(1, 4)], 60)
    assert len(table) < len(every)
    values = wide.function.index(every, index, 3)
    np.testing.assert_allclose(table.top(1).values, [values[np.abs(values).argmax()]])
    if index in ("FSII", "STII"):
        np.testing.assert_allclose(table.unlisted, values.sum() - table.values.sum(), atol=1e-8)
        assert f"{len(table):,} sets; those not listed add up to {table.unlisted:+.4g}" in repr(table)
    else:
        assert np.isnan(table.unlisted)
        assert f"{len(table):,} sets, others not listed" in repr(table)


def test_a_selection_does_not_tell_what_is_not_listed(wide):
    table = wide.index("FSII", 3)
    assert table.of_order(3).unlisted is table.top(2).unlisted is None


def test_several_outputs_have_a_sum_each(wide):
    def both(masks):
        return np.column_stack([of_a_triple(masks), 2 * of_a_triple(masks)])

    found = spex.explain(both, 60, budget=300, index="SV", progress=False)
    assert found.index("FSII", 3).unlisted.shape == (2,)
    one, two = found.index("STII", 3).unlisted
    np.testing.assert_allclose(two, 2 * one, rtol=1e-6)


def test_a_spectrum_has_no_other_sets():
    assert (
        spex.explain(of_a_triple, 60, budget=300, estimator="proxyspex", progress=False).index().unlisted
        is None
    )
