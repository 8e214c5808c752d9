"""The fast transform against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spex_plugins.core.basis.transform.walsh import walsh_hadamard


def matrix(b):
    return np.array([[(-1.0) ** (j & ell).bit_count() for ell in range(2**b)] for j in range(2**b)])


@pytest.mark.parametrize("b", range(8))
def test_equals_the_definition(b):
    values = np.random.default_rng(b).normal(size=2**b)
    np.testing.assert_allclose(walsh_hadamard(values), matrix(b) @ values, atol=1e-12)


@given(st.integers(0, 10), st.integers(0, 2**32 - 1))
def test_twice_multiplies_by_the_length(b, seed):
    values = np.random.default_rng(seed).normal(size=2**b)
    np.testing.assert_allclose(walsh_hadamard(walsh_hadamard(values)), 2**b * values, atol=1e-10)


@given(st.integers(0, 10), st.integers(0, 2**32 - 1))
def test_keeps_the_energy(b, seed):
    values = np.random.default_rng(seed).normal(size=2**b)
    energy = (walsh_hadamard(values) ** 2).sum()
    np.testing.assert_allclose(energy, 2**b * (values**2).sum(), rtol=1e-12)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2])
def test_other_axes_are_batched(axis):
    values = np.random.default_rng(0).normal(size=(4, 8, 16))
    expected = np.apply_along_axis(walsh_hadamard, axis, values)
    np.testing.assert_allclose(walsh_hadamard(values, axis=axis), expected, atol=1e-12)


def test_input_is_not_changed_and_integers_become_floats():
    values = np.arange(8)
    out = walsh_hadamard(values)
    np.testing.assert_array_equal(values, np.arange(8))
    assert out.dtype == np.float64
    np.testing.assert_array_equal(out, matrix(3) @ values)


@pytest.mark.parametrize("length", [0, 3, 12])
def test_other_lengths_are_refused(length):
    with pytest.raises(ValueError, match="power of two"):
        walsh_hadamard(np.zeros(length))
