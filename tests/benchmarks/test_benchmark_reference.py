"""The reference of the accuracy benchmark against the definition over all 2^n masks."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import all_masks, shapley_value

N = 5


@pytest.fixture
def game():
    values = np.random.default_rng(3).normal(size=2**N)
    asked = []

    def value(masks):
        asked.append(len(masks))
        return values[masks @ 2 ** np.arange(N)]

    return value, asked


def test_the_reference_is_as_close_as_it_says(game):
    from library.games.permutation_reference import shapley_reference

    value, asked = game
    table = shapley_value(value(all_masks(N)))
    exact = np.array([table[i,] for i in range(N)])
    found = []
    for seed in range(40):
        asked.clear()
        found.append(shapley_reference(value, N, 1000, np.random.default_rng(seed)))
        assert sum(asked) == 2 + 124 * 8  # the end points, and pairs of permutations
    scores = np.array([(each.values - exact) / each.errors for each in found])
    assert 0.8 < scores.std() < 1.2
    assert abs(scores.mean(axis=0)).max() < 4 / np.sqrt(40)
    gains = value(np.array([[True] * N]))[0] - value(np.array([[False] * N]))[0]
    np.testing.assert_allclose([each.values.sum() for each in found], gains, atol=1e-12)


def test_a_kept_reference_counts_only_for_the_same_model(game, tmp_path):
    from library.games.permutation_reference import cached_reference

    value, asked = game
    path = tmp_path / "new" / "reference.npz"
    made = cached_reference(path, value, N, 100)
    asked.clear()
    kept = cached_reference(path, value, N, 100)
    assert sum(asked) == 16  # probes only
    np.testing.assert_array_equal(kept.values, made.values)
    np.testing.assert_array_equal(kept.errors, made.errors)
    other = cached_reference(path, lambda masks: value(masks) * 2, N, 100)
    np.testing.assert_allclose(other.values, 2 * made.values)
