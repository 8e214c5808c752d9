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
        Distinct masks of a kind. A mask and its complement right behind it are drawn together.
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
    group = np.cumsum(np.append(True, ~(masks[1:] ^ masks[:-1]).all(axis=1))[: len(masks)]) - 1
    place = rng.permutation(group[-1] + 1 if len(group) else 0).argsort()
    drawn = rows[place[group].argsort(kind="stable")]
    return np.concatenate([first, drawn[~np.isin(drawn, first)]])
