"""Conversion of fitted functions to named arrays, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spex_plugins.core.basis.fitted_function import FittedFunction, SpectrumWithDeviations
from spex_plugins.core.basis.single_values import Semivalues, SingleValues
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.fitted.arrays import function_from, growth_arrays, growth_from, to_arrays
from spex_plugins.core.fitted.stacked import StackedFunction
from spex_plugins.core.fitted.summed import SummedFunction
from spex_plugins.core.gaussian_process.uncertainty import Uncertainty
from spex_plugins.core.kernels.mask_kernel import MaskKernel
from spex_plugins.core.kernels.product_kernel import ProductKernel
from spex_plugins.errors import InputError

__all__ = ["arrays_of", "function_of"]

_PROCESS, _STACKED = "process_", "stacked_"
_KNOWN, _ESTIMATED = "known_", "estimated_"  # of a sum


def arrays_of(function: FittedFunction) -> dict[str, Any]:
    """Return the arrays of a fitted function by name.

    Raises
    ------
    InputError
        If the function is of an unknown type.
    """
    if isinstance(function, StackedFunction):
        return _stacked(function)
    if isinstance(function, SummedFunction):
        parts = {_KNOWN: function.known, _ESTIMATED: function.estimated}
        return {f"{prefix}{name}": a for prefix, part in parts.items() for name, a in arrays_of(part).items()}
    arrays = {"supports": function.spectrum.supports, "coefficients": function.spectrum.coefficients}
    match function:
        case Spectrum():
            return arrays
        case SpectrumWithDeviations(semivalues=known, uncertainty=Uncertainty() as uncertainty):
            return arrays | _semivalues(known) | _uncertainty(uncertainty)
        case SpectrumWithDeviations(semivalues=known, uncertainty=StackedFunction() as stack):
            return arrays | _semivalues(known) | _stacked(stack)
        case SpectrumWithDeviations(semivalues=known, uncertainty=None):
            return arrays | _semivalues(known)
    raise InputError(
        f"function: {type(function).__name__} cannot be saved; save its spectrum, "
        "replace(found, function=found.spectrum)."
    )


def function_of(n: int, arrays: Mapping[str, Any]) -> FittedFunction:
    """Return the fitted function of n features with these arrays."""
    known, estimated = (
        {name.removeprefix(prefix): arrays[name] for name in arrays if name.startswith(prefix)}
        for prefix in (_KNOWN, _ESTIMATED)
    )
    if known:
        return SummedFunction(function_of(n, known), function_of(n, estimated))
    stacked = {name.removeprefix(_STACKED): arrays[name] for name in arrays if name.startswith(_STACKED)}
    if stacked and "supports" not in arrays:
        return function_from(stacked)
    spectrum = Spectrum(n, arrays["supports"], arrays["coefficients"])
    if "SV_values" not in arrays:
        return spectrum
    semivalues = Semivalues(
        *(SingleValues(arrays[f"{name}_values"], arrays[f"{name}_deviations"]) for name in ("SV", "BV"))
    )
    if stacked:
        return SpectrumWithDeviations(spectrum, semivalues, function_from(stacked))
    known = {name.removeprefix(_PROCESS): arrays[name] for name in arrays if name.startswith(_PROCESS)}
    if not known:
        return SpectrumWithDeviations(spectrum, semivalues)
    product = ProductKernel(known["rates"], known["amplitudes"])
    uncertainty = Uncertainty(
        MaskKernel(product, known["supports"], known["variances"]),
        float(known["noise"]),
        known["packed"],
        known["scale"],
        growth_from(known),
    )
    return SpectrumWithDeviations(spectrum, semivalues, uncertainty)


def _stacked(function: StackedFunction) -> dict[str, Any]:
    return {f"{_STACKED}{name}": value for name, value in to_arrays(function).items()}


def _semivalues(known: Semivalues) -> dict[str, Any]:
    return {
        "SV_values": known.shapley.values,
        "SV_deviations": known.shapley.deviations,
        "BV_values": known.banzhaf.values,
        "BV_deviations": known.banzhaf.deviations,
    }


def _uncertainty(known: Uncertainty) -> dict[str, Any]:
    kernel = known.kernel
    arrays = {
        "rates": kernel.product.rates,
        "amplitudes": kernel.product.amplitudes,
        "supports": kernel.supports,
        "variances": kernel.variances,
        "noise": np.array(known.noise),
        "packed": known.packed,
        "scale": known.scale,
        **growth_arrays(known.growth),
    }
    return {f"{_PROCESS}{name}": value for name, value in arrays.items()}
