"""Protocol of a fitted function of masks: predictions, indices and their standard deviations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, Self

from spex_plugins.core.basis.indices import INDICES
from spex_plugins.core.basis.scaling import Scaling
from spex_plugins.core.basis.single_values import Semivalues, SingleValues
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Deviations", "FittedFunction", "SpectrumWithDeviations"]

_SINGLE_AT_EVERY_ORDER = ("SII", "BII")  # the value of a feature does not depend on the order


class Deviations(Protocol):
    """Posterior standard deviations of every index."""

    def deviations(self, supports: IntArray, index: str, order: int) -> FloatArray:
        """Return the standard deviations of an index at distinct sets (U, d), shape (U,) or (U, K)."""
        ...

    def output(self, columns: int | IntArray) -> Self:
        """Return the deviations of one of K outputs, or of several."""
        ...

    def rescaled(self, scaling: Scaling) -> Self:
        """Return the deviations of the values before scaling."""
        ...

    def placed(self, at: IntArray, n: int) -> Self:
        """Return the function of n features, of which those not in ``at`` have no effect."""
        ...


class FittedFunction(Deviations, Protocol):
    """A fitted function of masks, from which all results of an explanation are computed.

    Implemented by `Spectrum`, by `SpectrumWithDeviations`, and by `StackedFunction`, which has more terms
    than can be listed.
    """

    @property
    def n(self) -> int:
        """Number of features."""
        ...

    @property
    def output_shape(self) -> tuple[int, ...]:
        """() for a scalar function, (K,) for K outputs."""
        ...

    @property
    def spectrum(self) -> Spectrum:
        """The Fourier spectrum: complete if the function is sparse, else its terms of largest energy."""
        ...

    def predict(self, masks: BoolArray) -> FloatArray:
        """Evaluate the function at masks (m, n); returns (m,) or (m, K)."""
        ...

    def convert(self, index: str, order: int) -> tuple[IntArray, FloatArray]:
        """Return the sets (U, d) of up to ``order`` features and their values in an index, (U,) or (U, K)."""
        ...

    def lists_all(self, order: int) -> bool:
        """Whether `convert` returns the values of all sets of up to ``order`` features that have one."""
        ...

    def single_values(self, index: str) -> SingleValues:
        """Return the values of single features in an index of order 1, with their standard deviations."""
        ...


@dataclass(frozen=True, eq=False)
class SpectrumWithDeviations:
    """A spectrum with more accurate single values, and with the standard deviations of every index.

    Predictions and interactions are those of the spectrum. If a Gaussian process was fitted too, single
    values and deviations are those of its posterior; if all 2^n values are known, the single values are
    exact, even if the spectrum was truncated at an order. Tables of single features, and those of "SII" and
    "BII", whose single features have Shapley and Banzhaf values at every order, list the same values.

    Attributes
    ----------
    spectrum : Spectrum
    semivalues : Semivalues
    uncertainty : Deviations, optional
        If None, the deviations are those of the spectrum.
    """

    spectrum: Spectrum
    semivalues: Semivalues
    uncertainty: Deviations | None = None

    @property
    def n(self) -> int:
        """Number of features."""
        return self.spectrum.n

    @property
    def output_shape(self) -> tuple[int, ...]:
        """() for a scalar function, (K,) for K outputs."""
        return self.spectrum.output_shape

    def predict(self, masks: BoolArray) -> FloatArray:
        """Evaluate the spectrum at masks (m, n); returns (m,) or (m, K)."""
        return self.spectrum.predict(masks)

    def convert(self, index: str, order: int) -> tuple[IntArray, FloatArray]:
        """Return the values of an index, see `Spectrum.convert`; single features as in `single_values`."""
        supports, values = self.spectrum.convert(index, order)
        single = (order == 1 and index in INDICES) or index in _SINGLE_AT_EVERY_ORDER
        known = self.semivalues.of(index) if single else None
        return (supports, values) if known is None else known.replacing(supports, values, self.n)

    def lists_all(self, order: int) -> bool:
        """Whether `convert` returns the values of all sets of up to ``order`` features that have one."""
        return self.spectrum.lists_all(order)

    def single_values(self, index: str) -> SingleValues:
        """Return the values of single features in an index of order 1, with their standard deviations."""
        return self.semivalues.of(index) or self.spectrum.single_values(index)

    def deviations(self, supports: IntArray, index: str, order: int) -> FloatArray:
        """Return the standard deviations of an index at distinct sets (U, d), shape (U,) or (U, K)."""
        return (self.uncertainty or self.spectrum).deviations(supports, index, order)

    def output(self, columns: int | IntArray) -> SpectrumWithDeviations:
        """Return one of K outputs, or several."""
        return replace(
            self,
            spectrum=self.spectrum.output(columns),
            semivalues=self.semivalues.output(columns),
            uncertainty=self.uncertainty and self.uncertainty.output(columns),
        )

    def rescaled(self, scaling: Scaling) -> SpectrumWithDeviations:
        """Return the function of the values before scaling."""
        return replace(
            self,
            spectrum=self.spectrum.rescaled(scaling),
            semivalues=self.semivalues.scaled(scaling.factor),
            uncertainty=self.uncertainty and self.uncertainty.rescaled(scaling),
        )

    def placed(self, at: IntArray, n: int) -> SpectrumWithDeviations:
        """Return the function of n features, of which those not in ``at`` have no effect."""
        return replace(
            self,
            spectrum=self.spectrum.placed(at, n),
            semivalues=self.semivalues.placed(at, n),
            uncertainty=self.uncertainty and self.uncertainty.placed(at, n),
        )
