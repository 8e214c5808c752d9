"""How large a problem may be, so that its memory is known before the first call."""

from __future__ import annotations

from typing import Any

from spex_plugins.errors import InputError

__all__ = ["check_size"]

_MOST_FEATURES = 8192  # every estimator has matrices of all pairs of features: some 4 GiB for so many
_MOST_CELLS = 2**31  # features × masks, of one byte, and of four where they are multiplied


def check_size(estimator: Any, n: int, masks: int) -> None:
    """Refuse more features or masks than the estimators of this package have memory for.

    Parameters
    ----------
    estimator : str or Estimator
        An object has limits of its own.
    n, masks : int
        Numbers of features, and of masks that may be asked for.

    Raises
    ------
    InputError
        If there are more than 8,192 features, or more than 2^31 of them in all masks together.
    """
    if not isinstance(estimator, str):
        return
    if n > _MOST_FEATURES:
        raise InputError(
            f"n: {n:,} features are too many, as memory grows with n²; at most {_MOST_FEATURES:,} can be "
            "explained. Make groups the features: words or sentences of a text, superpixels of an image "
            "(features= in SHAP, feature_mask= in Captum), groups of columns."
        )
    if n * masks > _MOST_CELLS:
        raise InputError(
            f"budget: {masks:,} masks of {n:,} features need more than {_MOST_CELLS >> 30} GiB for the masks "
            f"alone; take at most {_MOST_CELLS // n:,} masks, or fewer features."
        )
