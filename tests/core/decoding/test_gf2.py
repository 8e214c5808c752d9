"""Arithmetic in GF(2^a) against galois and against the axioms of a field."""

from __future__ import annotations

import galois
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spex_plugins.core.decoding.gf2 import PRIMITIVE_POLYNOMIALS, field

DEGREES = sorted(PRIMITIVE_POLYNOMIALS)


@st.composite
def elements(draw, count, nonzero=False):
    gf = field(draw(st.sampled_from(DEGREES)))
    each = st.integers(int(nonzero), gf.size)
    return gf, *(np.array(draw(st.lists(each, min_size=8, max_size=8))) for _ in range(count))


@pytest.mark.parametrize("a", DEGREES)
def test_polynomials_are_the_conway_polynomials(a):
    assert int(galois.conway_poly(2, a)) == PRIMITIVE_POLYNOMIALS[a]


@pytest.mark.parametrize("a", [2, 3, 4, 5])
def test_all_products_and_quotients_equal_galois(a):
    ours, theirs = field(a), galois.GF(2**a)
    x, y = map(np.ravel, np.meshgrid(np.arange(2**a), np.arange(2**a)))
    np.testing.assert_array_equal(ours.multiply(x, y), np.array(theirs(x) * theirs(y)))
    x, y = x[y > 0], y[y > 0]
    np.testing.assert_array_equal(ours.divide(x, y), np.array(theirs(x) / theirs(y)))


@pytest.mark.parametrize("a", [8, 11, 14])
def test_random_products_and_quotients_equal_galois(a):
    ours, theirs, rng = field(a), galois.GF(2**a), np.random.default_rng(a)
    x, y = rng.integers(0, 2**a, 2000), rng.integers(1, 2**a, 2000)
    np.testing.assert_array_equal(ours.multiply(x, y), np.array(theirs(x) * theirs(y)))
    np.testing.assert_array_equal(ours.divide(x, y), np.array(theirs(x) / theirs(y)))


@given(elements(3))
def test_multiplication_is_commutative_and_associative_and_distributes(drawn):
    gf, x, y, z = drawn
    times = gf.multiply
    np.testing.assert_array_equal(times(x, y), times(y, x))
    np.testing.assert_array_equal(times(times(x, y), z), times(x, times(y, z)))
    np.testing.assert_array_equal(times(x, y ^ z), times(x, y) ^ times(x, z))


@given(elements(2, nonzero=True))
def test_division_undoes_multiplication(drawn):
    gf, x, y = drawn
    np.testing.assert_array_equal(gf.divide(gf.multiply(x, y), y), x)
    np.testing.assert_array_equal(gf.multiply(gf.divide(x, y), y), x)
    np.testing.assert_array_equal(gf.divide(x, x), 1)


@given(elements(1))
def test_zero_annihilates_and_one_is_neutral(drawn):
    gf, x = drawn
    np.testing.assert_array_equal(gf.multiply(x, np.zeros_like(x)), 0)
    np.testing.assert_array_equal(gf.multiply(np.zeros_like(x), x), 0)
    np.testing.assert_array_equal(gf.divide(np.zeros_like(x), np.maximum(x, 1)), 0)
    np.testing.assert_array_equal(gf.multiply(x, np.ones_like(x)), x)


@pytest.mark.parametrize("a", DEGREES)
def test_alpha_generates_every_element(a):
    gf = field(a)
    assert sorted(gf.exp[: gf.size].tolist()) == list(range(1, 2**a))
    np.testing.assert_array_equal(gf.exp[gf.log[1:]], np.arange(1, 2**a))
