"""Features whose effects the samples do not determine: a warning that names them, and their values."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spex_plugins.core.basis.fitted_function import FittedFunction, SpectrumWithDeviations
from spex_plugins.core.basis.identifiability import Identified, are_dependent
from spex_plugins.core.basis.single_values import Semivalues
from spex_plugins.core.fitted.stacked import StackedFunction
from spex_plugins.errors import UnidentifiableWarning
from spex_plugins.estimators.common.fit_result import Fit
from spex_plugins.result.feature_labels import visible
from spex_plugins.types import BoolArray, IntArray
from spex_plugins.wording import counted

__all__ = ["of_all_features", "warn_of_unidentifiable"]

_SHOWN = 5  # names, and groups of names


def warn_of_unidentifiable(
    known: Identified, masks: BoolArray, names: Sequence[str], stacklevel: int
) -> bool:
    """Warn of features whose effects distinct masks (m, n) do not determine.

    Returns whether those that can be told apart depend on each other linearly; ``stacklevel`` as in
    `warnings.warn`.

    Warns
    -----
    UnidentifiableWarning
        If there are such features.
    """
    parts = []
    if len(known.constant):
        which = _listed(known.constant, names)
        parts.append(f"no sample differs in {which}, so no effect can be estimated: the values are 0")
    tied = known.tied
    if tied:
        shown = "; ".join(_listed(group, names) for group in tied[:_SHOWN])
        more = f" and {counted(len(tied) - _SHOWN, 'more group')}" if len(tied) > _SHOWN else ""
        parts.append(f"({shown}{more}) differ only together: they share their joint effect equally")
    dependent = are_dependent(masks[:, known.features])
    if dependent:
        kept = masks.sum(axis=1)
        how = (
            f"all samples keep {counted(int(kept[0]), 'feature')}"
            if np.ptp(kept) == 0
            else ("the features depend on each other linearly")
        )
        parts.append(f"{how}, so that other values of single features would agree with the samples as well")
    if parts:
        text = "; ".join(parts)
        warnings.warn(
            f"masks: {text}; add samples that tell them apart.",
            UnidentifiableWarning,
            stacklevel=stacklevel + 1,
        )
    return dependent


def of_all_features(found: Fit, known: Identified, dependent: bool) -> Fit:
    """Return the fit of groups of features as a fit of all features.

    If groups have several features, the result is a spectrum without standard deviations, as those of the
    shares of the features are not known. There are none either if features are ``dependent``.
    """
    if dependent:
        found = replace(found, function=_without_deviations(found.function))
    if len(known.features) == len(known.group):
        return found
    if not len(known.features):
        found = replace(found, r2=np.full_like(found.r2, np.nan), r2_source="not measured: no feature varies")
    if known.tied:
        return replace(found, function=known.spread(found.function.spectrum))
    return replace(found, function=found.function.placed(known.features, len(known.group)))


def _listed(features: IntArray, names: Sequence[str]) -> str:
    shown = ", ".join(visible(names[i]) for i in features[:_SHOWN].tolist())
    return f"{shown} and {len(features) - _SHOWN} more" if len(features) > _SHOWN else shown


def _without_deviations(function: FittedFunction) -> FittedFunction:
    """Return a function whose standard deviations are NaN."""
    if isinstance(function, SpectrumWithDeviations):
        known = function.semivalues
        single = Semivalues(known.shapley.without_deviations(), known.banzhaf.without_deviations())
        return replace(function, semivalues=single, uncertainty=None)
    if isinstance(function, StackedFunction):
        unknown = np.full_like(function.independent, np.nan)
        shapley = function.shapley and function.shapley.without_deviations()
        return replace(function, independent=unknown, shapley=shapley)
    return function
