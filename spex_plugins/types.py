"""Names for the arrays that travel through the core.

Shapes: m masks, n features, T terms, d the largest order of a term, K outputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["BoolArray", "ComplexArray", "FloatArray", "IntArray", "PackedMasks"]

BoolArray = npt.NDArray[np.bool_]
"""Masks, shape (m, n): True where a feature is kept, False where it is masked."""

FloatArray = npt.NDArray[np.floating[Any]]
"""Values (m,) or (m, K); coefficients (T,) or (T, K)."""

ComplexArray = npt.NDArray[np.complexfloating[Any, Any]]
"""Weights of waves (L, K), see `spex_plugins.core.logistic.wave_sum`."""

IntArray = npt.NDArray[np.integer[Any]]
"""Supports, shape (T, d), see `spex_plugins.core.basis.feature_sets`."""

PackedMasks = npt.NDArray[np.uint64]
"""Masks as bits, feature by feature: shape (n + 1, ceil(m / 64)); the last row is zero."""
