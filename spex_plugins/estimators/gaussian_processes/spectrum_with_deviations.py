"""A spectrum with the single values and the deviations of a Gaussian process."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.basis.feature_sets import singletons
from spex_plugins.core.basis.fitted_function import SpectrumWithDeviations
from spex_plugins.core.basis.single_values import Semivalues, SingleValues
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.gaussian_process.conditioning import GaussianProcess, inner
from spex_plugins.core.gaussian_process.error_growth import ErrorGrowth
from spex_plugins.core.gaussian_process.posterior_index import index_covariance
from spex_plugins.core.gaussian_process.uncertainty import Uncertainty
from spex_plugins.types import FloatArray

__all__ = ["calibration", "error_growth", "with_deviations"]

_LEAST_TESTED = 8  # fewer masks are not enough for a measurement


def calibration(process: GaussianProcess) -> FloatArray:
    """Return the ratio of left-out errors to predicted standard deviations, (K,).

    Errors at the samples that the kernel was learned from are too small; only the others are used.
    """
    if len(process.untouched) < _LEAST_TESTED:
        return np.ones_like(process.spread)
    scores: FloatArray = process.left_out[1][process.untouched]
    return np.sqrt((scores**2).mean(axis=0))


def error_growth(process: GaussianProcess) -> ErrorGrowth:
    """Return how errors grow towards the end points, by the samples that the kernel was not learned from."""
    kept = process.masks.sum(axis=1)
    tested = np.append(process.untouched, np.flatnonzero(~inner(process.masks)))
    squares, least = (process.left_out[1][tested] ** 2).mean(axis=1), process.kernel.n + 1
    counts = np.bincount(kept, minlength=least)
    calibrated = np.bincount(kept[process.untouched], minlength=least).astype(np.float64)
    few = len(process.untouched) < _LEAST_TESTED
    return ErrorGrowth.learned(kept[tested], squares, counts, None if few else calibrated)


def _single_values(
    process: GaussianProcess, scale: FloatArray, growth: ErrorGrowth, index: str
) -> SingleValues:
    features = singletons(process.kernel.n)
    covariance, variance = index_covariance(process.kernel, process.masks, features, index, 1)
    variance -= (covariance * process.solve(covariance)).sum(axis=0)
    stated = np.sqrt(np.maximum(variance, 0.0)) * growth.factors(np.ones(len(features), dtype=int), index, 1)
    values = process.spread * (covariance.T @ process.weights)
    return SingleValues(values, np.multiply.outer(stated, process.spread * scale))


def with_deviations(
    spectrum: Spectrum, process: GaussianProcess, tested: GaussianProcess
) -> SpectrumWithDeviations:
    """Return a spectrum with the single values of a process and its deviations.

    Of ``tested``, whose kernel was learned from fewer samples, the errors at the others are measured.
    """
    scale, growth = calibration(tested), error_growth(tested)
    semivalues = Semivalues(*(_single_values(process, scale, growth, index) for index in ("SV", "BV")))
    packed = np.packbits(process.masks, axis=1)
    uncertainty = Uncertainty(process.kernel, process.noise, packed, process.spread * scale, growth)
    return SpectrumWithDeviations(spectrum, semivalues, uncertainty)
