"""Sparse functions without noise, found exactly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.characters import characters, pack
from spex_plugins.core.basis.single_values import SingleValues
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.fitted.exact_functions import exact_function
from spex_plugins.core.parity_process.gram import inner_masks
from spex_plugins.core.regression.linear_odd_part import ROUNDING
from spex_plugins.core.regression.matching_pursuit import exact_sets
from spex_plugins.core.regression.unseen_combinations import has_unseen_combinations
from spex_plugins.estimators.common.fit_result import Fit
from spex_plugins.estimators.common.held_out import measured
from spex_plugins.types import BoolArray, FloatArray
from spex_plugins.wording import counted

__all__ = ["exact_sparse_fit"]

_ANCHORED = 1e3  # times as much as others count the values that single values add up to
_EQUAL = 1e-13  # share of the largest value of an output whose values are all equal
_DETERMINED = 1e-6  # part of a mask's leverage that is left to the others


def exact_sparse_fit(masks: BoolArray, values: FloatArray) -> Fit | None:
    """Return a spectrum of few sets that meets all values (m, K), if `exact_sets` finds one.

    None if the masks leave open what such a function is elsewhere, as many that mask few features do.
    """
    m, n = masks.shape
    found = exact_sets(masks, values)
    if found is None or has_unseen_combinations(masks, found):
        return None
    supports = sets.combine([np.full((1, 0), n, dtype=np.int32), found], n)
    signs = characters(pack(masks), supports, m).T.astype(np.float64)
    weights = np.where(inner_masks(masks), 1.0, _ANCHORED)[:, None]
    coefficients, _, rank, _ = np.linalg.lstsq(weights * signs, weights * values, rcond=None)
    # The weights make rounding a thousand times larger, and tables would list it: what is left is solved.
    coefficients += np.linalg.lstsq(weights * signs, weights * (values - signs @ coefficients), rcond=None)[0]
    predicted = signs @ coefficients
    left = np.abs(values - predicted).max(axis=0)
    rounding = np.maximum(ROUNDING * np.ptp(values, axis=0), _EQUAL * np.abs(values).max(axis=0))
    if rank < len(supports) or (left > rounding).any():
        return None
    spectrum = Spectrum.from_terms(n, supports, coefficients)
    function = exact_function(spectrum, masks)
    shapley = function.index(sets.singletons(n), "SV", 1)
    known = replace(function, shapley=SingleValues(shapley, np.zeros_like(shapley)))
    leverage = (np.linalg.qr(signs)[0] ** 2).sum(axis=1)
    determined = leverage < 1 - _DETERMINED  # by the other masks
    unseen = np.where(determined[:, None], predicted, np.nan)
    source = f"{counted(int(determined.sum()), 'mask')}, each left out"
    r2, error, source = measured(masks, values, unseen, source)
    terms = counted(len(spectrum), "term")
    return Fit(known, r2, source, f"matching pursuit, which meets all values: {terms}", error)
