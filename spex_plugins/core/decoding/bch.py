"""Systematic, shortened binary BCH codes, and hard decoding of many words at the same time.

The codeword of a message (k_0, …, k_{n−1}) is c(x) = x^p k(x) + r(x) with r(x) = x^p k(x) mod g(x): position
i < p holds parity bit i, position p + i holds message bit i. Only the parities are received: the message part
of every word is zero, so the "error pattern" of a word is the message itself, plus parity errors.

Source: Lin & Costello, Error Control Coding, chapter 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from spex_plugins.core.decoding.error_locator import error_locators, roots, splits
from spex_plugins.core.decoding.gf2 import Field, field
from spex_plugins.types import BoolArray, IntArray

__all__ = ["BCH", "bch"]


@dataclass(frozen=True, eq=False)
class BCH:
    """A systematic BCH code, shortened to n message bits, that corrects t errors.

    Attributes
    ----------
    n, t, p : int
        Message bits, correctable errors, parity bits.
    field : Field
        GF(2^a) with the smallest a such that n + p ≤ 2^a − 1.
    generator : int
        The generator polynomial as bits.
    parity_matrix : ndarray of bool, shape (n, p)
        P: the parities of message k are k P over GF(2).
    """

    n: int
    t: int
    p: int
    field: Field
    generator: int
    parity_matrix: BoolArray

    def syndromes(self, parities: BoolArray) -> IntArray:
        """Return S_1, S_3, …, S_{2t−1} of words with an all-zero message part, shape (t, N)."""
        gf = self.field
        exponents = np.outer(2 * np.arange(self.t) + 1, np.arange(self.p)) % gf.size
        bits = (gf.exp[exponents][..., None] >> np.arange(gf.a)) & 1  # (t, p, a)
        columns = bits.transpose(1, 0, 2).reshape(self.p, -1).astype(np.float32)
        sums = (parities.astype(np.float32) @ columns).astype(np.int32) & 1
        return (sums.reshape(-1, self.t, gf.a) << np.arange(gf.a)).sum(axis=2).T

    def decode(self, parities: BoolArray) -> tuple[IntArray, IntArray]:
        """Correct words with an all-zero message part.

        Parameters
        ----------
        parities : ndarray of bool, shape (N, p)

        Returns
        -------
        words : ndarray of int, shape (D,)
            The words within distance t of a codeword, ascending.
        supports : ndarray of int32, shape (D, t)
            The message bits of that codeword which are set; n marks empty slots.
        """
        return self.decode_syndromes(self.syndromes(parities))

    def decode_syndromes(self, odd: IntArray) -> tuple[IntArray, IntArray]:
        """Like `decode`, from the syndromes (t, N); the XOR of two words has the XOR of their syndromes."""
        gf = self.field
        locators, degree = error_locators(gf, odd)
        words, positions = [np.flatnonzero(degree == 0)], []
        positions.append(np.full((len(words[0]), self.t), -1, dtype=np.int32))
        for errors in range(1, self.t + 1):
            rows = np.flatnonzero(degree == errors)
            rows = rows[splits(gf, locators[1 : errors + 1, rows])]
            found, at = roots(gf, locators[1 : errors + 1, rows], self.n + self.p)
            words.append(rows[found])
            positions.append(np.pad(at, ((0, 0), (0, self.t - errors)), constant_values=-1))
        word, position = np.concatenate(words), np.concatenate(positions)
        support = np.where(position >= self.p, position - self.p, self.n).astype(np.int32)
        order = np.argsort(word, kind="stable")
        return word[order], np.sort(support, axis=1)[order]


def _minimal_polynomial(gf: Field, exponent: int) -> tuple[int, frozenset[int]]:
    """Return the minimal polynomial of α^exponent as bits, and the exponents of its roots."""
    coset = []
    e = exponent % gf.size
    while e not in coset:
        coset.append(e)
        e = 2 * e % gf.size
    poly = np.array([1], dtype=np.int32)  # coefficients, lowest first
    for e in coset:
        shifted = np.concatenate([[0], poly])
        scaled = gf.multiply(poly, np.full_like(poly, gf.exp[e]))
        shifted[:-1] ^= scaled
        poly = shifted
    return sum(int(c) << k for k, c in enumerate(poly)), frozenset(coset)


def _multiply_bits(x: int, y: int) -> int:
    out = 0
    while y:
        if y & 1:
            out ^= x
        x, y = x << 1, y >> 1
    return out


def _generator(gf: Field, t: int) -> int:
    generator, covered = 1, frozenset[int]()
    for exponent in range(1, 2 * t, 2):
        if exponent % gf.size not in covered:
            factor, roots = _minimal_polynomial(gf, exponent)
            generator, covered = _multiply_bits(generator, factor), covered | roots
    return generator


@lru_cache(maxsize=64)
def bch(n: int, t: int) -> BCH:
    """Build the shortest systematic BCH code with n message bits that corrects t errors.

    Raises
    ------
    ValueError
        If no field up to GF(2^14) is large enough.
    """
    for a in range(2, 15):
        gf = field(a)
        if 2 * t > gf.size:
            continue
        generator = _generator(gf, t)
        p = generator.bit_length() - 1
        if n + p <= gf.size:
            break
    else:
        raise ValueError(f"n: no BCH code with n = {n} and t = {t} within GF(2^14).")
    rows = np.empty(n, dtype=object)
    remainder = generator ^ (1 << p)  # x^p mod g
    for i in range(n):
        rows[i] = remainder
        remainder <<= 1
        if remainder >> p:
            remainder ^= generator
    matrix = np.array([[(row >> q) & 1 for q in range(p)] for row in rows], dtype=bool).reshape(n, p)
    matrix.setflags(write=False)
    return BCH(n, t, p, gf, generator, matrix)
