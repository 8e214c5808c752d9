"""The transform of all 2^n values against the definition."""

from __future__ import annotations

import numpy as np
import pytest
from games import random_spectrum
from hypothesis import given
from hypothesis import strategies as st
from oracles import all_masks, fourier

from spex_plugins.core.basis.transform.exact_transform import exact_spectrum


def shuffled(n, outputs, rng):
    masks = all_masks(n)[rng.permutation(2**n)]
    return masks, rng.normal(size=(2**n, outputs))


@given(st.integers(1, 7), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_equals_the_definition_for_masks_in_any_order(n, outputs, seed):
    masks, values = shuffled(n, outputs, np.random.default_rng(seed))
    found = exact_spectrum(masks, values)
    table = np.empty_like(values)
    table[masks @ (1 << np.arange(n))] = values
    for k in range(outputs):
        expected = fourier(table[:, k])
        assert found.output(k).as_dict() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("n", [1, 4, 9, 12])
def test_a_dense_function_is_reproduced(n):
    masks, values = shuffled(n, 2, np.random.default_rng(n))
    found = exact_spectrum(masks, values)
    assert len(found) == 2**n
    np.testing.assert_allclose(found.predict(masks), values, atol=1e-11)


@pytest.mark.parametrize("n", [3, 8, 12])
def test_only_the_terms_of_a_sparse_function_remain(n):
    truth = random_spectrum(n, 6, n, np.random.default_rng(n), outputs=2)
    found = exact_spectrum(all_masks(n), truth.predict(all_masks(n)))
    assert found.as_dict().keys() == truth.as_dict().keys()
    np.testing.assert_allclose(found.coefficients, truth.coefficients, atol=1e-13)


def test_outputs_of_very_different_size_keep_their_terms():
    masks = all_masks(3)
    values = np.column_stack([1e20 * masks[:, 0], masks[:, 1] & masks[:, 2]]).astype(float)
    found = exact_spectrum(masks, values).output(1)
    np.testing.assert_allclose(found.predict(masks), values[:, 1], atol=1e-13)


def test_constants_and_zero():
    masks = all_masks(3)
    assert exact_spectrum(masks, np.full((8, 1), 2.5)).as_dict() == {(): [2.5]}
    zero = exact_spectrum(masks, np.zeros((8, 2)))
    assert len(zero) == 0
    assert zero.output_shape == (2,)
