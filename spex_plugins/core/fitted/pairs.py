"""Pairs of a mask and its complement among samples, and the odd and even parts of their values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spex_plugins.core.paired import complements
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Pairs", "pairs_of"]

_ROOT = np.sqrt(0.5)


@dataclass(frozen=True, eq=False)
class Pairs:
    """P pairs among m samples: where the first and the second mask of each stand, both (P,)."""

    first: IntArray
    second: IntArray
    m: int

    def part(self, values: FloatArray, sign: int) -> FloatArray:
        """Return (f(x) ± f(x̄)) / √2 of values (m, …), shape (P, …)."""
        return (values[self.first] + sign * values[self.second]) * _ROOT

    def spread(self, part: FloatArray, sign: int) -> FloatArray:
        """Return the values (m, …) that have this part (P, …) and whose other part is 0; 0 where alone."""
        out = np.zeros((self.m, *part.shape[1:]))
        out[self.first] = _ROOT * part
        out[self.second] = sign * _ROOT * part
        return out


def pairs_of(masks: BoolArray) -> Pairs:
    """Find the pairs among distinct masks (m, n)."""
    first, second = complements(masks)
    return Pairs(first, second, len(masks))
