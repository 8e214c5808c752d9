"""The kernels of earlier explanations, for another one of the same model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spex_plugins.core.basis.fitted_function import FittedFunction, SpectrumWithDeviations
from spex_plugins.core.fitted.stacked import IndexUncertainty, StackedFunction
from spex_plugins.core.kernels.product_kernel import ProductKernel
from spex_plugins.core.parity_process.index import PartUncertainty
from spex_plugins.core.parity_process.kernel_prior import KernelPrior, mean_kernel
from spex_plugins.core.parity_process.likelihood import PartKernel
from spex_plugins.core.sized_process.process import WholeUncertainty
from spex_plugins.errors import InputError
from spex_plugins.result.interactions import Interactions
from spex_plugins.types import FloatArray

__all__ = ["kernel_prior"]

_MOST = 8  # explanations; more tell no more


def kernel_prior(prior: Any, names: Sequence[str]) -> KernelPrior:
    """Return what earlier explanations tell of the kernel of a function of some features.

    Parameters
    ----------
    prior : Interactions, sequence of Interactions, or SpexExplanation
    names : sequence of str
        Names of the n features. Features of the same name have the same rates; without any, those of the same
        number, if there are equally many.

    Raises
    ------
    InputError
        If the prior is no explanation, or none of them has a kernel.
    """
    found = _explanations(prior)
    known: dict[int, list[tuple[PartKernel, FloatArray]]] = {}
    sparse = False
    for one in [found[i] for i in np.unique(np.linspace(0, len(found) - 1, _MOST).astype(int))]:
        stack = _stack(one.function)
        if stack is None:
            continue
        sparse = sparse or stack.terms is not None
        own = [one.feature_names[i] for i in stack.at]
        for part in stack.uncertainties:
            for sign, kernel in _kernels(part).items():
                rates = _placed(np.log(kernel.product.rates), own, names)
                known.setdefault(sign, []).append((kernel, rates))
    if not known and not sparse:  # a sparse function that is known exactly has no kernel
        raise InputError(
            "prior: these explanations have no kernel; give explanations by the "
            'estimator "shapley", or by "auto" with an index such as "SV", from fewer than all masks.'
        )
    return {sign: mean_kernel([r for _, r in some], [k for k, _ in some]) for sign, some in known.items()}


def _explanations(prior: Any) -> list[Interactions]:
    prior = getattr(prior, "interactions", prior)  # of an explanation in SHAP
    found = [prior] if isinstance(prior, Interactions) else prior
    if (
        not isinstance(found, Sequence)
        or not found
        or not all(isinstance(one, Interactions) for one in found)
    ):
        raise InputError(
            "prior: must be an explanation of the same model, Interactions, or a sequence of them, "
            f"got {prior!r:.60}."
        )
    return list(found)


def _stack(function: FittedFunction) -> StackedFunction | None:
    found = function.uncertainty if isinstance(function, SpectrumWithDeviations) else function
    return found if isinstance(found, StackedFunction) else None


def _kernels(part: IndexUncertainty) -> dict[int, PartKernel]:
    """Return the kernel of one part, or that of the whole function for both."""
    if isinstance(part, WholeUncertainty):
        kernel = PartKernel(ProductKernel(part.kernel.rates, part.kernel.amplitudes), part.noise)
        return {-1: kernel, 1: kernel}
    return {part.sign: part.kernel} if isinstance(part, PartUncertainty) and np.any(part.scale) else {}


def _placed(log_rates: FloatArray, own: Sequence[str], names: Sequence[str]) -> FloatArray:
    """Return the log rates of the features with these names, NaN for unknown ones."""
    by_name: dict[str, list[float]] = {}
    for name, value in zip(own, log_rates.tolist(), strict=True):
        by_name.setdefault(name, []).append(value)
    if by_name.keys().isdisjoint(names) and len(own) == len(names):
        return log_rates
    return np.array([np.mean(by_name.get(name, [np.nan])) for name in names])
