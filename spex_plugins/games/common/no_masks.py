"""The values of no masks, for which a model is not called."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spex_plugins.types import FloatArray

__all__ = ["no_values"]


def no_values(output_names: Sequence[str] | None) -> FloatArray:
    """Return values of shape (0, K), or (0,) where no names of K outputs are known."""
    return np.zeros((0, len(output_names)) if output_names else 0)
