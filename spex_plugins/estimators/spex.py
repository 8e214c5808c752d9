"""SPEX."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.design import Design, make_design
from spex_plugins.core.exact import exact_spectrum
from spex_plugins.core.plan import plan
from spex_plugins.core.spectrum import Spectrum
from spex_plugins.core.types import BoolArray, FloatArray
from spex_plugins.estimators.base import Fit

__all__ = ["Spex"]


class Spex:
    """SPEX (Kang et al. 2025)."""

    name = "spex"

    def design(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        return make_design(plan(n, budget, max_order), rng)

    def fit(self, masks: BoolArray, values: FloatArray, *, design: Design | None, max_order: int | None, rng: np.random.Generator) -> Fit:
        m, n = masks.shape
        if m == 2**n:
            spectrum = exact_spectrum(masks, values)
            if max_order is not None: spectrum = spectrum.truncate(max_order)
            return Fit(spectrum, np.ones(values.shape[1]), "exact", "")
        spectrum = Spectrum.zero(n, values.shape[1:])
        return Fit(spectrum, np.full(values.shape[1], np.nan), "not measured", "")
