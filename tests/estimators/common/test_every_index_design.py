"""Masks of the default that is told no index: uniform or coded ones, and some of all sizes."""

import numpy as np
import pytest

import spex_plugins as spex
from spex_plugins.core.designs.choose import least_coded
from spex_plugins.core.designs.size_law import EVERY_INDEX
from spex_plugins.estimators.auto import Auto
from spex_plugins.estimators.common.every_index_design import every_index_design, every_index_sequence
from spex_plugins.estimators.common.uniform_design import LEAST_BITS, faithful_design


@pytest.mark.parametrize(("n", "budget"), [(17, 200), (20, 501), (64, 2001), (300, 400)])
def test_the_budget_is_spent_on_distinct_masks_with_both_ends(n, budget):
    design = Auto().draw(n, budget, None, np.random.default_rng(0))
    assert design.masks.shape == (budget, n)
    assert len(np.unique(design.masks, axis=0)) == budget
    assert (~design.masks).all(axis=1).any()
    assert design.masks.all(axis=1).any()
    assert (design.plan.budget, design.plan.index) == (budget, EVERY_INDEX)


@pytest.mark.parametrize(("n", "budget"), [(32, 1000), (17, 1000)])
def test_a_share_of_the_masks_have_sizes_far_from_the_middle(n, budget):
    def far(masks):
        return (np.abs(masks.sum(axis=1) - n / 2) > 2.5 * np.sqrt(n) / 2).mean()

    mixed = every_index_design(n, budget, None, np.random.default_rng(1)).masks
    uniform = faithful_design(n, budget, None, np.random.default_rng(1)).masks
    assert far(uniform) < 0.02
    assert 0.1 < far(mixed) < 0.3  # some masks of all sizes lie in the middle


@pytest.mark.parametrize(("n", "budget"), [(17, 199), (1025, 400)])
def test_few_masks_and_very_many_features_get_uniform_masks(n, budget):
    design, alone = (Auto(index).draw(n, budget, None, np.random.default_rng(1)) for index in (None, "BV"))
    np.testing.assert_array_equal(design.masks, alone.masks)


def test_masks_of_all_sizes_do_not_test_the_fit():
    n = 24
    tested = np.concatenate(
        [
            design.masks[design.n_structured :]
            for seed in range(20)
            for design in [every_index_design(n, 600, None, np.random.default_rng(seed))]
        ]
    )
    assert len(tested) > 1000
    sizes = np.bincount(tested.sum(axis=1), minlength=n + 1) / len(tested)
    binomial = np.array([float(np.prod(np.arange(n, n - k, -1) / np.arange(1, k + 1))) for k in range(n + 1)])
    assert np.abs(sizes - binomial / 2**n).max() < 0.03


def test_a_coded_design_stays_in_front():
    design = every_index_design(20, 2000, None, np.random.default_rng(2))
    alone = faithful_design(20, 1700, None, np.random.default_rng(2))
    assert design.coded is not None
    assert alone.coded is not None
    np.testing.assert_array_equal(design.coded.masks, design.masks[: len(design.coded.masks)])
    np.testing.assert_array_equal(design.masks[: alone.n_structured], alone.masks[: alone.n_structured])


def test_a_wished_order_gets_the_whole_budget():
    budget = least_coded(64, 5, LEAST_BITS)
    assert Auto().draw(64, budget, 5, np.random.default_rng(0)).plan.max_order == 5
    assert Auto().draw(64, budget, None, np.random.default_rng(0)).plan.max_order < 5


def test_a_run_in_rounds_has_them_in_its_first_round():
    design = every_index_sequence(20, 400, 900, None, np.random.default_rng(3))
    assert len(design.masks) == 900
    assert len(np.unique(design.masks, axis=0)) == 900
    far = np.abs(design.masks.sum(axis=1) - 10) > 6
    assert far[:400].sum() > 40
    assert far[400:].sum() < 15


@pytest.mark.parametrize(("n", "budget"), [(16, 300), (17, 800)])
def test_shapley_values_are_nearer_than_from_uniform_masks(n, budget):
    """A function that saturates: what a feature adds to few others is not seen by uniform masks."""
    gains = np.linspace(0.2, 1.5, n)

    def error(index):
        found = spex.explain(saturating, n, budget=budget, index=index, progress=False)
        return np.sqrt(((found.single_values("SV").values - truth) ** 2).sum())

    def saturating(masks):
        return np.sqrt(masks @ gains)

    truth = spex.explain(saturating, n, budget=2**n, progress=False).single_values("SV").values
    assert error(None) < 0.5 * error("BV")
