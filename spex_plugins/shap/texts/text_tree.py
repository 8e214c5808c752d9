"""A hierarchy over the parts of a text for SHAP's PartitionExplainer: lines, sentences, clauses, halves."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spex_plugins.types import FloatArray

__all__ = ["text_tree"]

_ENDS = [re.compile(rf"[{marks}][\"'”’»)\]」』）]*$") for marks in (",，、", ";:；：", ".!?…。！？")]
_NEW_LINE = len(_ENDS) + 1


def text_tree(parts: Sequence[str]) -> FloatArray:
    """Join neighbours only, across weak boundaries first and across strong ones last.

    Parameters
    ----------
    parts : sequence of str, length n
        With the white space before them.

    Returns
    -------
    ndarray of float64, shape (n − 1, 4)
        As SHAP wants it: the two nodes joined, the height, the number of parts below.
    """
    n = len(parts)
    strength = np.array([0, *(_boundary(a, b) for a, b in pairwise(parts))])
    rows: list[tuple[float, ...]] = []

    def joined(start: int, stop: int) -> int:
        if stop - start == 1:
            return start
        cuts = np.arange(start + 1, stop)
        # The strongest boundary; among equals, the one nearest to the middle.
        cut = int(cuts[np.lexsort((np.abs(2 * cuts - start - stop), -strength[cuts]))[0]])
        rows.append((joined(start, cut), joined(cut, stop), (stop - start) / n, stop - start))
        return n + len(rows) - 1

    joined(0, n)
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def _boundary(before: str, after: str) -> int:
    """Return how strongly two neighbours are apart: 0 within a clause, 4 at a new line."""
    if "\n" in after[: len(after) - len(after.lstrip())]:
        return _NEW_LINE
    return max((k for k, end in enumerate(_ENDS, start=1) if end.search(before.rstrip())), default=0)
