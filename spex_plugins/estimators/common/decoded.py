"""Sets decoded from a coded design, and the folds for a cross-validated fit with them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spex_plugins.core.decoding.group_folds import group_folds, sets_without_groups
from spex_plugins.core.decoding.peeling import find_support
from spex_plugins.core.designs.choose import held_out
from spex_plugins.core.designs.design import Design
from spex_plugins.types import BoolArray, FloatArray, IntArray
from spex_plugins.wording import counted

__all__ = ["Decoded", "decode"]


class Decoded(NamedTuple):
    """Folds of the samples, and the sets that were decoded without each of them.

    Attributes
    ----------
    folds : ndarray of int, shape (m,)
        0 … F − 1; −1 for samples that are in all training sets.
    found : list of F + 1 ndarray of int, each of shape (T, d)
        Sets decoded without each fold, and, last, from all samples.
    kind : str
        Description of the samples that are left out.
    """

    folds: IntArray
    found: list[IntArray]
    kind: str

    @property
    def method(self) -> str:
        """Description of the decoded sets."""
        return f"{counted(len(self.found[-1]), 'set')} decoded"


def decode(
    masks: BoolArray, values: FloatArray, design: Design | None, unstructured: IntArray, always: int = 0
) -> Decoded:
    """Decode the sets of a coded design; none without such a design.

    Parameters
    ----------
    masks : ndarray of bool, shape (m, n)
    values : ndarray of float64, shape (m, K)
    design : Design or None
    unstructured : ndarray of int, shape (m,)
        Folds of the masks that are not part of the coded design. They are used if these masks suffice to test
        a fit; otherwise, the groups of the coded design are the folds.
    always : int
        Number of groups that are in all training sets.
    """
    coded = design.coded if design else None
    if design is None or coded is None:
        none = np.empty((0, 0), dtype=np.int32)
        return Decoded(
            unstructured, [none] * (_count(unstructured) + 1), "uniform masks" if design else "masks"
        )
    found = find_support(values, coded)
    if len(masks) - design.n_structured >= held_out(len(masks)):
        return Decoded(unstructured, [found] * (_count(unstructured) + 1), "uniform masks")
    folds = np.maximum(group_folds(masks, coded) - always, -1)
    without = sets_without_groups(values, coded)[always:]
    return Decoded(folds, [*without, found], f"coded masks, {counted(len(without), 'group')}")


def _count(folds: IntArray) -> int:
    return int(folds.max(initial=-1)) + 1
