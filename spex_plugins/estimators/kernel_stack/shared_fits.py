"""What the first of many functions tell of the fits of the others, such as the rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from spex_plugins.core.parity_process.shared_kernels import SharedKernels
from spex_plugins.estimators.kernel_stack.logistic_member import CURVES
from spex_plugins.estimators.kernel_stack.member import Member
from spex_plugins.estimators.kernel_stack.mixed_part import MixedPart, best_shares
from spex_plugins.estimators.kernel_stack.tree_member import TREES
from spex_plugins.types import FloatArray

__all__ = ["SharedFits"]

_FIRST = 4  # functions that are fitted with all means
_WORTH = 0.02  # of the squared left-out errors


@dataclass
class SharedFits:
    """Kernels that functions at the same masks share, and what else served the first of them.

    Attributes
    ----------
    kernels : SharedKernels
    """

    kernels: SharedKernels = field(default_factory=SharedKernels)
    _sparse: list[bool] = field(default_factory=list)
    _gains: dict[str, list[float]] = field(default_factory=dict)

    @property
    def may_be_sparse(self) -> bool:
        """Whether one of the first functions was sparse, or these are too few to tell."""
        return len(self._sparse) < _FIRST or any(self._sparse)

    def add_sparse(self, found: bool) -> None:
        """Add a function in which few sets were searched that meet all its values, and whether any do."""
        if len(self._sparse) < _FIRST:
            self._sparse.append(found)

    def helps(self, member: str) -> bool:
        """Whether a member of the stack served the first functions, or these are too few to tell."""
        gains = self._gains.get(member, [])
        return len(gains) < _FIRST or float(np.mean(gains)) >= _WORTH

    def add_members(self, members: Sequence[Member], parts: Sequence[MixedPart], weights: FloatArray) -> None:
        """Add what each member gains beside the process and the others, unless enough functions are known.

        Parameters
        ----------
        members : sequence of Member
            Those that are mixed with the process of every part.
        parts : sequence of MixedPart
        weights : ndarray of float64, shape (m,)
            How much the error at every mask counts.
        """
        names = [member.name for member in members]
        for name in (CURVES, TREES):
            gains = self._gains.setdefault(name, [])
            if len(gains) < _FIRST:
                gains.append(_gain(names.index(name) + 1, parts, weights) if name in names else 0.0)


def _gain(member: int, parts: Sequence[MixedPart], weights: FloatArray) -> float:
    """Return the share of the squared left-out errors without a member that it explains."""
    together = sum(_least(part.each, weights[part.frame.rows]) for part in parts)
    without = sum(_least(np.delete(part.each, member, axis=0), weights[part.frame.rows]) for part in parts)
    return 1 - together / without if without > 0 else 0.0


def _least(errors: FloatArray, counted: FloatArray) -> float:
    """Return the squared errors of the best mixture of members (M, p, K)."""
    return float((counted @ (best_shares(errors, counted)[:, None] * errors).sum(axis=0) ** 2).sum())
