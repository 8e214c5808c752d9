"""SPEX: sparse Fourier transform by channel decoding, refitted by sparse regression."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.basis.exact_transform import exact_spectrum
from spex_plugins.core.basis.feature_sets import orders_of
from spex_plugins.core.basis.indices import convert
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.designs.all_masks import all_masks_within
from spex_plugins.core.designs.choose import plan
from spex_plugins.core.designs.design import Design, make_design
from spex_plugins.core.regression.sparse_fit import refit, uniform_folds
from spex_plugins.estimators.base import Fit, SingleValues
from spex_plugins.estimators.decoded import decode
from spex_plugins.estimators.held_out import measured_refit
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["Spex"]

_UNCODED_ORDER = 2


class Spex:
    """SPEX (Kang et al. 2025, arXiv 2502.13870), with the sparse refit that the method asks for.

    With all 2^n masks the transform is exact. With a coded design, sets of up to five features are decoded
    from the aliased transform. With fewer calls, or with given samples, sets of up to two features compete
    in the regression alone. R² is that of uniform masks where the budget has room for enough of them, else
    every group of the coded design is predicted from the others.
    """

    name = "spex"

    def design(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        """Choose the masks: see `spex_plugins.core.designs.choose.plan`."""
        return make_design(plan(n, budget, max_order), rng)

    def fit(
        self,
        masks: BoolArray,
        values: FloatArray,
        *,
        design: Design | None,
        max_order: int | None,
        rng: np.random.Generator,
    ) -> Fit:
        """Fit masks (m, n) and values (m, K)."""
        m, n = masks.shape
        if all_masks_within(n, m):
            spectrum = exact_spectrum(masks, values)
            kept = spectrum.truncate(max_order or n)
            explained = 1 - (spectrum - kept).variance() / np.maximum(spectrum.variance(), 1e-300)
            singles = {index: _exact(spectrum, index) for index in ("SV", "BV")}
            return Fit(kept, explained, "exact: all masks are known", f"{len(kept)} terms", singles)
        coded = design.coded if design else None
        order = max_order or (coded.code.t if coded else _UNCODED_ORDER)
        unstructured = uniform_folds(masks, design.n_structured if design else 0, rng)
        decoded = decode(masks, values, design, unstructured)
        result = refit(masks, values, decoded.found, decoded.folds, order, rng)
        r2, error, source = measured_refit(masks, values, result, decoded.kind)
        terms = f"{len(result.spectrum)} terms kept"
        method = f"{decoded.method}, {terms}" if coded else terms
        return Fit(result.spectrum, r2, source, method, r2_error=error)


def _exact(spectrum: Spectrum, index: str) -> SingleValues:
    supports, found = convert(spectrum, index, 1)
    single = orders_of(supports, spectrum.n) == 1
    values = np.zeros((spectrum.n, *found.shape[1:]))
    values[supports[single].ravel()] = found[single]
    return SingleValues(values, np.zeros_like(values))
