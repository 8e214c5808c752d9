"""Whether the spectrum of a fitted function is the whole function."""

from __future__ import annotations

from spex_plugins.core.basis.fitted_function import FittedFunction, SpectrumWithDeviations
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.fitted.summed import SummedFunction

__all__ = ["lists_all_terms"]


def lists_all_terms(function: FittedFunction) -> bool:
    """Tell whether the spectrum of a function has all of its terms, and not the largest ones only."""
    if isinstance(function, SummedFunction):
        return lists_all_terms(function.known) and lists_all_terms(function.estimated)
    return isinstance(function, Spectrum | SpectrumWithDeviations)
