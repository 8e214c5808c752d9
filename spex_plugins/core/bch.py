"""Systematic, shortened binary BCH codes, and hard decoding of thousands of words at once.

The codeword of a message (k_0, …, k_{n−1}) is c(x) = x^p k(x) + r(x) with r(x) = x^p k(x) mod g(x): position
i < p holds parity bit i, position p + i holds message bit i. Only the parities travel: the message part
of every received word is zero, so the "error pattern" of a word is the message itself, plus parity errors.

Source: Lin & Costello, Error Control Coding, chapters 6 (BCH codes, Berlekamp's iteration for binary
codes, which needs only every second step).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from spex_plugins.core.gf2 import Field, field
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
        locators, degree = self._locators(odd)
        words, positions = [np.flatnonzero(degree == 0)], []
        positions.append(np.full((len(words[0]), self.t), -1, dtype=np.int32))
        for errors in range(1, self.t + 1):
            rows = np.flatnonzero(degree == errors)
            rows = rows[self._splits(locators[1 : errors + 1, rows])]
            found, at = self._roots(locators[1 : errors + 1, rows])
            words.append(rows[found])
            positions.append(np.pad(at, ((0, 0), (0, self.t - errors)), constant_values=-1))
        word, position = np.concatenate(words), np.concatenate(positions)
        support = np.where(position >= self.p, position - self.p, self.n).astype(np.int32)
        order = np.argsort(word, kind="stable")
        return word[order], np.sort(support, axis=1)[order]

    def _locators(self, odd: IntArray) -> tuple[IntArray, IntArray]:
        """Berlekamp's iteration on all words: C (t + 1, N) with C_0 = 1, and its length (t + 1: failed)."""
        gf, t = self.field, self.t
        count = odd.shape[1]
        log_s = np.empty((2 * t, count), dtype=np.int32)  # log of S_1 … S_2t
        log_s[::2] = gf.log[odd]
        zero = gf.log[0]
        for k in range(1, 2 * t, 2):  # S_2j = S_j²
            half = log_s[(k - 1) // 2]
            log_s[k] = np.where(half == zero, zero, 2 * half % gf.size)
        current = np.zeros((t + 1, count), dtype=np.int32)
        shifted = np.zeros((t + 1, count), dtype=np.int32)  # x^m B(x) / b in Massey's notation
        current[0] = 1
        shifted[1] = 1
        length = np.zeros(count, dtype=np.int32)
        for step in range(0, 2 * t, 2):
            terms = min(step, t) + 1
            log_c = gf.log[current]
            discrepancy = np.zeros(count, dtype=np.int32)
            for i in range(terms):
                discrepancy ^= gf.exp[log_c[i] + log_s[step - i]]
            log_d = gf.log[discrepancy]
            update = current ^ gf.exp[gf.log[shifted] + log_d]
            grows = (discrepancy != 0) & (2 * length <= step)
            # Divide by the discrepancy where the register grows; multiply by x² in either case.
            scaled = np.where(grows, gf.exp[log_c + (gf.size - log_d) % gf.size], shifted)
            shifted = np.zeros_like(shifted)
            shifted[2:] = scaled[:-2]
            length = np.where(grows, step + 1 - length, length)
            current = update
        top = np.take_along_axis(current, np.minimum(length, t)[None], axis=0)[0]
        return current, np.where((length <= t) & (top != 0), length, t + 1)

    def _splits(self, tail: IntArray) -> BoolArray:
        """Whether x^e + C_1 x^{e−1} + … + C_e has e distinct non-zero roots: x^(2^a) ≡ x modulo it.

        This costs a·e² operations a word and spares most words the search over all positions.
        """
        gf, errors = self.field, len(tail)
        if errors == 1:
            return tail[0] != 0
        count = tail.shape[1]
        log_tail = gf.log[tail]

        def times_x(poly: IntArray) -> IntArray:  # poly[k] is the coefficient of x^k, degree < errors
            out = gf.exp[gf.log[poly[-1]] + log_tail[::-1]]
            out[1:] ^= poly[:-1]
            return out

        squares: list[IntArray] = [np.zeros((errors, count), dtype=np.int32)]  # x^0, x^2, …
        squares[0][0] = 1
        for _ in range(errors - 1):
            squares.append(times_x(times_x(squares[-1])))
        log_squares = [gf.log[s] for s in squares]
        power = np.zeros((errors, count), dtype=np.int32)
        power[1] = 1
        for _ in range(gf.a):
            log_power = gf.log[power]
            doubled = np.where(log_power == gf.log[0], gf.log[0], 2 * log_power % gf.size)
            power = np.zeros_like(power)
            for k in range(errors):
                power ^= gf.exp[log_squares[k] + doubled[k]]
        power[1] ^= 1
        return ~power.any(axis=0) & (tail[-1] != 0)

    def _roots(self, tail: IntArray) -> tuple[IntArray, IntArray]:
        """Chien search: words with all roots at used positions, and these positions (D, e)."""
        gf, errors = self.field, len(tail)
        places = np.arange(self.n + self.p)
        found, where = [], []
        step = max(1, (1 << 22) // len(places))
        for start in range(0, tail.shape[1], step):
            log_tail = gf.log[tail[:, start : start + step]]
            total = np.ones((log_tail.shape[1], len(places)), dtype=np.int32)
            for k in range(errors):  # C(α^−i) = 1 + Σ C_k α^(−ik)
                powers = (-(k + 1) * places) % gf.size
                total ^= gf.exp[log_tail[k][:, None] + powers]
            roots = total == 0
            rows = np.flatnonzero(roots.sum(axis=1) == errors)
            found.append(rows + start)
            where.append(np.nonzero(roots[rows])[1].reshape(-1, errors).astype(np.int32))
        if not found:
            return np.empty(0, dtype=np.intp), np.empty((0, errors), dtype=np.int32)
        return np.concatenate(found), np.concatenate(where)


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
