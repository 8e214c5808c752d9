"""Masked entries of NumPy's masked arrays as missing values."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["unhidden"]


def unhidden(values: Any) -> Any:
    """Return values with NaN for the masked entries of a masked array, whose data mean nothing."""
    if not isinstance(values, np.ma.MaskedArray) or values.dtype.kind not in "fiub":
        return values
    if np.ma.is_masked(values):
        return np.ma.filled(values.astype(np.float64), np.nan)
    return np.ma.getdata(values)
