"""Single values with deviations, for the estimators with a Gaussian process."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.gaussian_process import GaussianProcess
from spex_plugins.core.semivalues import banzhaf_nodes, semivalues, shapley_nodes
from spex_plugins.estimators.base import SingleValues
from spex_plugins.types import FloatArray

__all__ = ["single_values"]

_LEAST_TESTED = 8  # fewer masks measure nothing


def single_values(process: GaussianProcess) -> dict[str, SingleValues]:
    """Return the Shapley and Banzhaf values of a posterior, with standard deviations."""
    trust = _trust(process)
    singles = {}
    for index, nodes in {"SV": shapley_nodes(process.kernel.n), "BV": banzhaf_nodes()}.items():
        found, deviations = semivalues(process, *nodes)
        singles[index] = SingleValues(found, trust * deviations)
    return singles


def _trust(process: GaussianProcess) -> FloatArray:
    """Return what the deviations must be multiplied by, (K,): what left-out errors are in deviations.

    A kernel learned from few samples is too sure of itself.
    """
    if len(process.untouched) < _LEAST_TESTED:
        return np.ones(process.weights.shape[1])
    scores = process.left_out()[1][process.untouched]
    return np.sqrt((scores**2).mean(axis=0))
