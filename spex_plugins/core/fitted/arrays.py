"""A fitted function as named arrays, for files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spex_plugins.core.basis.conjunctions import Conjunctions
from spex_plugins.core.basis.single_values import SingleValues
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.fitted.expansion import Expansion, KernelExpansion
from spex_plugins.core.fitted.fold_spread import FoldSpread
from spex_plugins.core.fitted.stacked import IndexUncertainty, StackedFunction
from spex_plugins.core.gaussian_process.error_growth import ErrorGrowth
from spex_plugins.core.kernels.product_kernel import ProductKernel
from spex_plugins.core.logistic.wave_sum import WaveSum
from spex_plugins.core.parity_process.index import PartUncertainty
from spex_plugins.core.parity_process.likelihood import PartKernel
from spex_plugins.core.sized_process.kernel import SizedKernel
from spex_plugins.core.sized_process.process import WholeUncertainty

__all__ = ["function_from", "growth_arrays", "growth_from", "to_arrays"]

_OWN = ("at", "constant", "masks", "residuals")


def to_arrays(function: StackedFunction) -> dict[str, Any]:
    """Return the arrays of a function by name."""
    out: dict[str, Any] = {name: getattr(function, name) for name in (*_OWN, "independent")}
    if function.terms is not None:
        out |= {"supports": function.terms.supports, "coefficients": function.terms.coefficients}
    if function.shapley is not None:
        known = function.shapley
        out |= {"shapley_values": known.values, "shapley_deviations": known.deviations}
    out |= growth_arrays(function.growth)
    out["shape"] = np.array(
        [function.n, function.scalar, len(function.expansions), len(function.uncertainties)]
    )
    some = function.conjunctions
    out |= {"features": some.features, "kept": some.kept, "values": some.values}
    for k, part in enumerate(function.expansions):
        out |= _named(f"expansion{k}", **_expansion_arrays(part))
    for k, uncertainty in enumerate(function.uncertainties):
        out |= _named(f"uncertainty{k}", **_uncertainty_arrays(uncertainty))
    return out


def function_from(arrays: Mapping[str, Any]) -> StackedFunction:
    """Return the function of such arrays."""
    n, scalar, expansions, uncertainties = arrays["shape"].tolist()
    own = {name: arrays[name] for name in _OWN}
    independent = arrays.get("independent", np.zeros((2, len(own["constant"]))))  # not in formats up to 5
    conjunctions = Conjunctions(len(own["at"]), arrays["features"], arrays["kept"], arrays["values"])
    parts: list[Expansion] = []
    for k in range(expansions):
        parts.append(_expansion(_of(f"expansion{k}", arrays)))
    found = tuple(_uncertainty(_of(f"uncertainty{k}", arrays)) for k in range(uncertainties))
    shapley = None
    if "shapley_values" in arrays:
        shapley = SingleValues(arrays["shapley_values"], arrays["shapley_deviations"])
    return StackedFunction(
        n=n,
        expansions=tuple(parts),
        conjunctions=conjunctions,
        uncertainties=found,
        independent=independent,
        growth=growth_from(arrays),
        terms=Spectrum(n, arrays["supports"], arrays["coefficients"]) if "supports" in arrays else None,
        shapley=shapley,
        scalar=bool(scalar),
        **own,
    )


def growth_arrays(growth: ErrorGrowth | None) -> dict[str, Any]:
    """Return the arrays of a growth of errors by name; none without one."""
    if growth is None:
        return {}
    arrays = {"growth_slope": np.array(growth.slope), "growth_counts": growth.counts}
    return arrays if growth.calibrated is None else arrays | {"growth_calibrated": growth.calibrated}


def growth_from(arrays: Mapping[str, Any]) -> ErrorGrowth | None:
    """Return the growth of errors of such arrays, None if there are none."""
    if "growth_slope" not in arrays:
        return None
    about = arrays["growth_counts"], arrays.get("growth_calibrated")
    return ErrorGrowth(float(arrays["growth_slope"]), *about)


def _named(prefix: str, **arrays: Any) -> dict[str, Any]:
    return {f"{prefix}_{name}": value for name, value in arrays.items()}


def _of(prefix: str, arrays: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name.removeprefix(f"{prefix}_"): value
        for name, value in arrays.items()
        if name.startswith(f"{prefix}_")
    }


def _expansion_arrays(part: Expansion) -> dict[str, Any]:
    if isinstance(part, WaveSum):
        return {
            "phases": part.phases,
            "real": part.weights.real,
            "imaginary": part.weights.imag,
            "outputs": part.outputs,
            "number": np.array(part.n_outputs),
        }
    assert isinstance(part, KernelExpansion)
    return {**_kernel_arrays(part.kernel), "masks": part.masks, "weights": part.weights}


def _expansion(arrays: Mapping[str, Any]) -> Expansion:
    if "phases" in arrays:
        weights = arrays["real"] + 1j * arrays["imaginary"]
        return WaveSum(arrays["phases"], weights, arrays["outputs"], int(arrays["number"]))
    return KernelExpansion(_sized_kernel(arrays), arrays["masks"], arrays["weights"])


def _kernel_arrays(kernel: SizedKernel) -> dict[str, Any]:
    return {"rates": kernel.rates, "amplitudes": kernel.amplitudes, "tilts": kernel.tilts}


def _sized_kernel(arrays: Mapping[str, Any]) -> SizedKernel:
    return SizedKernel(arrays["rates"], arrays["amplitudes"], arrays["tilts"])


def _uncertainty_arrays(uncertainty: IndexUncertainty) -> dict[str, Any]:
    if isinstance(uncertainty, WholeUncertainty):
        arrays, noise = _kernel_arrays(uncertainty.kernel), uncertainty.noise
        arrays |= {"noise": np.array(noise), "masks": uncertainty.masks, "scale": uncertainty.scale}
        return arrays | {"rough": np.array(uncertainty.rough), "ends": np.array(uncertainty.ends)}
    if isinstance(uncertainty, FoldSpread):
        kinds = {"all": uncertainty.of_all, "fold": uncertainty.without_fold}
        arrays = {"folds": np.array([uncertainty.n_folds, *map(len, kinds.values())])}
        for kind, parts in kinds.items():
            for k, part in enumerate(parts):
                arrays |= _named(f"{kind}{k}", **_expansion_arrays(part))
        return arrays
    assert isinstance(uncertainty, PartUncertainty)
    product = uncertainty.kernel.product
    return {
        "rates": product.rates,
        "amplitudes": product.amplitudes,
        "noise": np.array(uncertainty.kernel.noise),
        "sign": np.array(uncertainty.sign),
        "masks": uncertainty.masks,
        "scale": uncertainty.scale,
        "rough": np.array(uncertainty.rough),
        "ends": np.array(uncertainty.kernel.ends),
    }


def _uncertainty(arrays: Mapping[str, Any]) -> IndexUncertainty:
    if "folds" in arrays:
        n_folds, *counts = arrays["folds"].tolist()
        of_all, without_fold = (
            tuple(_expansion(_of(f"{kind}{k}", arrays)) for k in range(count))
            for kind, count in zip(("all", "fold"), counts, strict=True)
        )
        return FoldSpread(n_folds, of_all, without_fold)
    noise, masks, scale = float(arrays["noise"]), arrays["masks"], arrays["scale"]
    rough, ends = float(arrays.get("rough", 1.0)), float(arrays.get("ends", 0.0))  # not in formats up to 7
    if "tilts" in arrays:
        return WholeUncertainty(_sized_kernel(arrays), noise, masks, scale, rough, ends)
    kernel = PartKernel(ProductKernel(arrays["rates"], arrays["amplitudes"]), noise, ends)
    return PartUncertainty(kernel, int(arrays["sign"]), masks, scale, rough)
