"""Spectra that are known exactly, as fitted functions."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.basis.conjunctions import Conjunctions
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.fitted.stacked import StackedFunction
from spex_plugins.types import BoolArray

__all__ = ["exact_function"]


def exact_function(spectrum: Spectrum, masks: BoolArray) -> StackedFunction:
    """Return a spectrum with K outputs as a fitted function without uncertainty."""
    n, (outputs,) = spectrum.n, spectrum.output_shape
    supports, values = spectrum.convert("Moebius", max(spectrum.max_order, 1))
    terms = Conjunctions(n, supports, supports < n, values)
    everything = np.arange(n)
    constant, residuals, errors = (np.zeros((*rows, outputs)) for rows in ((), (len(masks),), (2,)))
    return StackedFunction(n, everything, constant, (), terms, masks, residuals, (), errors, terms=spectrum)
