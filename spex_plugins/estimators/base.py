"""What an estimator is: it chooses masks for a budget, and turns (masks, values) into a spectrum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from spex_plugins.core.design import Design
from spex_plugins.core.fitted.stacked import StackedFunction
from spex_plugins.core.posterior import Uncertainty
from spex_plugins.core.spectrum import Spectrum
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Estimator", "Fit", "FoldedEstimator", "FoldedFit", "SingleValues"]


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
    process: Uncertainty | StackedFunction | None = None


class Estimator(Protocol):
    """One way from samples to a spectrum."""

    name: str

    def design(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        """Choose at most ``budget`` distinct masks."""
        ...

    def fit(
        self,
        masks: BoolArray,
        values: FloatArray,
        *,
        design: Design | None,
        max_order: int | None,
        rng: np.random.Generator,
    ) -> Fit:
        """Fit masks (m, n), values (m, K); ``design`` is given when the masks are its masks, in order."""
        ...


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


class FoldedEstimator(Estimator, Protocol):
    """An estimator that can be combined with others, for which they must be tried on the same folds."""

    def fit_folds(
        self,
        masks: BoolArray,
        values: FloatArray,
        folds: IntArray,
        *,
        found: Sequence[IntArray],
        max_order: int | None,
        rng: np.random.Generator,
    ) -> FoldedFit:
        """Fit masks (m, n) and values (m, K).

        Parameters
        ----------
        folds : ndarray of int, shape (m,)
            0 … F − 1, or −1 to be always trained on.
        found : sequence of F + 1 ndarray of int, each of shape (T, d)
            Sets that were decoded without each fold, and from all samples.
        """
        ...
