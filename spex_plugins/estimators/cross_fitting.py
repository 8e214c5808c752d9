"""Folds of samples, and the fit of any estimator that works by folds."""

from __future__ import annotations

from typing import Literal

import numpy as np

from spex_plugins.core.basis.masks import pair_numbers
from spex_plugins.core.basis.scaling import standardised
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.designs.all_masks import all_masks_within
from spex_plugins.core.designs.choose import Plan
from spex_plugins.core.designs.design import Design, make_design
from spex_plugins.estimators.base import Fit, FoldedEstimator
from spex_plugins.estimators.decoded import decode
from spex_plugins.estimators.held_out import measured, unmeasured
from spex_plugins.estimators.spex import Spex
from spex_plugins.estimators.threads import fitting_threads
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = [
    "assign_folds",
    "fit_by_folds",
    "uniform_design",
]

N_FOLDS = 5
_MANY, _FOLDS_OF_MANY = 4000, 2  # samples of which two folds tell enough, and the cost counts
_LEARNED, _SHARE_LEARNED = 400, 0.5
_GROUPS_LEARNED = 1  # groups of a coded design from which a kernel is learned
_LEAST_TESTED = 8  # fewer samples cannot choose anything


def uniform_design(n: int, budget: int, max_order: int, rng: np.random.Generator) -> Design:
    """Draw uniform masks, or all of them where the budget allows it."""
    kind: Literal["full", "uniform"] = "full" if all_masks_within(n, budget) else "uniform"
    return make_design(Plan(kind, n, min(budget, 2**n), min(max_order, n)), rng)


def assign_folds(masks: BoolArray, n_structured: int, rng: np.random.Generator) -> IntArray:
    """Return the fold of every sample, (m,), complements together; −1 for those always trained on.

    These are the first ``n_structured`` ones and as many others as it takes to learn a kernel from samples
    that measure nothing: up to 400, and at most half of all. All are −1 where the others are too few.
    """
    m = len(masks)
    if m - n_structured < _LEAST_TESTED:
        return np.full(m, -1)
    pairs = pair_numbers(masks[n_structured:])
    count = int(pairs.max()) + 1
    missing = max(min(_LEARNED, int(_SHARE_LEARNED * m)) - n_structured, 0) / (m - n_structured)
    n_folds = N_FOLDS if m <= _MANY else _FOLDS_OF_MANY
    fold_of_pair = np.arange(count) % n_folds
    fold_of_pair[: round(missing * count)] = -1
    return np.concatenate([np.full(n_structured, -1), rng.permutation(fold_of_pair)[pairs]])


def fit_by_folds(
    estimator: FoldedEstimator,
    masks: BoolArray,
    values: FloatArray,
    *,
    design: Design | None,
    max_order: int | None,
    rng: np.random.Generator,
) -> Fit:
    """Fit with folds of one's own; exact where all masks are known, the mean where hardly any are."""
    m, n = masks.shape
    if all_masks_within(n, m):
        return Spex().fit(masks, values, design=design, max_order=max_order, rng=rng)
    unstructured = assign_folds(masks, design.n_structured if design else 0, rng)
    folds, decoded, kind = known = decode(masks, values, design, unstructured, _GROUPS_LEARNED)
    if (folds < 0).all() or not standardised(values)[2].any():
        constant = Spectrum.from_terms(n, np.empty((1, 0), dtype=np.int32), values.mean(axis=0)[None])
        return Fit(constant, *unmeasured(values), "the mean")
    with fitting_threads(m):
        found = estimator.fit_folds(masks, values, folds, found=decoded, max_order=max_order, rng=rng)
    source = f"cross-validated on {(folds >= 0).sum()} {kind}"
    method = f"{known.method}, {found.method}" if design and design.coded else found.method
    r2, error, source = measured(masks, values, found.out_of_fold, source)
    return Fit(found.spectrum, r2, source, method, found.singles, error, found.process)
