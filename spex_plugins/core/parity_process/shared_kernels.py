"""What the first of many functions tell of the kernels of the others, such as the rows of a table."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from spex_plugins.core.parity_process.common_kernel import CommonKernel, common_kernel
from spex_plugins.core.parity_process.likelihood import PartKernel
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["SharedKernels"]

_FIRST = 4  # functions that are fitted alone; a kernel of more of them serves no better
_WORSE = 2.5  # times as much may be left unexplained as of these, in the median


@dataclass
class SharedKernels:
    """The first functions of the odd and of the even parts, all at the same masks.

    The first ones are fitted as if alone, so that what they get does not depend on the others. Then their
    common kernel is learned, and adjusted to every other function. A function of which it leaves much more
    unexplained than their own kernels left of the first ones is fitted alone as well.
    """

    _parts: dict[int, _FirstParts] = field(default_factory=dict)

    def kernel(self, sign: int, masks: BoolArray, values: FloatArray) -> tuple[PartKernel, float] | None:
        """Return the kernel of a function from that of the first ones, if there are enough of them.

        Parameters
        ----------
        sign : int
            −1 or 1.
        masks : ndarray of bool, shape (p, n)
        values : ndarray of float64, shape (p, K)
            Of unit variance.

        Returns
        -------
        kernel : PartKernel
        unexplained : float
            If it leaves more than this share of the variance at left-out pairs unexplained, it serves less
            well than elsewhere.
        """
        first = self._parts.get(sign)
        if first is None or len(first.functions) < _FIRST or not first.suits(masks, values):
            return None
        return first.common.adjusted(values[first.rows]), _WORSE * float(np.median(first.unexplained))

    def add(
        self,
        sign: int,
        masks: BoolArray,
        values: FloatArray,
        *,
        rows: IntArray,
        spread: float,
        unexplained: float,
    ) -> None:
        """Add a function that was fitted alone, unless there are enough of them.

        Parameters
        ----------
        sign, masks, values
            As of `kernel`.
        rows : ndarray of int
            The pairs to learn from.
        spread : float
            Standard deviation of the log rates around their mean, a priori.
        unexplained : float
            Share of the variance at left-out pairs.
        """
        first = self._parts.setdefault(sign, _FirstParts(sign, masks, rows, spread))
        if len(first.functions) < _FIRST and first.suits(masks, values):
            first.functions.append(values)
            first.unexplained.append(unexplained)


@dataclass
class _FirstParts:
    """The parts of the first functions, of unit variance, and the kernel that they have in common."""

    sign: int
    masks: BoolArray
    rows: IntArray
    spread: float
    functions: list[FloatArray] = field(default_factory=list)
    unexplained: list[float] = field(default_factory=list)
    _common: CommonKernel | None = None

    @property
    def common(self) -> CommonKernel:
        if self._common is None:
            learned = [values[self.rows] for values in self.functions]
            self._common = common_kernel(self.sign, self.masks[self.rows], learned, self.spread)
        return self._common

    def suits(self, masks: BoolArray, values: FloatArray) -> bool:
        """Tell whether a function has the same masks and number of outputs."""
        outputs = {one.shape[1] for one in self.functions} | {values.shape[1]}
        return len(outputs) == 1 and np.array_equal(self.masks, masks)
