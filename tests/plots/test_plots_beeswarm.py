"""A dot for every row, where its value is."""

from __future__ import annotations

import numpy as np
import pytest
from plots_sample import interactions

import spex_plugins as spex
from spex_plugins import InputError
from spex_plugins.plots import beeswarm


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    rows = [
        interactions(["age", "bmi", "bp"], {(0, 1): rng.normal(), (1, 2): 0.1, (0,): 1.0}) for _ in range(40)
    ]
    return spex.over_rows(rows)


def test_dots_have_the_values_of_the_rows(table):
    ax = beeswarm(table.interactions(), top=2, title="Pairs")
    swarms = [c for c in ax.collections if c.get_gid() == "set"]
    assert len(swarms) == 2
    for swarm, values in zip(swarms, table.interactions().values.T, strict=True):
        np.testing.assert_allclose(swarm.get_offsets()[:, 0], values)
    heights = swarms[0].get_offsets()[:, 1]
    assert np.abs(heights - 1).max() <= 0.45
    assert [label.get_text() for label in ax.get_yticklabels()] == ["age × bmi", "bmi × bp"]


def test_unusable_arguments_are_named(table):
    with pytest.raises(InputError, match="table: expected a RowTable"):
        beeswarm([1])
    with pytest.raises(InputError, match="top: must be an integer"):
        beeswarm(table, top=0)
    beeswarm(table.of_order(3)).figure.canvas.draw()
