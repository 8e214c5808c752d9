"""Masks as arrays: validation, numbers of masks, distinct masks, and complements."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.basis.masked_entries import unhidden
from spex_plugins.errors import InputError
from spex_plugins.types import BoolArray, IntArray

__all__ = [
    "as_bool",
    "checked_masks",
    "complements",
    "distinct_pairs",
    "distinct_rows",
    "is_among",
    "masks_of_numbers",
    "one_of_each_pair",
    "pair_numbers",
    "with_complements",
]

_NUMBERS = bool | int | float | np.bool_ | np.integer | np.floating


def masks_of_numbers(numbers: IntArray, n: int) -> BoolArray:
    """Return the masks (m, n) of numbers (m,), whose bit i states whether feature i is kept."""
    return ((numbers[:, None] >> np.arange(n)) & 1).astype(bool)


def distinct_rows(masks: BoolArray) -> tuple[IntArray, IntArray]:
    """Return the first occurrences of distinct masks, in order, and for every row its number among them."""
    _, first, inverse = np.unique(_keys(masks), return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty(len(first), dtype=np.intp)
    place[order] = np.arange(len(first))
    return first[order], place[inverse.ravel()]


def is_among(masks: BoolArray, known: BoolArray) -> BoolArray:
    """Return for every mask (m, n) whether it is one of other masks (k, n), shape (m,)."""
    return np.isin(_keys(masks), _keys(known))


def with_complements(masks: BoolArray) -> BoolArray:
    """Return one inner mask of every complementary pair among masks (m, n), each with its complement.

    Rows 2k and 2k + 1 are complements.
    """
    one = one_of_each_pair(masks)
    return np.stack([one, ~one], axis=1).reshape(-1, masks.shape[1])


def one_of_each_pair(masks: BoolArray) -> BoolArray:
    """Return the first inner mask of every complementary pair among masks (m, n)."""
    return distinct_pairs(masks[(masks != masks[:, :1]).any(axis=1)])


def distinct_pairs(masks: BoolArray) -> BoolArray:
    """Keep the first mask of every pair."""
    _, first = np.unique(_either(masks), axis=0, return_index=True)
    return masks[np.sort(first)]


def pair_numbers(masks: BoolArray) -> IntArray:
    """Return the numbers of complementary pairs, in the order of their first masks, shape (m,)."""
    _, first, inverse = np.unique(_either(masks), axis=0, return_index=True, return_inverse=True)
    place = np.empty(len(first), dtype=np.intp)
    place[np.argsort(first)] = np.arange(len(first))
    return place[inverse.ravel()]


def complements(masks: BoolArray) -> tuple[IntArray, IntArray]:
    """Return the rows of the first and of the second masks of all pairs among distinct masks, each (P,)."""
    numbers = pair_numbers(masks)
    order = np.argsort(numbers, kind="stable")
    twice = np.flatnonzero(numbers[order[1:]] == numbers[order[:-1]])
    return order[twice], order[twice + 1]


def _either(masks: BoolArray) -> IntArray:
    """Pack masks into rows that are equal for complements."""
    return np.packbits(masks ^ masks[:, :1], axis=1)


def _keys(masks: BoolArray) -> IntArray:
    packed = np.ascontiguousarray(np.packbits(masks, axis=1))
    return packed.view(f"V{packed.shape[1]}").ravel()


def checked_masks(masks: BoolArray, n: int) -> BoolArray:
    """Return masks (m, n) as bool, or raise InputError."""
    masks = np.asarray(unhidden(masks))
    if masks.ndim != 2 or masks.shape[1] != n:
        raise InputError(f"masks must have shape (m, {n}), got {masks.shape}; for one mask pass mask[None].")
    return as_bool(masks)


def as_bool(masks: np.ndarray) -> BoolArray:
    """Return masks of zeros and ones as bool, or raise InputError."""
    if masks.dtype == object and all(isinstance(one, _NUMBERS) for one in masks.flat):
        masks = masks.astype(np.float64)  # of a data frame with columns of several types, or nullable ones
    if masks.dtype != bool and (masks.dtype.kind not in "iuf" or not np.isin(masks, (0, 1)).all()):
        raise InputError("masks: must be bool or hold only 0 (masked) and 1 (kept).")
    return masks.astype(bool, copy=False)
