"""Values of an interaction index as a flat ``shap.Explanation``, one entry for each set of features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spex_plugins.types import FloatArray

__all__ = ["REST", "flat_explanation"]

REST = "all other terms"
_ROUNDING = 1e-12


def flat_explanation(names: Sequence[str], values: FloatArray, base: FloatArray, full: FloatArray) -> Any:
    """Return an explanation whose base value and values add up to f(x).

    Parameters
    ----------
    names : sequence of str
        One for each set of features.
    values : ndarray of float64, shape (T,) or (T, K)
    base, full : ndarray of float64, shape () or (K,)
        f(∅) and f(x). What the values lack of their difference, if it is more than rounding, is a last entry.
    """
    try:
        import shap
    except ImportError as error:
        raise MissingExtraError('to_explanation needs SHAP: pip install "spex-plugins[shap]".') from error
    rest = full - base - values.sum(axis=0)
    scale = max(np.abs(values).sum(initial=0.0), np.abs(full).max(), np.abs(base).max())
    if np.abs(rest).max() > _ROUNDING * scale:
        names, values = [*names, REST], np.concatenate([values, rest[None]])
    return shap.Explanation(values, base_values=base[()], feature_names=list(names))
