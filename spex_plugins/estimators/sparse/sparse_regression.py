"""Sparse regression on single features, pairs and triples, which are screened if they are too many."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.scaling import standardised
from spex_plugins.core.designs.design import Design
from spex_plugins.core.regression.screening import strongest_pairs
from spex_plugins.core.regression.sparse_fit import Refit, fit_sets
from spex_plugins.core.regression.triple_screening import strongest_triples
from spex_plugins.estimators.common.fit_result import FoldedFit
from spex_plugins.estimators.common.held_out import out_of_fold
from spex_plugins.estimators.common.uniform_design import uniform_design
from spex_plugins.estimators.folded_estimator import FoldedEstimator
from spex_plugins.types import BoolArray, FloatArray, IntArray
from spex_plugins.wording import counted

__all__ = ["SparseRegression", "sparse_fit"]

_DEFAULT_ORDER = 3
_MAX_COLUMNS = 2500
_GRAM_COST = 1.5e11  # bounds columns² × samples: a few seconds on two cores
_SCREENING_COST = 4e10  # bounds features² × samples over all screenings
_MAX_PAIRS, _MAX_TRIPLES = 1000, 300


class SparseRegression(FoldedEstimator):
    """Relaxed LASSO on the characters of up to three features, its penalty cross-validated.

    The candidates are all pairs or, if these are too many, those most correlated with the residual of a
    linear fit, and triples of features from the strongest pairs. Screening is repeated without each fold.
    """

    name = "sparse_regression"
    about = (
        "LASSO regression on sets of up to three features, on uniform masks; "
        "R² is cross-validated on uniform masks"
    )

    def draw(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        """Draw uniform masks."""
        return uniform_design(n, budget, max_order or _DEFAULT_ORDER, rng)

    def fit_folds(
        self,
        masks: BoolArray,
        values: FloatArray,
        folds: IntArray,
        *,
        found: Sequence[IntArray],
        max_order: int | None,
        rng: np.random.Generator,
    ) -> FoldedFit:
        """Fit with given folds, see `FoldedEstimator`."""
        result = sparse_fit(masks, values, folds, max_order or _DEFAULT_ORDER, rng, found)
        method = f"sparse regression, {counted(len(result.spectrum), 'term')} kept"
        return FoldedFit(result.spectrum, out_of_fold(result.without, masks, folds), method)


def sparse_fit(
    masks: BoolArray,
    values: FloatArray,
    folds: IntArray,
    max_order: int,
    rng: np.random.Generator,
    found: Sequence[IntArray] = (),
) -> Refit:
    """Screen sets without each fold, add the decoded sets (see `FoldedEstimator`), and fit."""
    m, n = masks.shape
    scaled = standardised(values)[0]
    n_folds = int(folds.max()) + 1
    room = int(min(_MAX_COLUMNS, np.sqrt(_GRAM_COST / m))) - n
    count = int(np.clip(room // 2, 0, _MAX_PAIRS))
    every = n * (n + 1) // 2 <= _MAX_COLUMNS
    cost = float(n) * n * m * (n_folds + 1)
    sample = rng.random(m) < (1.0 if every else _SCREENING_COST / cost)
    parts = []
    for part in [*range(n_folds), -1]:
        used = sample & ((folds != part) | (part < 0))
        columns = [sets.singletons(n)]
        if found:
            columns.append(found[part][sets.orders_of(found[part], n) > 0])
        if max_order >= 2:
            pairs = sets.all_of_order(n, 2) if every else strongest_pairs(masks[used], scaled[used], count)
            columns.append(pairs)
            if max_order >= 3 and n >= 3 and len(pairs):
                columns.append(strongest_triples(masks[used], scaled[used], pairs, _MAX_TRIPLES))
        together = sets.combine(columns, n)
        parts.append(sets.merge(together, np.zeros(len(together)), n)[0])
    return fit_sets(masks, values, parts, folds)
