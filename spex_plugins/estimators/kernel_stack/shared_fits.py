"""What the first of many functions tell of the fits of the others, such as the rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from spex_plugins.core.parity_process.shared_kernels import SharedKernels
from spex_plugins.estimators.kernel_stack.mixed_part import MixedPart
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
    _gains: list[float] = field(default_factory=list)

    @property
    def may_be_sparse(self) -> bool:
        """Whether one of the first functions was sparse, or these are too few to tell."""
        return len(self._sparse) < _FIRST or any(self._sparse)

    def add_sparse(self, found: bool) -> None:
        """Add a function in which few sets were searched that meet all its values, and whether any do."""
        if len(self._sparse) < _FIRST:
            self._sparse.append(found)

    @property
    def others_help(self) -> bool:
        """Whether other members served the first functions, or these are too few to tell."""
        return len(self._gains) < _FIRST or float(np.mean(self._gains)) >= _WORTH

    def add_others(self, parts: Sequence[MixedPart], weights: FloatArray) -> None:
        """Add a function whose process was mixed with other members, unless there are enough of them.

        Parameters
        ----------
        parts : sequence of MixedPart
        weights : ndarray of float64, shape (m,)
            How much the error at every mask counts.
        """
        if len(self._gains) == _FIRST:
            return
        together = sum(_squares(part, part.left_out, weights) for part in parts)
        alone = sum(_squares(part, part.alone, weights) for part in parts)
        self._gains.append(1 - together / alone if alone > 0 else 0.0)


def _squares(part: MixedPart, errors: FloatArray, weights: FloatArray) -> float:
    return float((weights[part.frame.rows] @ errors**2).sum())
