"""Packed characters against the product of signs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spex_plugins.core.basis import characters as module
from spex_plugins.core.basis.characters import characters, evaluate, pack, project
from spex_plugins.core.basis.feature_sets import all_of_order, combine, from_sets


def products(masks, sets):
    """(−1)^{Σ_{i∈S} m_i} as a product of signs, (T, m)."""
    signs = 1.0 - 2.0 * masks
    return np.array([signs[:, list(s)].prod(axis=1) for s in sets]).reshape(len(sets), len(masks))


@st.composite
def cases(draw):
    n, m = draw(st.integers(1, 90)), draw(st.integers(0, 200))
    each = st.sets(st.integers(0, n - 1), max_size=7).map(sorted).map(tuple)
    sets = draw(st.lists(each, max_size=12))
    masks = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).random((m, n)) < 0.5
    return masks, sets


@pytest.mark.slow
@given(cases())
def test_characters_are_products_of_signs(case):
    masks, sets = case
    m, n = masks.shape
    out = characters(pack(masks), from_sets(sets, n), m)
    np.testing.assert_array_equal(out, products(masks, sets))
    assert out.dtype == np.float32


@given(cases())
def test_evaluation_is_the_sum_over_sets(case):
    masks, sets = case
    rng = np.random.default_rng(len(sets))
    for shape in [(), (3,)]:
        coefficients = rng.normal(size=(len(sets), *shape))
        out = evaluate(masks, from_sets(sets, masks.shape[1]), coefficients)
        assert out.shape == (len(masks), *shape)
        np.testing.assert_allclose(out, products(masks, sets).T @ coefficients, atol=1e-12)


@given(cases())
def test_projection_is_the_adjoint_of_evaluation(case):
    masks, sets = case
    weights = np.random.default_rng(len(sets)).normal(size=(len(masks), 2))
    out = project(masks, from_sets(sets, masks.shape[1]), weights)
    np.testing.assert_allclose(out, products(masks, sets) @ weights, atol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
def test_all_sets_among_some_features_are_projected_together(order, monkeypatch):
    rng = np.random.default_rng(order)
    masks, weights = rng.random((70, 40)) < 0.5, rng.normal(size=(70, 2))
    supports = np.arange(3, 14, dtype=np.int32)[all_of_order(11, order)]
    supports = combine([supports, np.array([[2], [17]])], 40)  # and some with empty slots
    together = project(masks, supports, weights)
    monkeypatch.setattr(module, "_COST", -1)
    np.testing.assert_allclose(together, project(masks, supports, weights), atol=1e-12)


@pytest.mark.parametrize("m", [1, 7, 8, 63, 64, 65, 128, 200])
def test_masks_need_not_fill_their_words(m):
    masks = np.random.default_rng(m).random((m, 5)) < 0.5
    packed = pack(masks)
    assert packed.shape == (6, -(-m // 64))
    assert not packed[-1].any()
    sets = [(), (0,), (1, 4), (0, 1, 2, 3, 4)]
    np.testing.assert_array_equal(characters(packed, from_sets(sets, 5), m), products(masks, sets))


def test_one_feature():
    masks = np.array([[False], [True], [True]])
    out = evaluate(masks, from_sets([(), (0,)], 1), np.array([0.5, 2.0]))
    np.testing.assert_array_equal(out, [2.5, -1.5, -1.5])


def test_blocks_of_terms_add_up(monkeypatch):
    rng = np.random.default_rng(2)
    masks, coefficients = rng.random((100, 20)) < 0.5, rng.normal(size=(30, 2))
    supports = np.sort(rng.permuted(np.tile(np.arange(20), (30, 1)), axis=1)[:, :3], axis=1)
    whole = evaluate(masks, supports, coefficients)
    monkeypatch.setattr(module, "_CHUNK", 700)
    np.testing.assert_allclose(evaluate(masks, supports, coefficients), whole, atol=1e-12)
