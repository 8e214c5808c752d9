"""Limits on the size of a problem, checked before the first call so that memory suffices."""

from __future__ import annotations

from typing import Any

from spex_plugins.errors import InputError

__all__ = ["check_size"]

_MOST_FEATURES = 8192  # all estimators have matrices of all pairs of features, some 4 GiB for this number
_MOST_CELLS = 2**31  # features × masks, of one byte each, or of four in products


def check_size(estimator: Any, n: int, masks: int, argument: str = "budget") -> None:
    """Raise InputError if the estimators of this package would need too much memory.

    Parameters
    ----------
    estimator : str or Estimator
        Only names are checked; an instance has its own limits.
    n, masks : int
        Number of features, and largest number of masks; more than 2^n are never asked.
    argument : str
        What the user calls the number of masks.

    Raises
    ------
    InputError
        If there are more than 8,192 features, or if the number of features times masks exceeds 2^31.
    """
    if not isinstance(estimator, str):
        return
    if n > _MOST_FEATURES:
        raise InputError(
            f"n: {n:,} features are too many, as memory grows with n²; at most {_MOST_FEATURES:,} can be "
            "explained. Make groups the features: words or sentences of a text, superpixels of an image "
            "(features= in SHAP, feature_mask= in Captum), groups of columns."
        )
    masks = min(masks, 2**n)
    if n * masks > _MOST_CELLS:
        raise InputError(
            f"{argument}: {masks:,} masks of {n:,} features need more than {_MOST_CELLS >> 30} GiB for the "
            f"masks alone; take at most {_MOST_CELLS // n:,} masks, or fewer features."
        )
