"""The value where nothing is kept; where the background is a table, it is the same for every row."""

from __future__ import annotations

from typing import Any

import numpy as np
from shap.utils import MaskedModel

from spex_plugins.shap.arguments import rows_to_explain

__all__ = ["expected_value", "has_fixed_background"]


def has_fixed_background(masker: Any) -> bool:
    """Tell whether a masker is of tables, whose background is the same for every row."""
    return all(hasattr(one, "data") and isinstance(one.shape, tuple) for one in _tables(masker))


def expected_value(model: Any, masker: Any, link: Any) -> Any:
    """Return the link of the model's mean over the background: f(∅), a number or shape (K,).

    Parameters
    ----------
    model : callable
        Is asked once, for all background rows.
    masker : object
        With a fixed background.
    link : callable
    """
    tables = _tables(masker)
    first = rows_to_explain(masker, tuple(one.data[:1] for one in tables))
    # As a flip of nothing: with a mask of Booleans SHAP multiplies cells of the row by 0, which NaN survives.
    nothing = np.array([MaskedModel.delta_mask_noop_value])
    background, _ = masker(nothing, *(np.asarray(rows)[0] for rows in first))
    answers = np.asarray(model(*background), dtype=np.float64)
    mean = answers.mean(axis=0)
    return np.asarray(link(mean[0] if mean.shape == (1,) else mean))[()]


def _tables(masker: Any) -> Any:
    return getattr(masker, "maskers", (masker,))
