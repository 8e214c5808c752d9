"""Features whose effects the samples do not determine: a warning that names them, and their values."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spex_plugins.core.basis.identifiability import Identified
from spex_plugins.errors import UnidentifiableWarning
from spex_plugins.estimators.common.fit_result import Fit
from spex_plugins.result.feature_labels import visible
from spex_plugins.types import IntArray
from spex_plugins.wording import counted

__all__ = ["of_all_features", "warn_of_unidentifiable"]

_SHOWN = 5  # names, and groups of names


def warn_of_unidentifiable(known: Identified, names: Sequence[str], stacklevel: int) -> None:
    """Warn of features whose effects cannot be estimated; ``stacklevel`` as in `warnings.warn`.

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
    if parts:
        text = "; ".join(parts)
        warnings.warn(
            f"masks: {text}; add samples that tell them apart.",
            UnidentifiableWarning,
            stacklevel=stacklevel + 1,
        )


def of_all_features(found: Fit, known: Identified) -> Fit:
    """Return the fit of groups of features as a fit of all features.

    If groups have several features, the result is a spectrum without standard deviations, as those of the
    shares of the features are not known.
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
