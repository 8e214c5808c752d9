"""Ridge regression with prior deviations of the columns, as candidates of a cross-validation.

With β_S ~ N(0, d_S²) the penalty of a column is λ β_S² / d_S². With the coefficients of a
proxy as d, its large terms are hardly shrunk, and its many small terms are shrunk without being removed. On
real models this was more accurate than plain ridge regression on the same terms, which overfits if these are
nearly as many as the samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spex_plugins.core.regression.cross_validation import Model
from spex_plugins.core.regression.moments import Moments
from spex_plugins.types import FloatArray, IntArray

__all__ = ["RidgePath"]

_PENALTIES = 10.0 ** np.arange(2.0, -4.5, -0.5)  # for unit mean prior variance


@dataclass(frozen=True, eq=False)
class RidgePath:
    """One candidate for every penalty.

    Attributes
    ----------
    errors : ndarray of float64, shape (penalties, F, K)
    trains : sequence of F + 1 Moments
    columns : sequence of F + 1 ndarray of int
    betas : sequence of F + 1 ndarray of float64, each of shape (penalties, C, K)
    """

    errors: FloatArray
    trains: Sequence[Moments]
    columns: Sequence[IntArray]
    betas: Sequence[FloatArray]

    @classmethod
    def run(
        cls, trains: Sequence[Moments], tests: Sequence[Moments], deviations: Sequence[FloatArray]
    ) -> RidgePath:
        """Fit F + 1 models, each with its own columns, and test F of them.

        Parameters
        ----------
        trains : sequence of F + 1 Moments
            Without each fold, and of all samples.
        tests : sequence of F Moments
        deviations : sequence of F + 1 ndarray, each of shape (T,)
            Prior deviations; 0 for excluded columns.
        """
        columns = [np.flatnonzero(deviation) for deviation in deviations]
        betas = [_solutions(*args) for args in zip(trains, columns, deviations, strict=True)]
        errors = np.stack(
            [
                [test.squared_error(train.intercept(at, beta), at, beta) for beta in solutions]
                for train, test, at, solutions in zip(trains, tests, columns, betas, strict=False)
            ],
            axis=1,
        )
        return cls(errors, trains, columns, betas)

    def model(self, candidate: int, part: int) -> Model:
        """Return the fit of a penalty, see `Candidates`."""
        columns, beta = self.columns[part], self.betas[part][candidate]
        return Model(columns, beta, self.trains[part].intercept(columns, beta))


def _solutions(train: Moments, columns: IntArray, deviations: FloatArray) -> FloatArray:
    """Return the coefficients for every penalty, shape (penalties, C, K)."""
    scale = deviations[columns] / np.sqrt((deviations[columns] ** 2).mean()) if len(columns) else np.zeros(0)
    values, vectors = np.linalg.eigh(train.covariance_xx(columns) * np.multiply.outer(scale, scale))
    target = vectors.T @ (scale[:, None] * train.covariance_xy[columns])
    shrunk = target / (np.maximum(values, 0.0)[:, None] + _PENALTIES[:, None, None])
    return scale[:, None] * (vectors @ shrunk)
