"""SPEX: sparse Fourier transform by channel decoding, refitted by sparse regression."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.design import CodedDesign, Design, make_design
from spex_plugins.core.exact import exact_spectrum
from spex_plugins.core.indices import convert
from spex_plugins.core.peeling import find_support
from spex_plugins.core.plan import plan
from spex_plugins.core.refit import refit, refit_coded
from spex_plugins.core.spectrum import Spectrum
from spex_plugins.core.supports import orders_of
from spex_plugins.estimators.base import Fit, SingleValues
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["Spex"]

_UNCODED_ORDER = 2


class Spex:
    """SPEX (Kang et al. 2025, arXiv 2502.13870), with the sparse refit that the method asks for.

    With all 2^n masks the transform is exact. With a coded design, sets of up to five features are decoded
    from the aliased transform. With fewer calls, or with given samples, sets of up to two features compete
    in the regression alone.
    """

    name = "spex"

    def design(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        """Choose the masks: see `spex_plugins.core.plan.plan`."""
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
        if n < 63 and m == 2**n:
            spectrum = exact_spectrum(masks, values)
            kept = spectrum.truncate(max_order or n)
            explained = 1 - (spectrum - kept).variance() / np.maximum(spectrum.variance(), 1e-300)
            singles = {index: _exact(spectrum, index) for index in ("SV", "BV")}
            return Fit(kept, explained, "exact: all masks are known", f"{len(kept)} terms", singles)
        if design and design.coded:
            return _decoded(masks, values, design.coded, max_order, rng)
        n_structured = design.n_structured if design else 0
        nothing = np.empty((0, 0), dtype=np.int32)
        result = refit(masks, values, nothing, n_structured, max_order or _UNCODED_ORDER, rng)
        source = f"cross-validated on {result.tested} uniform masks" if result.tested else "not measured"
        return Fit(result.spectrum, result.r2, source, f"{len(result.spectrum)} terms kept")


def _decoded(
    masks: BoolArray, values: FloatArray, coded: CodedDesign, max_order: int | None, rng: np.random.Generator
) -> Fit:
    """Fit the sets of a coded design; each group is predicted by what the others decode."""
    groups = range(len(coded.hashes))
    found = [find_support(values, part) for part in (*map(coded.without, groups), coded)]
    result = refit_coded(masks, values, found, coded.groups_of(len(masks)), max_order or coded.code.t, rng)
    method = f"{len(found[-1])} sets decoded, {len(result.spectrum)} terms kept"
    source = f"cross-validated on {result.tested} masks, each group predicted by the others"
    return Fit(result.spectrum, result.r2, source, method)


def _exact(spectrum: Spectrum, index: str) -> SingleValues:
    supports, found = convert(spectrum, index, 1)
    single = orders_of(supports, spectrum.n) == 1
    values = np.zeros((spectrum.n, *found.shape[1:]))
    values[supports[single].ravel()] = found[single]
    return SingleValues(values, np.zeros_like(values))
