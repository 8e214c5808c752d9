"""How well a prediction tells the values of a function."""

from __future__ import annotations

import numpy as np

__all__ = ["r_squared"]


def r_squared(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Return 1 − Σ (predicted − truth)² / Σ (truth − its mean)²; NaN where the truth is constant."""
    from spex_plugins.comparison.metrics.r2 import (
        r2,
    )  # here, as workers measure their memory before they score

    return r2(truth, (predicted - truth) ** 2)
