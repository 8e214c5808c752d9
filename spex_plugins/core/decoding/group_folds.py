"""Cross-validation over the groups of a coded design, which needs no additional uniform masks.

In every group a set falls into a different bin, with a different sign. Sets that are decoded incorrectly,
because they share a bin or because the code cannot correct them, may describe the groups that they are
decoded from, but not another one. Each group is therefore predicted from the others, with the sets that are
decoded from these alone. As fewer groups decode fewer sets, R² is biased downwards if there are few bins.
"""

from __future__ import annotations

import numpy as np

from spex_plugins.core.decoding.coded_design import CodedDesign
from spex_plugins.core.decoding.peeling import find_support
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["group_folds", "sets_without_groups"]


def group_folds(masks: BoolArray, coded: CodedDesign) -> IntArray:
    """Return the group of every mask (m, n), shape (m,); −1 if it belongs to none or to several.

    This holds for the empty and the full mask too, which differ from the others.
    """
    groups = len(coded.rows)
    member = np.zeros((len(masks), groups), dtype=bool)
    member[coded.rows.reshape(groups, -1).T, np.arange(groups)] = True
    kept = masks.sum(axis=1)
    alone = (member.sum(axis=1) == 1) & (kept > 0) & (kept < masks.shape[1])
    return np.where(alone, member.argmax(axis=1), -1)


def sets_without_groups(values: FloatArray, coded: CodedDesign) -> list[IntArray]:
    """Return for every group the sets that are decoded from the other groups alone."""
    return [find_support(values, coded.without(group)) for group in range(len(coded.rows))]
