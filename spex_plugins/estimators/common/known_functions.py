"""Functions that need no estimation: those with values at all masks, and constants."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spex_plugins.core.basis.fitted_function import SpectrumWithDeviations
from spex_plugins.core.basis.single_values import Semivalues, SingleValues
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.basis.transform.exact_transform import exact_spectrum
from spex_plugins.estimators.common.fit_result import Fit
from spex_plugins.estimators.common.held_out import unmeasured
from spex_plugins.types import BoolArray, FloatArray
from spex_plugins.wording import counted

__all__ = ["constant_fit", "exact_fit", "mean_fit"]


def exact_fit(masks: BoolArray, values: FloatArray, max_order: int | None) -> Fit:
    """Transform the values (2^n, K) of all masks.

    With ``max_order``, larger sets are removed, and R² is that of the rest; single values remain exact.
    """
    spectrum = exact_spectrum(masks, values)
    kept = spectrum.truncate(max_order or masks.shape[1])
    explained = 1 - (spectrum - kept).variance() / np.maximum(spectrum.variance(), 1e-300)
    return Fit(_cut(spectrum, kept), explained, "exact: all masks are known", f"{counted(len(kept), 'term')}")


def constant_fit(n: int, values: FloatArray) -> Fit:
    """Return the mean of values (m, K) that are all equal: no feature has an effect."""
    mean = mean_fit(n, values)
    none = SingleValues(*np.zeros((2, n, values.shape[1])))
    return replace(mean, function=SpectrumWithDeviations(mean.function.spectrum, Semivalues(none, none)))


def mean_fit(n: int, values: FloatArray) -> Fit:
    """Return the mean of values (m, K) that are too few for another fit."""
    mean = Spectrum.from_terms(n, np.empty((1, 0), dtype=np.int32), values.mean(axis=0)[None])
    return Fit(mean, *unmeasured(values), "the mean")


def _cut(spectrum: Spectrum, kept: Spectrum) -> SpectrumWithDeviations:
    """Return the kept terms of an exact spectrum, with the single values of all terms."""
    shapley, banzhaf = (spectrum.single_values(index).values for index in ("SV", "BV"))
    none = np.zeros_like(shapley)
    return SpectrumWithDeviations(kept, Semivalues(SingleValues(shapley, none), SingleValues(banzhaf, none)))
