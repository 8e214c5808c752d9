"""Outputs on one scale: what shares a penalty or a kernel must have one variance."""

from __future__ import annotations

import numpy as np

from spex_plugins.types import FloatArray

__all__ = ["standardised"]


def standardised(values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return values (m, K) of mean 0 and deviation 1, the means and the deviations; 0 for constants."""
    mean, spread = values.mean(axis=0), values.std(axis=0)
    spread = np.where(spread > 1e-12 * np.maximum(np.abs(mean), 1e-300), spread, 0.0)
    return (values - mean) / np.where(spread > 0, spread, 1.0) * (spread > 0), mean, spread
