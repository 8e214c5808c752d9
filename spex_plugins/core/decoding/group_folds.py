"""Cross-validation over the groups of a coded design, for which no uniform masks need be kept.

In every group a set falls into another bin, with another sign. Sets that were taken for others, because they
share a bin or because the code cannot correct them, may well describe the group that shows them so, but not
the next one. Each group is therefore predicted from the others, with the sets that are decoded from these
alone. As one group less decodes less, R² is on the low side where there are few bins.
"""

from __future__ import annotations

import numpy as np

from spex_plugins.core.decoding.coded_design import CodedDesign
from spex_plugins.core.decoding.peeling import find_support
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["group_folds", "sets_without_groups"]


def group_folds(masks: BoolArray, coded: CodedDesign) -> IntArray:
    """Return the group of every mask (m, n), shape (m,); −1 for those of no group or of several.

    So it is for the empty and the full mask, which are unlike the others.
    """
    groups = len(coded.rows)
    member = np.zeros((len(masks), groups), dtype=bool)
    member[coded.rows.reshape(groups, -1).T, np.arange(groups)] = True
    kept = masks.sum(axis=1)
    alone = (member.sum(axis=1) == 1) & (kept > 0) & (kept < masks.shape[1])
    return np.where(alone, member.argmax(axis=1), -1)


def sets_without_groups(values: FloatArray, coded: CodedDesign) -> list[IntArray]:
    """Return for every group the sets that the other groups show by themselves."""
    return [find_support(values, coded.without(group)) for group in range(len(coded.rows))]
