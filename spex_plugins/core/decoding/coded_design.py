"""Coded designs: aliased masks, delayed by the parity columns of a BCH code.

A coded design evaluates, for groups c and delays q, the masks M_c ℓ + d_q + o_c, ℓ in {0, 1}^b. Row i of M_c,
read as an integer, is the *hash* of feature i; the hash of a set is the XOR over its features. d_0 = 0, and
d_1 … d_p are the parity columns of a BCH code. The random offsets o_c keep every mask marginally uniform;
those of two groups are such that a mask of the one is empty and a mask of the other is full.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spex_plugins.core.basis.masks import distinct_rows, is_among
from spex_plugins.core.decoding.bch import BCH
from spex_plugins.types import BoolArray, IntArray

__all__ = ["CodedDesign", "complete_groups", "draw_coded", "grown"]


@dataclass(frozen=True, eq=False)
class CodedDesign:
    """The structure of the coded part of a design.

    Attributes
    ----------
    code : BCH
    hashes : ndarray of int64, shape (C, n)
        Row i of M_c as an integer with b bits.
    offsets : ndarray of bool, shape (C, n)
    rows : ndarray of int, shape (C, p + 1, 2^b)
        Row of the mask of (c, q, ℓ) among the distinct masks.
    """

    code: BCH
    hashes: IntArray
    offsets: BoolArray
    rows: IntArray

    @property
    def delays(self) -> BoolArray:
        """d_0 … d_p, shape (p + 1, n)."""
        return np.vstack([np.zeros((1, self.code.n), dtype=bool), self.code.parity_matrix.T])

    @property
    def bits(self) -> int:
        """Base-2 logarithm of the number of bins of a group."""
        return self.rows.shape[2].bit_length() - 1

    @property
    def masks(self) -> BoolArray:
        """Its distinct masks, shape (m, n)."""
        return _indexed(self, self.bits)[1]

    def without(self, group: int) -> CodedDesign:
        """Return the design of the other groups."""
        others = np.arange(len(self.rows)) != group
        return replace(self, hashes=self.hashes[others], offsets=self.offsets[others], rows=self.rows[others])


def draw_coded(code: BCH, groups: int, bits: int, rng: np.random.Generator) -> tuple[CodedDesign, BoolArray]:
    """Draw a coded design.

    Parameters
    ----------
    code : BCH
        The code whose parity columns are the delays.
    groups, bits : int
        C and b.
    rng : numpy Generator

    Returns
    -------
    design : CodedDesign
    masks : ndarray of bool, shape (m, n)
        Its distinct masks, m ≤ C·(p + 1)·2^b, the empty and the full one among them.
    """
    n = code.n
    hashes = np.stack([_hashes(n, bits, rng) for _ in range(groups)])
    offsets = rng.random((groups, n)) < 0.5
    coded = CodedDesign(code, hashes, offsets, np.empty((0, 0, 0), dtype=np.intp))
    by_group = _coded_masks(coded, bits).reshape(groups, -1, n)
    for group, end in enumerate([False, True]):
        shift = by_group[group, rng.integers(by_group.shape[1])] ^ end
        offsets[group] ^= shift
        by_group[group] ^= shift
    return _indexed(coded, bits)


def complete_groups(coded: CodedDesign, known: BoolArray) -> CodedDesign:
    """Return the design of the groups all of whose masks are among known ones (k, n)."""
    masks = coded.masks
    complete = is_among(masks, known)[coded.rows].all(axis=(1, 2))
    part = replace(coded, hashes=coded.hashes[complete], offsets=coded.offsets[complete])
    return _indexed(part, coded.bits)[0]


def grown(coded: CodedDesign, groups: int, rng: np.random.Generator) -> tuple[CodedDesign, BoolArray]:
    """Add groups of the same number of masks to a coded design.

    Parameters
    ----------
    coded : CodedDesign
    groups : int
        Number of further groups.
    rng : numpy Generator

    Returns
    -------
    design : CodedDesign
    masks : ndarray of bool, shape (m, n)
        Its distinct masks.
    """
    n, bits = coded.code.n, coded.bits
    hashes = [coded.hashes, *(_hashes(n, bits, rng)[None] for _ in range(groups))]
    offsets = np.concatenate([coded.offsets, rng.random((groups, n)) < 0.5])
    return _indexed(replace(coded, hashes=np.concatenate(hashes), offsets=offsets), bits)


def _indexed(coded: CodedDesign, bits: int) -> tuple[CodedDesign, BoolArray]:
    """Return the design with the places of its masks, and its distinct masks."""
    masks = _coded_masks(coded, bits)
    first, place = distinct_rows(masks)
    return replace(coded, rows=place.reshape(-1, coded.code.p + 1, 1 << bits)), masks[first]


def _hashes(n: int, bits: int, rng: np.random.Generator) -> IntArray:
    """Draw n hashes whose matrix has full rank; single features share a bin only if there are fewer bins."""
    units = 1 << np.arange(bits)
    others = np.setdiff1d(np.arange(1, 1 << bits), units)
    rounds = [rng.permutation(np.arange(1, 1 << bits)) for _ in range(n // ((1 << bits) - 1))]
    deck = np.concatenate([units, rng.permutation(others), *rounds])[:n]
    return rng.permutation(deck)


def _coded_masks(coded: CodedDesign, bits: int) -> BoolArray:
    """Return M_c ℓ + d_q + o_c for all c, q, ℓ, shape (C·(p + 1)·2^b, n)."""
    n = coded.code.n
    ell = np.arange(1 << bits)
    products = coded.hashes[:, None, :] & ell[:, None]
    spans = (np.bitwise_count(products) & 1).astype(bool)  # (C, 2^b, n)
    shifts = coded.delays[None, :, :] ^ coded.offsets[:, None, :]  # (C, p + 1, n)
    return (spans[:, None, :, :] ^ shifts[:, :, None, :]).reshape(-1, n)
