"""The approximator gives shapiq exact values where the budget allows, and keeps to its budget elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from games import Recorded, random_spectrum

shapiq = pytest.importorskip("shapiq")

from spex_plugins import InputError  # noqa: E402
from spex_plugins.shapiq import SpexApproximator  # noqa: E402


def a_game(n, order=3, seed=0):
    return Recorded(random_spectrum(n, 2 * n, order, np.random.default_rng(seed)).predict)


@pytest.mark.parametrize("index", SpexApproximator.valid_indices)
def test_all_coalitions_give_the_exact_values(index):
    game = a_game(6)
    order = 1 if index in ("SV", "BV") else 6 if index == "Moebius" else 2
    found = SpexApproximator(6, order, index)(100, game)
    assert game.calls == 64
    exact = shapiq.game_theory.exact.ExactComputer(game.function, 6)(index, order)
    assert (found.index, found.max_order, found.min_order) == (index, order, 0)
    for term, value in exact.interactions.items():
        assert found[term] == pytest.approx(value, abs=1e-6 if index == "FSII" else 1e-9)
    assert not found.estimated
    assert found.estimation_budget == 64


def test_a_sparse_game_of_many_players_within_the_budget():
    game = Recorded(random_spectrum(24, 15, 2, np.random.default_rng(0)).predict)
    approximator = SpexApproximator(24, 2, "k-SII", random_state=1)
    values = approximator.approximate(600, game)
    assert game.calls <= 600
    assert len(np.unique(game.masks, axis=0)) == game.calls
    assert values.estimation_budget == game.calls
    truth = game.function.__self__.convert("k-SII", 2)
    largest = np.abs(truth[1]).max()
    for row, value in zip(truth[0], truth[1], strict=True):
        assert values[tuple(int(i) for i in row if i < 24)] == pytest.approx(value, abs=1e-8 * largest)
    assert approximator.found.r2 > 0.999


def test_only_the_largest_interactions():
    found = SpexApproximator(6, 2, "SII", top_order=True)(64, a_game(6))
    assert {len(term) for term in found.interactions} == {2}
    assert found.min_order == 2


def test_equal_seeds_give_equal_values():
    one, other = (SpexApproximator(14, 2, random_state=3)(200, a_game(14)) for _ in range(2))
    assert one.interactions == other.interactions


def test_unusable_arguments():
    with pytest.raises(ValueError, match="Invalid index 'CHII'"):
        SpexApproximator(5, 2, "CHII")
    with pytest.raises(InputError, match="order: SV has only order 1"):
        SpexApproximator(5, 2, "SV")
    for name, value in {"n": None, "max_order": -1, "random_state": "zero"}.items():
        with pytest.raises(InputError, match=r"^(n|max_order|seed): "):
            SpexApproximator(**{"n": 5} | {name: value})
    with pytest.raises(InputError, match="budget: "):
        SpexApproximator(5)(np.nan, a_game(5))


def test_an_explainer_of_shapiq_uses_it():
    """shapiq explains a model of a table with it."""
    data = np.random.default_rng(0).normal(size=(30, 5))

    def model(rows):
        return rows[:, 0] + rows[:, 1] * rows[:, 2]

    approximator = SpexApproximator(5, 2, "k-SII")
    explainer = shapiq.TabularExplainer(
        model, data, approximator=approximator, index="k-SII", max_order=2, imputer="baseline"
    )
    x = data[0]
    found = explainer.explain(x, budget=32)
    assert sum(found.interactions.values()) == pytest.approx(model(x[None])[0], abs=1e-9)
    base = np.median(data, axis=0), np.mean(data, axis=0)
    products = [(x[1] - b[1]) * (x[2] - b[2]) for b in base]
    assert min(abs(found[(1, 2)] - product) for product in products) < 1e-9
