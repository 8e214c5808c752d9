"""From a value function to the masks and values of a recording."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spex_plugins.core.basis.masks import checked_masks, distinct_rows, masks_of_numbers
from spex_plugins.errors import InputError
from spex_plugins.queries import Queries, Session
from spex_plugins.queries.calls.function_call import ValueFunction
from spex_plugins.recordings.mask_table import MOST_LISTED
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["asked", "first_times", "width_of"]


def asked(
    value_function: ValueFunction,
    n: int,
    masks: BoolArray | Mapping[str, BoolArray] | None,
    queries: Queries,
) -> tuple[BoolArray, FloatArray, dict[str, IntArray]]:
    """Evaluate a value function at the masks of all kinds, at every mask once.

    Returns
    -------
    masks : ndarray of bool, shape (m, n)
        The distinct masks that were answered.
    values : ndarray of float64, shape (m,) or (m, K)
    kinds : dict from str to ndarray of int
        Rows of the masks of every kind.
    """
    if masks is None and n > MOST_LISTED:
        raise InputError(f"masks: all 2^{n} masks are too many; give the masks to record.")
    if masks is None:
        masks = masks_of_numbers(np.arange(2**n), n)
    kinds = masks if isinstance(masks, Mapping) else {"given": masks}
    if not kinds:
        raise InputError("masks: there is no kind of masks to record.")
    listed = [checked_masks(each, n) for each in kinds.values()]
    together = np.concatenate(listed)
    first, place = distinct_rows(together)
    distinct = together[first]
    with Session(value_function, queries, total=len(distinct)) as session:
        answers = session.ask(distinct)
    row = np.where(answers.answered, np.cumsum(answers.answered) - 1, -1)[place]
    parts = np.split(row, np.cumsum([len(each) for each in listed])[:-1])
    rows = {name: first_times(part) for name, part in zip(kinds, parts, strict=True)}
    return distinct[answers.answered], answers.values[answers.answered], rows


def width_of(masks: Any) -> int | None:
    """Return the number of features of the masks of all kinds; None where there are none."""
    kinds = list(masks.values()) if isinstance(masks, Mapping) else [masks]
    return np.shape(kinds[0])[-1] if kinds and np.ndim(kinds[0]) else None


def first_times(rows: IntArray) -> IntArray:
    """Return distinct rows in the order in which they occur, without −1."""
    _, first = np.unique(rows, return_index=True)
    distinct = rows[np.sort(first)]
    return distinct[distinct >= 0]
