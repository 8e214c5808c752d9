"""Random draws from recorded masks, in which complementary pairs stay together."""

from __future__ import annotations

import numpy as np

from spex_plugins.types import BoolArray, IntArray

__all__ = ["drawn_rows"]


def drawn_rows(masks: BoolArray, rows: IntArray, first: IntArray, rng: np.random.Generator) -> IntArray:
    """Return rows in a random order.

    Parameters
    ----------
    masks : ndarray of bool, shape (m, n)
        Masks of a kind. Where all of them are complementary pairs, 2k and 2k + 1, pairs are drawn.
    rows : ndarray of int, shape (m,)
        Their rows.
    first : ndarray of int
        Rows to begin with.
    rng : numpy Generator

    Returns
    -------
    ndarray of int
        Distinct: ``first``, and then the others.
    """
    together = 2 if _are_pairs(masks) else 1
    order = rng.permutation(len(rows) // together)
    drawn = rows.reshape(-1, together)[order].ravel()
    return np.concatenate([first, drawn[~np.isin(drawn, first)]])


def _are_pairs(masks: BoolArray) -> bool:
    return len(masks) % 2 == 0 and bool((masks[::2] ^ masks[1::2]).all())
