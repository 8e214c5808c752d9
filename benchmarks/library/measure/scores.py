"""How well a prediction tells the values of a function."""

from __future__ import annotations

import numpy as np

__all__ = ["r_squared"]


def r_squared(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Return 1 − Σ (predicted − truth)² / Σ (truth − its mean)²; not finite where the truth is constant."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 - float(((predicted - truth) ** 2).sum() / ((truth - truth.mean()) ** 2).sum())
