"""Soft decoding of bins: Chase's algorithm for many received words at the same time.

The parities of a bin are received as real numbers whose signs are the bits and whose sizes are their
reliabilities. All flips of the least reliable bits are decoded algebraically; a flip only adds its own
syndromes, so the words are never formed. The sign of the coefficient itself is unknown: a negative one
inverts every bit, so both readings are decoded. Source: Chase 1972 (algorithm 2).
"""

from __future__ import annotations

import numpy as np

from spex_plugins.core.decoding.bch import BCH
from spex_plugins.types import FloatArray, IntArray

__all__ = ["decode_words"]

_CHUNK = 1 << 18  # words that are decoded at the same time


def decode_words(code: BCH, received: FloatArray, flips: int) -> tuple[IntArray, IntArray]:
    """List the messages near each received word.

    Parameters
    ----------
    code : BCH
    received : ndarray of float, shape (N, p)
        Real-valued parities: positive for bit 0, negative for bit 1, up to one common sign per word.
    flips : int
        Number of least reliable bits that are tried both ways; 0 is hard decoding.

    Returns
    -------
    words : ndarray of int, shape (D,)
        Number of the received word of each candidate, ascending.
    supports : ndarray of int32, shape (D, t)
        The candidate sets, distinct per word; n marks empty slots.
    """
    if len(received) == 0:
        return np.empty(0, dtype=np.intp), np.empty((0, code.t), dtype=np.int32)
    flips = min(flips, code.p)
    patterns = 2 << flips  # flips of bits, times the two readings of the sign
    step = max(1, _CHUNK // patterns)
    words, supports = [], []
    for start in range(0, len(received), step):
        word, support = _decode_chunk(code, received[start : start + step], flips)
        words.append(word + start)
        supports.append(support)
    return np.concatenate(words), np.concatenate(supports)


def _decode_chunk(code: BCH, received: FloatArray, flips: int) -> tuple[IntArray, IntArray]:
    hard = code.syndromes(received < 0)  # (t, N)
    each_bit = code.syndromes(np.eye(code.p, dtype=bool))  # (t, p)
    weakest = np.argsort(np.abs(received), axis=1, kind="stable")[:, :flips]
    inverted = np.bitwise_xor.reduce(each_bit, axis=1)
    shifts = np.stack([np.zeros_like(inverted), inverted], axis=1)[:, None, :]  # (t, 1, 2)
    shifts = np.broadcast_to(shifts, (code.t, len(received), 2))
    for k in range(flips):
        flipped = shifts ^ each_bit[:, weakest[:, k]][:, :, None]
        shifts = np.concatenate([shifts, flipped], axis=2)
    syndromes = hard[:, :, None] ^ shifts  # (t, N, patterns)
    patterns = syndromes.shape[2]
    at, support = code.decode_syndromes(syndromes.reshape(code.t, -1))
    rows = np.unique(np.column_stack([at // patterns, support]), axis=0)
    return rows[:, 0].astype(np.intp), rows[:, 1:].astype(np.int32)
