"""Additive functions fitted to uniform masks by scikit-learn: Banzhaf values by ridge, and LASSO."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.comparison.methods.library_calls import library, seeded
from spex_plugins.comparison.methods.method import Kind, Method, Surrogate
from spex_plugins.comparison.methods.sums import additive

if TYPE_CHECKING:
    from spex_plugins.comparison.calls.counted_game import CountedGame
    from spex_plugins.core.basis.spectrum import Spectrum
    from spex_plugins.types import BoolArray, FloatArray

__all__ = ["Regression", "fit_lasso", "fit_ridge", "lime_masks"]

_FOLDS = 5


class Regression(Method):
    """A regression on the signs of uniform masks, whose coefficients are Banzhaf values up to shrinkage.

    Parameters
    ----------
    name : str
        Name in the report.
    fit : callable
        From masks (m, n) and values (m,) to an additive function.
    """

    kind: Kind = "marginal"
    asks = True

    def __init__(self, name: str, fit: Callable[[BoolArray, FloatArray], Spectrum]) -> None:
        self.name, self._fit = name, fit

    def least(self, n: int) -> int:
        """Return two masks for each fold of the cross-validation, or all that there are."""
        return min(2 * _FOLDS, 2**n)

    def explain(self, game: CountedGame, budget: int, seed: int) -> Surrogate:
        """Fit to as many distinct uniform masks as the budget allows."""
        masks = game.uniform_masks(budget, seed)
        values = game(masks)
        with seeded(seed):
            return Surrogate(self._fit(masks, values), "BV")


def fit_ridge(masks: BoolArray, values: FloatArray) -> Spectrum:
    """Fit ridge regression, its penalty chosen by cross-validation in five folds."""
    if len(masks) < 2 * _FOLDS:
        return _without_penalty(masks, values)
    # Leaving one out, without cv, gives wrong coefficients of orthogonal columns with scikit-learn 1.7.
    fitted = _linear_models().RidgeCV(alphas=np.logspace(-2, 4, 25), cv=_FOLDS).fit(_signs(masks), values)
    return _from_signs(fitted)


def fit_lasso(masks: BoolArray, values: FloatArray) -> Spectrum:
    """Fit LASSO, its penalty chosen by cross-validation in five folds."""
    if len(masks) < 2 * _FOLDS:
        return _without_penalty(masks, values)
    fitted = _linear_models().LassoCV(cv=_FOLDS, alphas=50).fit(_signs(masks), values)
    return _from_signs(fitted)


def _without_penalty(masks: BoolArray, values: FloatArray) -> Spectrum:
    """Fit by least squares where the masks are too few to choose a penalty, such as all of three features."""
    return _from_signs(_linear_models().LinearRegression().fit(_signs(masks), values))


def lime_masks(n: int, count: int, rng: np.random.Generator) -> BoolArray:
    """Draw masks as LIME does for texts: 1 to n hidden, every number equally often; the first is full."""
    hidden = rng.integers(1, n + 1, size=count)
    masks = rng.random((count, n)).argsort(axis=1) >= hidden[:, None]
    masks[0] = True
    return masks


def _linear_models() -> Any:
    return library("sklearn.linear_model", "scikit-learn", '"spex-plugins[compare]"')


def _signs(masks: BoolArray) -> FloatArray:
    return np.where(masks, 1.0, -1.0)


def _from_signs(fitted: Any) -> Spectrum:
    return additive(2 * fitted.coef_, float(fitted.intercept_ - fitted.coef_.sum()))
