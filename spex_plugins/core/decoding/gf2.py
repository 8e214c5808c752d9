"""Arithmetic in GF(2^a) on integer arrays, by logarithm tables."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from spex_plugins.types import IntArray

__all__ = ["PRIMITIVE_POLYNOMIALS", "Field", "field"]

PRIMITIVE_POLYNOMIALS: dict[int, int] = {
    2: 0b111,
    3: 0b1011,
    4: 0b10011,
    5: 0b100101,
    6: 0b1011011,
    7: 0b10000011,
    8: 0b100011101,
    9: 0b1000010001,
    10: 0b10001101111,
    11: 0b100000000101,
    12: 0b1000011101011,
    13: 0b10000000011011,
    14: 0b100000010101001,
}
"""The Conway polynomial of every degree a, as bits; x is a primitive element modulo each."""


class Field:
    """GF(2^a); elements are integers whose bits are polynomial coefficients.

    Attributes
    ----------
    a : int
        Degree of the field over GF(2).
    size : int
        Number of non-zero elements, 2^a − 1.
    exp, log : ndarray of int32
        Powers of the primitive element α and their inverse. ``log[0]`` points past every sum of two
        logarithms of non-zero elements, where ``exp`` is zero: products need no test for zero.
    """

    def __init__(self, a: int) -> None:
        self.a = a
        self.size = (1 << a) - 1
        powers = np.empty(self.size, dtype=np.int32)
        element = 1
        for k in range(self.size):
            powers[k] = element
            element <<= 1
            if element >> a:
                element ^= PRIMITIVE_POLYNOMIALS[a]
        zero = 2 * self.size
        self.exp = np.zeros(2 * zero + 1, dtype=np.int32)
        self.exp[:zero] = np.tile(powers, 2)
        self.log = np.full(self.size + 1, zero, dtype=np.int32)
        self.log[powers] = np.arange(self.size, dtype=np.int32)

    def multiply(self, x: IntArray, y: IntArray) -> IntArray:
        """Return x·y, element by element."""
        return self.exp[self.log[x] + self.log[y]]

    def divide(self, x: IntArray, y: IntArray) -> IntArray:
        """Return x / y for non-zero y; the quotient by zero is unspecified."""
        return self.exp[self.log[x] + (self.size - self.log[y]) % self.size]


@lru_cache(maxsize=16)
def field(a: int) -> Field:
    """Return GF(2^a) for 2 ≤ a ≤ 14 (tables are built once)."""
    return Field(a)
