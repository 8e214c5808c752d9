"""SPEX: sparse Fourier transform by channel decoding, refitted by sparse regression."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.basis.exact_transform import exact_spectrum
from spex_plugins.core.basis.fitted_function import SpectrumWithDeviations
from spex_plugins.core.basis.single_values import Semivalues, SingleValues
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.designs.all_masks import all_masks_within
from spex_plugins.core.designs.choose import plan
from spex_plugins.core.designs.design import Design, make_design
from spex_plugins.core.regression.sparse_fit import refit, uniform_folds
from spex_plugins.estimators.base import Fit
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
    about = (
        "sparse Fourier terms, decoded from a coded design or found in uniform masks, and refitted; "
        "R² is cross-validated on uniform masks, or on groups of the coded ones"
    )

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
            return Fit(_exact(spectrum, kept), explained, "exact: all masks are known", f"{len(kept)} terms")
        coded = design.coded if design else None
        order = max_order or (coded.code.t if coded else _UNCODED_ORDER)
        unstructured = uniform_folds(masks, design.n_structured if design else 0, rng)
        decoded = decode(masks, values, design, unstructured)
        result = refit(masks, values, decoded.found, decoded.folds, order, rng)
        r2, error, source = measured_refit(masks, values, result, decoded.kind)
        terms = f"{len(result.spectrum)} terms kept"
        method = f"{decoded.method}, {terms}" if coded else terms
        return Fit(result.spectrum, r2, source, method, error)


def _exact(spectrum: Spectrum, kept: Spectrum) -> SpectrumWithDeviations:
    """Return the terms of an exact spectrum that are kept, with the single values of all terms."""
    shapley, banzhaf = (spectrum.single_values(index).values for index in ("SV", "BV"))
    none = np.zeros_like(shapley)
    return SpectrumWithDeviations(kept, Semivalues(SingleValues(shapley, none), SingleValues(banzhaf, none)))
