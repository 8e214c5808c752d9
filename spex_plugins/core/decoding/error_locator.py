"""Error location for many words: Berlekamp's iteration, a test for roots, and the Chien search.

All functions take a field and arrays with one column per word. The error locator of a word with errors at the
positions i_1 … i_e is C(x) = Π_k (1 − α^{i_k} x).

Source: Lin & Costello, Error Control Coding, chapter 6 (for binary codes Berlekamp's iteration needs only
every second step).
"""

from __future__ import annotations

import numpy as np

from spex_plugins.core.decoding.gf2 import Field
from spex_plugins.types import BoolArray, IntArray

__all__ = ["error_locators", "roots", "splits"]


def error_locators(gf: Field, odd: IntArray) -> tuple[IntArray, IntArray]:
    """Berlekamp's iteration on all words: C (t + 1, N) with C_0 = 1, and its length (t + 1: failed)."""
    t, count = odd.shape
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
        # Divide by the discrepancy if the register grows; multiply by x² in either case.
        scaled = np.where(grows, gf.exp[log_c + (gf.size - log_d) % gf.size], shifted)
        shifted = np.zeros_like(shifted)
        shifted[2:] = scaled[:-2]
        length = np.where(grows, step + 1 - length, length)
        current = update
    top = np.take_along_axis(current, np.minimum(length, t)[None], axis=0)[0]
    return current, np.where((length <= t) & (top != 0), length, t + 1)


def splits(gf: Field, tail: IntArray) -> BoolArray:
    """Whether x^e + C_1 x^{e−1} + … + C_e has e distinct non-zero roots: x^(2^a) ≡ x modulo it.

    This costs a·e² operations per word, and avoids the search over all positions for most words.
    """
    errors = len(tail)
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


def roots(gf: Field, tail: IntArray, length: int) -> tuple[IntArray, IntArray]:
    """Chien search: words with all roots at used positions, and these positions (D, e)."""
    errors = len(tail)
    places = np.arange(length)
    found, where = [], []
    step = max(1, (1 << 22) // len(places))
    for start in range(0, tail.shape[1], step):
        log_tail = gf.log[tail[:, start : start + step]]
        total = np.ones((log_tail.shape[1], len(places)), dtype=np.int32)
        for k in range(errors):  # C(α^−i) = 1 + Σ C_k α^(−ik)
            powers = (-(k + 1) * places) % gf.size
            total ^= gf.exp[log_tail[k][:, None] + powers]
        vanish = total == 0
        rows = np.flatnonzero(vanish.sum(axis=1) == errors)
        found.append(rows + start)
        where.append(np.nonzero(vanish[rows])[1].reshape(-1, errors).astype(np.int32))
    if not found:
        return np.empty(0, dtype=np.intp), np.empty((0, errors), dtype=np.int32)
    return np.concatenate(found), np.concatenate(where)
