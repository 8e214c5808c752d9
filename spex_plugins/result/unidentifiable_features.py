"""Samples that do not tell some features apart: a warning that names these, and the values they get."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spex_plugins.core.basis.identifiability import Identified
from spex_plugins.errors import UnidentifiableWarning
from spex_plugins.estimators.fit_result import Fit
from spex_plugins.result.feature_labels import visible
from spex_plugins.types import IntArray

__all__ = ["of_all_features", "warn_of_unidentifiable"]

_SHOWN = 5  # names, and groups of names


def warn_of_unidentifiable(known: Identified, names: Sequence[str], stacklevel: int) -> None:
    """Name the features whose effects cannot be known; ``stacklevel`` as in `warnings.warn`, of the caller.

    Warns
    -----
    UnidentifiableWarning
        If there are any.
    """
    parts = []
    if len(known.constant):
        which = _listed(known.constant, names)
        parts.append(f"no sample differs in {which}, of which nothing can be known: the values are 0")
    tied = known.tied
    if tied:
        shown = "; ".join(_listed(group, names) for group in tied[:_SHOWN])
        more = f" and {len(tied) - _SHOWN} more groups" if len(tied) > _SHOWN else ""
        parts.append(f"({shown}{more}) differ only together: they share their joint effect equally")
    if parts:
        text = "; ".join(parts)
        warnings.warn(
            f"masks: {text}; add samples that tell them apart.",
            UnidentifiableWarning,
            stacklevel=stacklevel + 1,
        )


def of_all_features(found: Fit, known: Identified) -> Fit:
    """Return a fit of the groups of features as one of all features.

    Where groups have several features, the result is a spectrum without deviations: those of the features'
    shares are not known.
    """
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
