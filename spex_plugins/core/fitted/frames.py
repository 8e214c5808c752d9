"""The parts of samples that are fitted: odd and even parts of complementary pairs, or the values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from spex_plugins.core.basis.masks import complements
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Frame", "PairFrame", "WholeFrame", "pair_frames"]

_ROOT = np.sqrt(0.5)


class Frame(Protocol):
    """A linear map of the values of samples, whose transpose is its inverse."""

    @property
    def rows(self) -> IntArray:
        """The sample that represents every entry, shape (p,)."""
        ...

    def take(self, values: FloatArray) -> FloatArray:
        """Map values (m, K) to (p, K)."""
        ...

    def of_pairs(self, first: FloatArray, second: FloatArray) -> FloatArray:
        """Map values (P, K) of masks and of their complements, the latter with more features."""
        ...

    def spread(self, part: FloatArray, m: int) -> FloatArray:
        """Map (p, K) back to values (m, K) of m samples."""
        ...


@dataclass(frozen=True, eq=False)
class PairFrame:
    """The odd (sign −1) or even (1) parts (f(x) ± f(x̄)) / √2 of pairs at ``first`` and ``second``, (p,)."""

    first: IntArray
    second: IntArray
    sign: int

    @property
    def rows(self) -> IntArray:
        return self.first

    def take(self, values: FloatArray) -> FloatArray:
        return self.of_pairs(values[self.first], values[self.second])

    def of_pairs(self, first: FloatArray, second: FloatArray) -> FloatArray:
        return (first + self.sign * second) * _ROOT

    def spread(self, part: FloatArray, m: int) -> FloatArray:
        out = np.zeros((m, *part.shape[1:]))
        out[self.first] = _ROOT * part
        out[self.second] = self.sign * _ROOT * part
        return out


@dataclass(frozen=True, eq=False)
class WholeFrame:
    """The values of samples."""

    rows: IntArray

    def take(self, values: FloatArray) -> FloatArray:
        return values[self.rows]

    def of_pairs(self, first: FloatArray, second: FloatArray) -> FloatArray:
        return np.concatenate([first, second])

    def spread(self, part: FloatArray, m: int) -> FloatArray:
        out = np.zeros((m, *part.shape[1:]))
        out[self.rows] = part
        return out


def pair_frames(masks: BoolArray, used: BoolArray) -> tuple[PairFrame, PairFrame]:
    """Return the frames of the odd and the even parts of the pairs among distinct masks (m, n).

    Of a pair, both masks or none are ``used`` (m,).
    """
    first, second = complements(masks)
    first, second = first[used[first]], second[used[first]]
    swap = masks[first].sum(axis=1) > masks[second].sum(axis=1)  # the mask with fewer features comes first
    first, second = np.where(swap, second, first), np.where(swap, first, second)
    return PairFrame(first, second, -1), PairFrame(first, second, 1)
