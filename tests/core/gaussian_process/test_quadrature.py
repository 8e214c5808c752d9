"""The nodes of an index against the weights by which the index is defined."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from spex_plugins import INDICES
from spex_plugins.core.basis.indices import index_weight
from spex_plugins.core.gaussian_process.quadrature import index_quadrature


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 2, 7, 30, 64])
@pytest.mark.parametrize("index", ["Fourier", *INDICES])
def test_powers_get_the_weights_of_the_index(index, n):
    orders = (1,) if index in ("SV", "BV") else (1, 2, 3)
    for order in orders:
        for size in range(min(order, n) + 1):
            nodes, weights, squared = index_quadrature(index, order, size, n)
            assert (np.abs(nodes) < 1).all()
            expected = [float(index_weight(index, order, size + k, size)) for k in range(len(nodes))]
            powers = nodes ** np.arange(len(nodes))[:, None]
            scale = np.abs(expected).max() + 1
            assert_allclose(powers @ weights, expected, atol=1e-9 * scale)
            assert_allclose(powers @ squared, np.square(expected), atol=1e-9 * scale**2)


def test_shapley_values_integrate_over_the_diagonal():
    _, weights, _ = index_quadrature("SV", 1, 1, 64)
    lengths = np.polynomial.legendre.leggauss(64)[1]
    assert_allclose(weights, -lengths, rtol=1e-9)  # dp = −du / 2, and a character loses 2 where it turns
