"""Checks of the arguments of results."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.types import IntArray
from spex_plugins.wording import there_are

__all__ = ["output_columns"]


def output_columns(k: int | Sequence[int], n_outputs: int) -> int | IntArray:
    """Return the number of one output, or numbers of several, as they select columns.

    Raises
    ------
    InputError
        If they are no integers.
    IndexError
        If there is no such output.
    """
    columns = np.asarray(k)
    if columns.ndim > 1 or columns.dtype.kind not in "iu":
        raise InputError(f"output: must be the number of an output, or a sequence of them, got {k!r:.80}.")
    if ((columns < -n_outputs) | (columns >= n_outputs)).any():
        raise IndexError(
            f"output: {there_are(n_outputs, 'output')}, numbered from 0 to {n_outputs - 1}; got {k!r:.80}."
        )
    return int(columns) if columns.ndim == 0 else columns
