"""Explanations without a bar, and what to compare them by."""

from __future__ import annotations

import numpy as np

from spex_plugins import explain


def asked(function, n, budget, **options):
    return explain(function, n, budget=budget, progress=False, **options)


def linear(masks):
    return masks @ np.arange(1.0, masks.shape[1] + 1)


def same(x, y):
    """Bitwise the same answer."""
    np.testing.assert_array_equal(x.spectrum.supports, y.spectrum.supports)
    np.testing.assert_array_equal(x.spectrum.coefficients, y.spectrum.coefficients)
    np.testing.assert_array_equal(x.r2, y.r2)
    assert repr(x) == repr(y)
