"""Functions that need no estimation: those known at all masks, and constants."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.basis.exact_transform import exact_spectrum
from spex_plugins.core.basis.feature_sets import orders_of
from spex_plugins.core.basis.indices import convert
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.estimators.fit_result import Fit, SingleValues
from spex_plugins.estimators.held_out import unmeasured
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["constant_fit", "exact_fit"]


def exact_fit(masks: BoolArray, values: FloatArray, max_order: int | None) -> Fit:
    """Transform the values (2^n, K) of all masks.

    With ``max_order``, larger sets are cut off, which is what R² then tells; single values stay exact.
    """
    n = masks.shape[1]
    spectrum = exact_spectrum(masks, values)
    kept = spectrum.truncate(max_order or n)
    explained = 1 - (spectrum - kept).variance() / np.maximum(spectrum.variance(), 1e-300)
    singles = {index: _single_values(spectrum, index) for index in ("SV", "BV")}
    return Fit(kept, explained, "exact: all masks are known", f"{len(kept)} terms", singles)


def constant_fit(n: int, values: FloatArray) -> Fit:
    """Return the mean of values (m, K) as a function of n features of which none matters."""
    mean = Spectrum.from_terms(n, np.empty((1, 0), dtype=np.int32), values.mean(axis=0)[None])
    return Fit(mean, *unmeasured(values), "the mean")


def _single_values(spectrum: Spectrum, index: str) -> SingleValues:
    supports, found = convert(spectrum, index, 1)
    single = orders_of(supports, spectrum.n) == 1
    values = np.zeros((spectrum.n, *found.shape[1:]))
    values[supports[single].ravel()] = found[single]
    return SingleValues(values, np.zeros_like(values))
