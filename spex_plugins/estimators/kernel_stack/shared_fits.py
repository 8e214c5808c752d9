"""What the first of many functions tell of the fits of the others, such as the rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from spex_plugins.core.parity_process.shared_kernels import SharedKernels
from spex_plugins.estimators.kernel_stack.logistic_member import CURVES, N_FIRST, SharedPenalty
from spex_plugins.estimators.kernel_stack.member import Member
from spex_plugins.estimators.kernel_stack.mixed_part import MixedPart, best_shares
from spex_plugins.estimators.kernel_stack.tree_member import TREES
from spex_plugins.types import FloatArray

__all__ = ["WHOLE", "SharedFits"]

WHOLE = "all sizes"  # a process of both parts
_WORTH = 0.02  # of the squared left-out errors: less is not worth the time of many functions


@dataclass
class SharedFits:
    """Kernels that functions at the same masks share, and what else served the first of them.

    Attributes
    ----------
    kernels : SharedKernels
    penalty : SharedPenalty
        Of logistic curves.
    """

    kernels: SharedKernels = field(default_factory=SharedKernels)
    penalty: SharedPenalty = field(default_factory=SharedPenalty)
    _sparse: list[bool] = field(default_factory=list)
    _gains: dict[str, list[float]] = field(default_factory=dict)

    @property
    def may_be_sparse(self) -> bool:
        """Whether one of the first functions was sparse, or these are too few to tell."""
        return len(self._sparse) < N_FIRST or any(self._sparse)

    def add_sparse(self, found: bool) -> None:
        """Add a function in which few sets were searched that meet all its values, and whether any do."""
        if len(self._sparse) < N_FIRST:
            self._sparse.append(found)

    def helps(self, member: str) -> bool:
        """Whether a member of the stack served the first functions, or these are too few to tell."""
        gains = self._gains.get(member, [])
        return len(gains) < N_FIRST or float(np.mean(gains)) >= _WORTH

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
            self.add_gain(name, _gain(names.index(name) + 1, parts, weights) if name in names else 0.0)

    def add_gain(self, member: str, gain: float) -> None:
        """Add the share of the squared left-out errors that a member saves, unless enough are known."""
        gains = self._gains.setdefault(member, [])
        if len(gains) < N_FIRST:
            gains.append(gain)


def _gain(member: int, parts: Sequence[MixedPart], weights: FloatArray) -> float:
    """Return the share of the squared left-out errors without a member that it explains."""
    together = sum(_least(part.each, weights[part.frame.rows]) for part in parts)
    without = sum(_least(np.delete(part.each, member, axis=0), weights[part.frame.rows]) for part in parts)
    return 1 - together / without if without > 0 else 0.0


def _least(errors: FloatArray, counted: FloatArray) -> float:
    """Return the squared errors of the best mixture of members (M, p, K)."""
    return float((counted @ (best_shares(errors, counted)[:, None] * errors).sum(axis=0) ** 2).sum())
