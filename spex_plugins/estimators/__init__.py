"""Estimators: from (masks, values) to a sparse spectrum."""

from __future__ import annotations

from collections.abc import Callable

from spex_plugins.errors import InputError
from spex_plugins.estimators.auto import Auto
from spex_plugins.estimators.base import Estimator, Fit, FoldedEstimator, FoldedFit, SingleValues
from spex_plugins.estimators.boosted_residual import BoostedResidual
from spex_plugins.estimators.gaussian_process import GaussianProcessEstimator
from spex_plugins.estimators.kernel import KernelEstimator
from spex_plugins.estimators.proxyspex import ProxySpex
from spex_plugins.estimators.shapley import Shapley
from spex_plugins.estimators.sparse_regression import SparseRegression
from spex_plugins.estimators.spex import Spex
from spex_plugins.estimators.stacking import Stacking

__all__ = [
    "Auto",
    "BoostedResidual",
    "Estimator",
    "Fit",
    "FoldedEstimator",
    "FoldedFit",
    "GaussianProcessEstimator",
    "KernelEstimator",
    "ProxySpex",
    "Shapley",
    "SingleValues",
    "SparseRegression",
    "Spex",
    "Stacking",
    "resolve",
]

_ESTIMATORS: dict[str, Callable[[], Estimator]] = {
    "auto": Auto,
    "boosted_residual": BoostedResidual,
    "gaussian_process": GaussianProcessEstimator,
    "kernel": KernelEstimator,
    "proxyspex": ProxySpex,
    "shapley": Shapley,
    "sparse_regression": SparseRegression,
    "spex": Spex,
    "stacking": Stacking,
}


def resolve(estimator: str | Estimator, index: str | None = None) -> Estimator:
    """Return the estimator of a name, or the object itself; told what will be read, where it can be told."""
    found = _resolved(estimator)
    return found.reading(index) if index and isinstance(found, KernelEstimator) else found


def _resolved(estimator: str | Estimator) -> Estimator:
    if not isinstance(estimator, str):
        if isinstance(estimator, type) or not all(hasattr(estimator, name) for name in ("design", "fit")):
            raise InputError(
                f"estimator: must be one of {sorted(_ESTIMATORS)} or an object with design and fit, "
                f"got {estimator!r:.80}."
            )
        return estimator
    if estimator not in _ESTIMATORS:
        raise InputError(f"estimator: {estimator!r} is unknown; choose one of {sorted(_ESTIMATORS)}.")
    return _ESTIMATORS[estimator]()
