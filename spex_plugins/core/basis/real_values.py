"""Values that users or their functions give, as arrays of real numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from spex_plugins.core.basis.masked_entries import unhidden

__all__ = ["real_values"]


def real_values(given: Any) -> np.ndarray:
    """Return an array of a real type; masked entries and missing values are NaN.

    Raises
    ------
    TypeError, ValueError, OverflowError, RuntimeError
        If the values cannot be read as real numbers.
    """
    values = np.asarray(unhidden(given))
    if values.dtype == object:
        if any(isinstance(value, complex | np.complexfloating) for value in values.flat):
            raise TypeError("complex numbers")  # NumPy would leave out the imaginary parts
        values = np.asarray(given, dtype=np.float64)
    if values.dtype.kind not in "fiub":
        raise TypeError(values.dtype)
    return values
