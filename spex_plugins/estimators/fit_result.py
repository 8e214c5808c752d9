"""What an estimator finds in samples."""

from __future__ import annotations

from dataclasses import dataclass

from spex_plugins.core.basis.fitted_function import FittedFunction
from spex_plugins.types import FloatArray

__all__ = ["Fit", "FoldedFit"]


@dataclass(frozen=True, eq=False)
class Fit:
    """What an estimator found.

    Attributes
    ----------
    function : FittedFunction
        With K outputs: a `Spectrum`, or what knows more than one.
    r2 : ndarray of float64, shape (K,)
        Faithfulness on masks that the prediction had not seen.
    r2_source : str
        How `r2` was measured.
    method : str
        What was done with the samples, in words.
    r2_error : ndarray of float64, shape (K,), or None
        Standard error of `r2`, where it is known.
    """

    function: FittedFunction
    r2: FloatArray
    r2_source: str
    method: str
    r2_error: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class FoldedFit:
    """What an estimator found, and what it says of samples that it had not seen.

    Attributes
    ----------
    function : FittedFunction
        With K outputs, fitted to all samples.
    out_of_fold : ndarray of float64, shape (m, K)
        Each sample predicted without its fold, and by choices that its fold took no part in; NaN for
        samples without a fold.
    method : str
        What was done, in words.
    """

    function: FittedFunction
    out_of_fold: FloatArray
    method: str
