"""SPEX: sparse Fourier transform by channel decoding, refitted by sparse regression."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.designs.choose import plan
from spex_plugins.core.designs.design import Design, make_design
from spex_plugins.core.regression.sparse_fit import refit, uniform_folds
from spex_plugins.estimators.base import Estimator
from spex_plugins.estimators.common.decoded import decode
from spex_plugins.estimators.common.fit_result import Fit
from spex_plugins.estimators.common.held_out import measured_refit
from spex_plugins.estimators.common.uniform_design import faithful_sequence
from spex_plugins.types import BoolArray, FloatArray
from spex_plugins.wording import counted

__all__ = ["Spex"]

_UNCODED_ORDER = 2


class Spex(Estimator):
    """SPEX (Kang et al. 2025, arXiv 2502.13870), with the sparse refit of the method.

    With a coded design, sets of up to five features are decoded from the aliased transform. With a smaller
    budget, or with given samples, sets of up to two features are selected by regression alone. R² is
    cross-validated on uniform masks if the budget allows enough of them; otherwise, every group of the coded
    design is predicted from the others.
    """

    name = "spex"
    decodes = True
    about = (
        "sparse Fourier terms, decoded from a coded design or found in uniform masks, and refitted; "
        "R² is cross-validated on uniform masks, or on groups of the coded ones"
    )

    def draw(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        """Choose the masks, see `spex_plugins.core.designs.choose.plan`."""
        return make_design(plan(n, budget, max_order), rng)

    def sequence(
        self, n: int, first: int, most: int, max_order: int | None, rng: np.random.Generator
    ) -> Design:
        """Choose the masks of a run in rounds, see `faithful_sequence`."""
        return faithful_sequence(n, first, most, max_order, rng)

    def fit_samples(
        self,
        masks: BoolArray,
        values: FloatArray,
        *,
        design: Design | None,
        max_order: int | None,
        rng: np.random.Generator,
    ) -> Fit:
        """Fit masks (m, n) and values (m, K)."""
        coded = design.coded if design else None
        order = max_order or (coded.code.t if coded else _UNCODED_ORDER)
        unstructured = uniform_folds(masks, design.n_structured if design else 0, rng)
        decoded = decode(masks, values, design, unstructured)
        result = refit(masks, values, decoded.found, decoded.folds, order, rng)
        r2, error, source = measured_refit(masks, values, result, decoded.kind)
        terms = f"{counted(len(result.spectrum), 'term')} kept"
        method = f"{decoded.method}, {terms}" if coded else terms
        return Fit(result.spectrum, r2, source, method, error)
