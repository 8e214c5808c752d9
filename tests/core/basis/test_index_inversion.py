"""A function is found again from its values in any index of its order."""

from __future__ import annotations

import numpy as np
import pytest
from games import difference, random_spectrum
from hypothesis import given
from hypothesis import strategies as st
from index_tables import INDICES

from spex_plugins import Spectrum
from spex_plugins.core.basis.index_inversion import spectrum_of_index


@pytest.mark.parametrize("symbol", INDICES)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 8), order=st.integers(1, 4))
def test_reading_and_inverting_give_the_function_back(symbol, seed, n, order):
    order = 1 if symbol in ("SV", "BV") else min(order, n)
    truth = random_spectrum(n, n, order, np.random.default_rng(seed))
    found = spectrum_of_index(symbol, order, n, *truth.convert(symbol, order))
    assert difference(found, truth) < 1e-12


@pytest.mark.parametrize("symbol", [symbol for symbol in INDICES if symbol not in ("SV", "BV")])
def test_of_a_function_of_higher_order_the_values_remain(symbol):
    """The function has only lower orders, and the same values in the index."""
    truth = random_spectrum(7, 20, 5, np.random.default_rng(1))
    supports, values = truth.convert(symbol, 2)
    found = spectrum_of_index(symbol, 2, 7, supports, values)
    assert found.max_order == 2
    again = dict(
        zip(map(tuple, found.convert(symbol, 2)[0].tolist()), found.convert(symbol, 2)[1], strict=True)
    )
    for row, value in zip(map(tuple, supports.tolist()), values, strict=True):
        assert again.get(row, 0.0) == pytest.approx(value, abs=1e-11)


def test_the_order_of_the_sets_does_not_matter_and_constants_stay():
    supports = np.array([[0, 2], [3, 3], [1, 3]], dtype=np.int32)
    found = spectrum_of_index("Moebius", 2, 3, supports, np.array([4.0, 1.0, -2.0]))
    masks = np.array([[0, 0, 0], [1, 0, 1], [1, 1, 1], [0, 1, 0]], dtype=bool)
    np.testing.assert_allclose(found.predict(masks), [1.0, 5.0, 3.0, -1.0], atol=1e-14)
    assert isinstance(spectrum_of_index("SII", 1, 2, np.empty((0, 0), dtype=np.int32), np.empty(0)), Spectrum)
