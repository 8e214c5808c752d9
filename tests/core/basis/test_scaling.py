"""Scaling is exact, leaves ordinary values alone, and knows a constant from its rounding errors."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spex_plugins.core.basis.scaling import standardised, well_scaled


def noise(m=50, outputs=3):
    return np.random.default_rng(0).normal(size=(m, outputs))


@pytest.mark.parametrize("values", [noise(), 1e5 + noise(), 1e30 * noise(), np.zeros((4, 2))])
def test_ordinary_values_are_left_as_they_are(values):
    scaled, scaling = well_scaled(values)
    assert_array_equal(scaled, values)
    assert not scaling.changes


@pytest.mark.parametrize(
    "values",
    [
        1e13 + noise(),
        -1e9 + noise(),
        1e160 * noise(),
        1e-200 * noise(),
        1e-310 * noise(),
        1.7e308 * np.tanh(noise()),
        1e290 + 1e280 * noise(),
        noise() * [1, 1e200, 1e-200] + [1e12, 0, 0],
    ],
)
def test_extreme_values_come_back_bit_by_bit(values):
    scaled, scaling = well_scaled(values)
    assert scaling.changes
    assert_array_equal(scaled * scaling.factor + scaling.centre, values)
    assert np.isfinite((scaled**2).sum(axis=0)).all()
    assert (scaled.var(axis=0) > 1e-100).all()


@pytest.mark.parametrize("value", [0.1, -3e13, 1e-300, 1e300, 5e-324])
def test_rounding_errors_are_no_variation(value):
    values = np.full((40, 1), value)
    values[::3] = np.nextafter(value, np.inf) if abs(value) > 1e-320 else value
    scaled, _ = well_scaled(values)
    assert np.ptp(scaled) == 0
    assert_array_equal(standardised(scaled)[2], 0.0)


def test_small_variation_of_a_large_value_is_variation():
    values = 1e12 + 1e-3 * np.arange(40.0)[:, None]
    assert standardised(values)[2] > 0
    assert np.ptp(well_scaled(values)[0]) > 0
