"""An estimator that learns the difference of a function from a cheap one that resembles it."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np

from spex_plugins.core.basis.fitted_function import FittedFunction
from spex_plugins.core.basis.scaling import Scaling
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.designs.design import Design
from spex_plugins.core.fitted.stacked import StackedFunction
from spex_plugins.core.fitted.summed import SummedFunction
from spex_plugins.estimators.base import Estimator
from spex_plugins.estimators.common.fit_result import Fit
from spex_plugins.estimators.common.held_out import measured
from spex_plugins.estimators.kernel_stack.unseen import unseen_weights
from spex_plugins.estimators.wrappers.wrapped import Wrapped
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["WithSurrogate"]

_ROUNDING = 1e-20  # share of the variance
_CLEAR = 0.2  # share of the variance that a surrogate leaves, below which it helps where R² is not known


class WithSurrogate(Wrapped):
    """Fit f(x) = a·g(x) + h(x), where g is known, by an estimator of h; or f alone, if that predicts better.

    Both are fitted, for every output, and the one with the smaller error on left-out masks is taken, so that
    a surrogate that does not resemble the function costs time only.

    Parameters
    ----------
    estimator : Estimator
        Chooses the masks and fits the difference.
    surrogate : FittedFunction
        g, of one output or as many as the function; it is not used (`UserWarning`) where it has others.
    index : str, optional
        What will be read: errors are weighted as the index weighs masks.
    """

    def __init__(self, estimator: Estimator, surrogate: FittedFunction, index: str | None = None) -> None:
        super().__init__(estimator)
        self.surrogate, self.index = surrogate, index
        self.about = f"{estimator.about}; of the difference from a surrogate, where that is predicted better"

    def reading(self, index: str | None) -> WithSurrogate:  # numpydoc ignore=PR01,RT01
        """Return the estimator for another index."""
        if index is None:
            return self
        return WithSurrogate(self.estimator.reading(index), self.surrogate, index)

    def fit_samples(  # numpydoc ignore=PR01,RT01
        self,
        masks: BoolArray,
        values: FloatArray,
        *,
        design: Design | None,
        max_order: int | None,
        rng: np.random.Generator,
    ) -> Fit:
        """Fit masks (m, n) and values (m, K), with and without the surrogate."""
        outputs = values.shape[1]
        own = _n_outputs(self.surrogate)
        if own not in (1, outputs):  # known from the first answers on only: they are kept
            warnings.warn(
                f"surrogate: has {own} outputs and the value function {outputs}, so that it is not used; "
                "give one with the same outputs, or with a single one.",
                stacklevel=2,
            )
            return self.estimator.fit(masks, values, design=design, max_order=max_order, rng=rng)
        given = _of_outputs(self.surrogate, outputs)
        about = given.predict(masks)
        weights = unseen_weights(masks, self.index or "BV")
        slope, share = _slope(about, values, weights[:, None])

        def fitted(scale: FloatArray) -> Fit:
            left = values - scale * about
            return self.estimator.fit(masks, left, design=design, max_order=max_order, rng=rng)

        alone, beside = fitted(np.zeros(outputs)), fitted(slope)
        unknown = np.isnan(alone.r2)  # of few masks; the surrogate is worth two of them
        helps = np.where(unknown, share < _CLEAR, _unexplained(share, beside) < 1 - alone.r2)
        if not helps.any():
            return replace(alone, method=f"{alone.method}; not of the difference from the surrogate")
        if not helps.all():
            slope, share = np.where(helps, slope, 0.0), np.where(helps, share, 1.0)
            beside = fitted(slope)
        function = SummedFunction(given.rescaled(Scaling(np.zeros(outputs), slope)), beside.function)
        method = (
            f"{beside.method}; of the difference from the surrogate (R² without it {alone.r2.mean():.3f})"
        )
        met = share <= _ROUNDING
        error = np.full(outputs, np.nan) if beside.r2_error is None else share * beside.r2_error
        tested = np.where((weights > 0)[:, None], values, np.nan)  # where it meets all, what it predicts
        r2, known, source = measured(masks, values, tested, "the surrogate meets all values", weights)
        r2 = np.where(met, r2, 1 - _unexplained(share, beside))
        error = np.where(met, known, error)
        return Fit(function, r2, source if met.all() else beside.r2_source, method, error)


def _n_outputs(function: FittedFunction) -> int:
    return function.output_shape[0] if function.output_shape else 1


def _of_outputs(function: FittedFunction, outputs: int) -> FittedFunction:
    """Return a function of K outputs; each is the one output of the function, if it has one only."""
    many = _n_outputs(function) == outputs
    columns = np.arange(outputs) if many else np.zeros(outputs, dtype=np.intp)
    if isinstance(function, SummedFunction):
        parts = (_of_outputs(part, outputs) for part in (function.known, function.estimated))
        return SummedFunction(*parts)
    if isinstance(function, StackedFunction):
        terms = function.terms and _columns(function.terms, columns)
        return replace(replace(function, terms=None, shapley=None).output(columns), terms=terms)
    return _columns(function.spectrum, columns)


def _columns(spectrum: Spectrum, columns: IntArray) -> Spectrum:
    outputs = spectrum.output_shape or (1,)
    coefficients = spectrum.coefficients.reshape(len(spectrum), *outputs)
    return Spectrum(spectrum.n, spectrum.supports, coefficients[:, columns])


def _unexplained(share: FloatArray, fit: Fit) -> FloatArray:
    """Return the unexplained share of the variance, where the fit is of a part with a share of it, (K,)."""
    return np.where(share > _ROUNDING, share * (1 - fit.r2), 0.0)


def _slope(about: FloatArray, values: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return a (K,) of values = a·about + rest by least squares, and the rest's share of the variance.

    The share is that expected of other masks, of which slope and mean are not fitted; two masks tell nothing.
    """
    total = weights.sum()
    off, target = (x - (weights * x).sum(axis=0) / total for x in (about, values))
    size, spread = (weights * off**2).sum(axis=0), (weights * target**2).sum(axis=0)
    slope = (weights * off * target).sum(axis=0) / np.where(size > 0, size, np.inf)
    left = (weights * (target - slope * off) ** 2).sum(axis=0)
    seen = int((weights > 0).sum())
    share: FloatArray = left / np.where(spread > 0, spread, 1.0)
    return slope, share * (seen - 1) / (seen - 2) if seen > 2 else np.ones_like(share)
