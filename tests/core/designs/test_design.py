"""Plans and masks: distinct, within budget, seeded, balanced, and where the code says they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spex_plugins.core.designs.choose import Plan, plan
from spex_plugins.core.designs.design import make_design


@st.composite
def plans(draw):
    n = draw(st.one_of(st.integers(1, 15), st.integers(1, 400)))
    budget = draw(st.one_of(st.integers(2, 40), st.integers(2, 6000)))
    max_order = draw(st.one_of(st.none(), st.integers(1, 7)))
    chosen = plan(n, budget, max_order)
    unstructured = st.sampled_from(["uniform", "orthogonal"])
    return replace(chosen, kind=draw(unstructured)) if chosen.kind == "uniform" else chosen


seeds = st.integers(0, 2**32 - 1)


def draw_masks(chosen, seed):
    return make_design(chosen, np.random.default_rng(seed))


@given(plans(), seeds)
@settings(max_examples=80)
def test_masks_are_distinct_and_use_the_budget_exactly(chosen, seed):
    masks = draw_masks(chosen, seed).masks
    assert masks.dtype == bool
    assert masks.shape == (min(chosen.budget, 2**chosen.n), chosen.n)
    assert len({mask.tobytes() for mask in masks}) == len(masks)


@given(plans(), seeds)
def test_the_empty_and_the_full_mask_are_present(chosen, seed):
    kept = draw_masks(chosen, seed).masks.sum(axis=1)
    assert kept.min() == 0
    assert kept.max() == chosen.n


@given(plans(), seeds)
def test_the_same_seed_gives_the_same_masks(chosen, seed):
    once, again = draw_masks(chosen, seed), draw_masks(chosen, seed)
    np.testing.assert_array_equal(once.masks, again.masks)
    if once.coded:
        np.testing.assert_array_equal(once.coded.rows, again.coded.rows)


@pytest.mark.parametrize(("n", "budget"), [(12, 1000), (60, 300), (60, 4000)])
def test_another_seed_gives_other_masks(n, budget):
    one, other = (draw_masks(plan(n, budget), seed).masks for seed in (1, 2))
    assert {m.tobytes() for m in one} != {m.tobytes() for m in other}


@pytest.mark.parametrize("kind", ["coded", "uniform"])
@pytest.mark.parametrize("n", [12, 30, 200])
def test_every_feature_is_kept_about_half_of_the_time(n, kind):
    chosen = plan(n, 3900, 4) if kind == "coded" else plan(n, 300, 2)
    assert chosen.kind == kind
    design = draw_masks(chosen, 3)
    drawn = design.masks[2 if kind == "uniform" else 0 :]
    error = np.abs(drawn.mean(axis=0) - 0.5).max()
    assert error < 4.5 * 0.5 / np.sqrt(len(drawn))


@pytest.mark.parametrize("n", [14, 40])
def test_random_masks_are_pairwise_balanced(n):
    design = draw_masks(plan(n, 3000, 2), 5)
    signs = 1.0 - 2.0 * design.masks[design.n_structured :]
    gram = signs.T @ signs / len(signs)
    assert np.abs(gram - np.eye(n)).max() < 5 / np.sqrt(len(signs))


@pytest.mark.parametrize(
    ("n", "budget", "tested"), [(12, 1000, 904), (64, 501, 101), (64, 1000, 486), (200, 300, 60)]
)
def test_part_of_an_orthogonal_design_is_independent_of_the_rest(n, budget, tested):
    design = draw_masks(Plan("orthogonal", n, budget, 2), 0)
    assert len(design.masks) == budget
    assert budget - design.n_structured == pytest.approx(tested, abs=6)  # of 96 masks of 12 some come twice
    whole = budget // 2 * 2
    np.testing.assert_array_equal(design.masks[2:whole:2], ~design.masks[3:whole:2])


CODED = [(11, 2047, 3), (30, 3000, 3), (60, 4000, None), (100, 9000, 4), (300, 6000, 5)]


@pytest.mark.parametrize(("n", "budget", "max_order"), CODED)
def test_rows_lead_to_the_masks_of_the_code(n, budget, max_order):
    """Row (c, q, ℓ) is M_c ℓ + d_q + o_c, computed bit by bit."""
    design = draw_masks(plan(n, budget, max_order), 7)
    coded, bits = design.coded, design.plan.bits
    groups, delays, size = coded.rows.shape
    assert (groups, delays, size) == (design.plan.groups, coded.code.p + 1, 2**bits)
    rng = np.random.default_rng(0)
    for c, q, ell in np.column_stack([rng.integers(0, end, 300) for end in coded.rows.shape]).tolist():
        matrix = coded.hashes[c][:, None] >> np.arange(bits) & 1  # M_c, (n, b)
        vector = ell >> np.arange(bits) & 1
        delay = coded.code.parity_matrix[:, q - 1] if q else np.zeros(n, dtype=bool)
        expected = (matrix @ vector + delay + coded.offsets[c]) % 2
        np.testing.assert_array_equal(design.masks[coded.rows[c, q, ell]], expected)


@pytest.mark.parametrize(("n", "budget", "max_order"), CODED)
def test_structured_masks_come_first_and_random_ones_are_kept_back(n, budget, max_order):
    design = draw_masks(plan(n, budget, max_order), 7)
    used = np.unique(design.coded.rows)
    assert used.max() == design.n_structured - 1
    assert design.n_structured - len(used) <= 2  # the empty and the full mask
    assert budget - design.n_structured >= 100


def rank(hashes):
    basis = []
    for vector in hashes.tolist():
        for b in basis:
            vector = min(vector, vector ^ b)
        if vector:
            basis.append(vector)
    return len(basis)


@pytest.mark.parametrize("seed", range(40))
def test_hashes_have_full_rank_even_with_few_features(seed):
    """Twelve random vectors of six bits or more would be dependent for some of these seeds."""
    design = draw_masks(plan(12, 4095, 3), seed)
    assert [rank(hashes) for hashes in design.coded.hashes] == [design.plan.bits] * design.plan.groups


@pytest.mark.parametrize(("n", "budget", "max_order"), CODED)
def test_every_marginal_of_every_delay_is_exactly_balanced(n, budget, max_order):
    design = draw_masks(plan(n, budget, max_order), 9)
    np.testing.assert_array_equal(design.masks[design.coded.rows].mean(axis=2), 0.5)


def test_no_feature_and_no_mask_is_special_over_seeds():
    """Hashes and offsets are drawn: the mask of (c, q, ℓ) = (0, 0, 0) is uniform, and so is its code."""
    first, hashes = [], []
    for seed in range(100):
        design = draw_masks(plan(30, 3000, 3), seed)
        first.append(design.masks[design.coded.rows[0, 0, 0]])
        hashes.append(design.coded.hashes[0])
    assert np.abs(np.mean(first, axis=0) - 0.5).max() < 0.2
    assert min(len(set(column)) for column in np.transpose(hashes).tolist()) > 10


@pytest.mark.parametrize(("n", "budget", "max_order"), CODED)
def test_features_share_a_bin_only_when_they_must(n, budget, max_order):
    design = draw_masks(plan(n, budget, max_order), 9)
    bins = 2**design.plan.bits - 1
    for hashes in design.coded.hashes:
        assert np.bincount(hashes, minlength=bins + 1)[1:].max() == -(-n // bins)


@given(plans())
def test_the_plan_keeps_its_promises(chosen):
    assert 1 <= chosen.max_order <= chosen.n
    if chosen.kind == "full":
        assert chosen.budget >= 2**chosen.n
    elif chosen.kind == "coded":
        assert chosen.groups >= 3
        assert chosen.max_order >= 3
    else:
        assert chosen.max_order <= 2
        assert 2**chosen.n > chosen.budget


@pytest.mark.parametrize(
    ("n", "budget", "words"), [(4, 99, "2^4 = 16"), (50, 100, "uniform masks"), (50, 9000, "coded")]
)
def test_the_statement_names_what_was_chosen(n, budget, words):
    design = draw_masks(plan(n, budget), 0)
    assert words in design.statement
    assert design.statement.startswith(f"{len(design.masks):,} distinct masks")


@pytest.mark.parametrize("kind", ["orthogonal", "repulsive", "uniform"])
def test_a_design_that_was_drawn_before_is_the_same_and_so_is_the_generator(kind):
    one, two, other = (np.random.default_rng(seed) for seed in (7, 7, 8))
    first = make_design(Plan(kind, 12, 100, 3, index="SV"), one)
    again = make_design(Plan(kind, 12, 100, 3, index="SV"), two)
    assert again is first
    assert one.random() == two.random()
    assert (make_design(Plan(kind, 12, 100, 3, index="SV"), other).masks != first.masks).any()
    assert len(make_design(Plan(kind, 12, 98, 3, index="SV"), np.random.default_rng(7)).masks) == 98
    with pytest.raises(ValueError, match="read-only"):
        first.masks[0] = True
