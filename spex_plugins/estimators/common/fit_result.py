"""Results of estimators."""

from __future__ import annotations

from dataclasses import dataclass

from spex_plugins.core.basis.fitted_function import FittedFunction
from spex_plugins.types import FloatArray

__all__ = ["Fit", "FoldedFit"]


@dataclass(frozen=True, eq=False)
class Fit:
    """The result of an estimator.

    Attributes
    ----------
    function : FittedFunction
        The fitted function with K outputs: a `Spectrum`, or a function with standard deviations.
    r2 : ndarray of float64, shape (K,)
        Coefficient of determination R² on masks that the prediction was not fitted to.
    r2_source : str
        How `r2` was measured.
    method : str
        Description of the fit.
    r2_error : ndarray of float64, shape (K,), or None
        Standard error of `r2`, if it is known.
    """

    function: FittedFunction
    r2: FloatArray
    r2_source: str
    method: str
    r2_error: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class FoldedFit:
    """The result of a cross-validated estimator: a function, and out-of-fold predictions.

    Attributes
    ----------
    function : FittedFunction
        With K outputs, fitted to all samples.
    out_of_fold : ndarray of float64, shape (m, K)
        Prediction of each sample by a function that was fitted, and whose settings were chosen, without its
        fold; NaN for samples without a fold. In the unit of the values.
    method : str
        Description of the fit.
    """

    function: FittedFunction
    out_of_fold: FloatArray
    method: str
