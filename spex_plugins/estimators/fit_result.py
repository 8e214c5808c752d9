"""What an estimator finds in samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.gaussian_process.posterior import Uncertainty
from spex_plugins.types import FloatArray

__all__ = ["Fit", "FoldedFit", "SingleValues"]


@dataclass(frozen=True, eq=False)
class SingleValues:
    """Values of single features, estimated by themselves and not read from a spectrum.

    Attributes
    ----------
    values, deviations : ndarray of float64, shape (n,) or (n, K)
        Estimates and their standard deviations.
    """

    values: FloatArray
    deviations: FloatArray


@dataclass(frozen=True, eq=False)
class Fit:
    """What an estimator found.

    Attributes
    ----------
    spectrum : Spectrum
        With K outputs; coefficients (T, K).
    r2 : ndarray of float64, shape (K,)
        Faithfulness on masks that the prediction had not seen.
    r2_source : str
        How `r2` was measured.
    method : str
        What was done with the samples, in words.
    singles : mapping from "SV" or "BV" to SingleValues
        Shapley and Banzhaf values, shape (n, K), of estimators that know them better than a sparse
        spectrum does.
    r2_error : ndarray of float64, shape (K,), or None
        Standard error of `r2`, where it is known.
    process : Uncertainty or Posterior, optional
        How sure estimators with a Gaussian process are; a `Posterior` is the fitted function itself, of which
        the spectrum holds the largest terms.
    """

    spectrum: Spectrum
    r2: FloatArray
    r2_source: str
    method: str
    singles: Mapping[str, SingleValues] = field(default_factory=dict)
    r2_error: FloatArray | None = None
    process: Uncertainty | None = None


@dataclass(frozen=True, eq=False)
class FoldedFit:
    """What an estimator found, and what it says of samples that it had not seen.

    Attributes
    ----------
    spectrum : Spectrum
        With K outputs, of all samples.
    out_of_fold : ndarray of float64, shape (m, K)
        Each sample predicted without its fold, and by choices that its fold took no part in; NaN for
        samples without a fold.
    method : str
        What was done, in words.
    singles : mapping from "SV" or "BV" to SingleValues
    process : Uncertainty, optional
        As in `Fit`.
    """

    spectrum: Spectrum
    out_of_fold: FloatArray
    method: str
    singles: Mapping[str, SingleValues] = field(default_factory=dict)
    process: Uncertainty | None = None
