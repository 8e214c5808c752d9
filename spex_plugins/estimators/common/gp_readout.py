"""A spectrum with the single values and the deviations of a Gaussian process."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.basis.feature_sets import singletons
from spex_plugins.core.basis.fitted_function import SpectrumWithDeviations
from spex_plugins.core.basis.single_values import Semivalues, SingleValues
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.gaussian_process.conditioning import GaussianProcess
from spex_plugins.core.gaussian_process.posterior_index import index_covariance
from spex_plugins.core.gaussian_process.uncertainty import Uncertainty
from spex_plugins.types import FloatArray

__all__ = ["calibration", "semivalues", "with_deviations"]

_LEAST_TESTED = 8  # fewer masks are not enough for a measurement


def calibration(process: GaussianProcess) -> FloatArray:
    """Return the ratio of left-out errors to predicted standard deviations, (K,).

    Errors at the samples that the kernel was learned from are too small; only the others are used.
    """
    if len(process.untouched) < _LEAST_TESTED:
        return np.ones_like(process.spread)
    scores: FloatArray = process.left_out[1][process.untouched]
    return np.sqrt((scores**2).mean(axis=0))


def semivalues(process: GaussianProcess, scale: FloatArray) -> Semivalues:
    """Return the Shapley and Banzhaf values of a posterior, with standard deviations times ``scale`` (K,)."""
    return Semivalues(*(_single_values(process, scale, index) for index in ("SV", "BV")))


def _single_values(process: GaussianProcess, scale: FloatArray, index: str) -> SingleValues:
    features = singletons(process.kernel.n)
    covariance, variance = index_covariance(process.kernel, process.masks, features, index, 1)
    variance -= (covariance * process.solve(covariance)).sum(axis=0)
    deviations = np.multiply.outer(np.sqrt(np.maximum(variance, 0.0)), process.spread * scale)
    return SingleValues(process.spread * (covariance.T @ process.weights), deviations)


def _uncertainty(process: GaussianProcess, scale: FloatArray) -> Uncertainty:
    packed = np.packbits(process.masks, axis=1)
    return Uncertainty(process.kernel, process.noise, packed, process.spread * scale)


def with_deviations(
    spectrum: Spectrum, process: GaussianProcess, scale: FloatArray
) -> SpectrumWithDeviations:
    """Return a spectrum with the single values of a process and its deviations times ``scale`` (K,)."""
    return SpectrumWithDeviations(spectrum, semivalues(process, scale), _uncertainty(process, scale))
