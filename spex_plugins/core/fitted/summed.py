"""The sum of two fitted functions: one of a cheap model, and one of the difference of a costly model."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.fitted_function import FittedFunction
from spex_plugins.core.basis.scaling import Scaling
from spex_plugins.core.basis.single_values import SingleValues
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.fitted.stacked import StackedFunction
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["SummedFunction"]


@dataclass(frozen=True, eq=False)
class SummedFunction:
    """A known function plus an estimated one, of the same features and outputs.

    Attributes
    ----------
    known : FittedFunction
        Exact by definition: what it gets wrong belongs to the other function.
    estimated : FittedFunction
        The standard deviations are its own.
    """

    known: FittedFunction
    estimated: FittedFunction

    @property
    def n(self) -> int:
        """Number of features."""
        return self.estimated.n

    @property
    def output_shape(self) -> tuple[int, ...]:
        """() for a scalar function, (K,) for K outputs."""
        return self.estimated.output_shape

    @property
    def spectrum(self) -> Spectrum:
        """The sum of both spectra, each of its terms of largest energy."""
        return self.known.spectrum + self.estimated.spectrum

    def predict(self, masks: BoolArray) -> FloatArray:
        """Evaluate the function at masks (m, n); returns (m,) or (m, K)."""
        total: FloatArray = self.known.predict(masks) + self.estimated.predict(masks)
        return total

    def convert(self, index: str, order: int) -> tuple[IntArray, FloatArray]:
        """Return the values of an index at all sets that either function lists, see `Spectrum.convert`."""
        listed = [function.convert(index, order) for function in (self.known, self.estimated)]
        rows = sets.combine([supports for supports, _ in listed], self.n)
        supports = sets.merge(rows, np.zeros((len(rows), 1)), self.n)[0]
        values = _values(self.known, supports, index, order, listed[0])
        return supports, values + _values(self.estimated, supports, index, order, listed[1])

    def lists_all(self, order: int) -> bool:
        """Whether `convert` returns the values of all sets of up to ``order`` features that have one."""
        return self.known.lists_all(order) and self.estimated.lists_all(order)

    def single_values(self, index: str) -> SingleValues:
        """Return the values of single features in an index of order 1, and their deviations."""
        estimated = self.estimated.single_values(index)
        return replace(estimated, values=self.known.single_values(index).values + estimated.values)

    def deviations(self, supports: IntArray, index: str, order: int) -> FloatArray:
        """Return the standard deviations of an index at distinct sets (U, d), shape (U,) or (U, K)."""
        return self.estimated.deviations(supports, index, order)

    def output(self, columns: int | IntArray) -> SummedFunction:
        """Return one of K outputs, or several."""
        return SummedFunction(self.known.output(columns), self.estimated.output(columns))

    def rescaled(self, scaling: Scaling) -> SummedFunction:
        """Return the function of the values before scaling."""
        factor_alone = replace(scaling, centre=np.zeros_like(scaling.centre))
        return SummedFunction(self.known.rescaled(factor_alone), self.estimated.rescaled(scaling))

    def placed(self, at: IntArray, n: int) -> SummedFunction:
        """Return the function of n features, of which those not in ``at`` have no effect."""
        return SummedFunction(self.known.placed(at, n), self.estimated.placed(at, n))


def _values(
    function: FittedFunction, supports: IntArray, index: str, order: int, listed: tuple[IntArray, FloatArray]
) -> FloatArray:
    """Return an index at distinct sets (U, d), of a function that lists some of its values."""
    if isinstance(function, StackedFunction):  # lists the larger ones only
        return function.values_at(supports, index, order)
    return sets.looked_up(supports, *listed, function.n)
