"""Estimators: they choose masks for a budget, and fit a function of masks to samples."""

from __future__ import annotations

from collections.abc import Callable

from spex_plugins.core.basis.indices import checked_order
from spex_plugins.errors import InputError
from spex_plugins.estimators.auto import Auto
from spex_plugins.estimators.base import Estimator
from spex_plugins.estimators.common.fit_result import Fit, FoldedFit
from spex_plugins.estimators.ensembles.averaging import Averaging
from spex_plugins.estimators.ensembles.stacking import Stacking
from spex_plugins.estimators.folded_estimator import FoldedEstimator
from spex_plugins.estimators.gaussian_processes.gaussian_process import GaussianProcessEstimator
from spex_plugins.estimators.gaussian_processes.shapley import Shapley
from spex_plugins.estimators.sparse.sparse_regression import SparseRegression
from spex_plugins.estimators.sparse.spex import Spex
from spex_plugins.estimators.trees.boosted_residual import BoostedResidual
from spex_plugins.estimators.trees.proxyspex import ProxySpex

__all__ = [
    "ESTIMATORS",
    "Auto",
    "Averaging",
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

ESTIMATORS: dict[str, Callable[[], Estimator]] = {
    chosen.name: chosen
    for chosen in (
        Auto,
        Averaging,
        BoostedResidual,
        GaussianProcessEstimator,
        ProxySpex,
        Shapley,
        SparseRegression,
        Spex,
        Stacking,
    )
}
"""The estimators of this package by their names."""


def resolve(estimator: str | Estimator, index: str | None = None) -> Estimator:
    """Return the estimator with a given name, or an instance, for the index that will be read.

    Parameters
    ----------
    estimator : str or Estimator
        Name of an estimator of this package, or an instance of a subclass of `Estimator`.
    index : str, optional
        A key of `spex_plugins.INDICES`.

    Returns
    -------
    Estimator
        An instance.

    Raises
    ------
    InputError
        If the name or the index is unknown, or the object is not an `Estimator`.
    """
    if index is not None:
        checked_order(index, None)
    return _resolved(estimator).reading(index)


def _resolved(estimator: str | Estimator) -> Estimator:
    if isinstance(estimator, Estimator):
        return estimator
    if not isinstance(estimator, str):
        raise InputError(
            f"estimator: must be one of {sorted(ESTIMATORS)} or an instance of a subclass of "
            f"spex_plugins.estimators.Estimator, got {estimator!r:.80}."
        )
    if estimator not in ESTIMATORS:
        raise InputError(f"estimator: {estimator!r} is unknown; choose one of {sorted(ESTIMATORS)}.")
    return ESTIMATORS[estimator]()


def about(estimator: str | Estimator, index: str | None = None) -> str:  # numpydoc ignore=RS01
    """Return what an estimator fits to which masks, and on which masks it measures R².

    Parameters
    ----------
    estimator : str or Estimator
        Name of an estimator of this package, or an instance of a subclass of `Estimator`.
    index : str, optional
        What will be read, a key of `spex_plugins.INDICES`.

    Returns
    -------
    str
        A phrase, ``Estimator.about``; "" for an unknown name or an estimator that does not define it.
    """
    known = isinstance(estimator, Estimator) or (isinstance(estimator, str) and estimator in ESTIMATORS)
    if not known:
        return ""
    return resolve(estimator, index).about
