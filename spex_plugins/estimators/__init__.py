"""Estimators: which masks to ask for a budget, and from (masks, values) to a function of masks."""

from __future__ import annotations

from collections.abc import Callable

from spex_plugins.errors import InputError
from spex_plugins.estimators.auto import Auto
from spex_plugins.estimators.base import Estimator
from spex_plugins.estimators.boosted_residual import BoostedResidual
from spex_plugins.estimators.fit_result import Fit, FoldedFit
from spex_plugins.estimators.folded_estimator import FoldedEstimator
from spex_plugins.estimators.gaussian_process import GaussianProcessEstimator
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
    "ProxySpex",
    "Shapley",
    "SparseRegression",
    "Spex",
    "Stacking",
    "about",
    "resolve",
]

_ESTIMATORS: dict[str, Callable[[], Estimator]] = {
    chosen.name: chosen
    for chosen in (
        Auto,
        BoostedResidual,
        GaussianProcessEstimator,
        ProxySpex,
        Shapley,
        SparseRegression,
        Spex,
        Stacking,
    )
}


def resolve(estimator: str | Estimator) -> Estimator:
    """Return the estimator of a name, or the object itself.

    Raises
    ------
    InputError
        If the name is unknown, or the object is not an `Estimator`.
    """
    if isinstance(estimator, Estimator):
        return estimator
    if not isinstance(estimator, str):
        raise InputError(
            f"estimator: must be one of {sorted(_ESTIMATORS)} or an object of a subclass of "
            f"spex_plugins.estimators.Estimator, got {estimator!r:.80}."
        )
    if estimator not in _ESTIMATORS:
        raise InputError(f"estimator: {estimator!r} is unknown; choose one of {sorted(_ESTIMATORS)}.")
    return _ESTIMATORS[estimator]()


def about(estimator: str | Estimator) -> str:
    """Return what an estimator fits to which masks, and what its R² is measured on; "" if not known."""
    found = _ESTIMATORS.get(estimator) if isinstance(estimator, str) else estimator
    return getattr(found, "about", "")
