"""A fitted function: kernel expansions, waves, conjunctions, and the residuals at the samples.

f(x) = constant + Σ_j k(x, x_j) w_j + Re Σ_l γ_l exp(i θ_l · x) + Σ_l v_l [x meets l] + Σ_S r_S [x = S]

The last sum runs over the samples, which the function interpolates. The weight of a single mask in an index
is up to 1/n, so that residuals at masks of few features, or of nearly all, are not negligible. Every index is
computed from all parts in closed form, and predictions from the same function.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import comb
from typing import Protocol

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.conjunctions import Conjunctions, pack
from spex_plugins.core.basis.indices import checked_order, same_single_values
from spex_plugins.core.basis.masks import checked_masks
from spex_plugins.core.basis.scaling import Scaling, norms
from spex_plugins.core.basis.single_values import SingleValues
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.fitted.expansion import Expansion
from spex_plugins.core.gaussian_process.error_growth import ErrorGrowth
from spex_plugins.core.gaussian_process.mask_weights import (
    independent_variances,
    largest_weight,
    mask_weights,
)
from spex_plugins.core.kernels.cholesky import Factor
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["IndexUncertainty", "StackedFunction", "no_conjunctions"]

_MOST_SETS = 20_000  # sets that are computed if all of them could be: about a second
_SPECTRUM_ORDER, _KEPT = 3, 2000  # of the terms of the spectrum
_IN_TRIPLES = 30  # features of most energy, of which all sets of three are computed
_ROUNDING = 1e-13  # share of the largest coefficient or value
_NEGLIGIBLE = 2.0**-60  # share of the largest value
_BLOCK = 1 << 22  # entries of a matrix of masks and sets in memory at the same time


class IndexUncertainty(Protocol):
    """Posterior standard deviations of an index of a part of a function."""

    def deviations(self, supports: IntArray, index: str, order: int) -> FloatArray:
        """Return the posterior standard deviations at sets (U, d), shape (U, K)."""
        ...

    def known_deviations(self, factor: Factor, supports: IntArray, index: str, order: int) -> FloatArray:
        """Return the same, given the factor of the samples' covariance matrix."""
        ...

    def scaled(self, factor: FloatArray) -> IndexUncertainty:
        """Return the deviations of the values times ``factor`` (K,) or ()."""
        ...

    def of_outputs(self, columns: IntArray) -> IndexUncertainty:
        """Return the deviations of some outputs, ``columns`` of shape (K',)."""
        ...

    def with_noise(self, share: float) -> IndexUncertainty:
        """Return the deviations where a share of what the part does not explain is noise of the values."""
        ...


@dataclass(frozen=True, eq=False)
class StackedFunction:
    """The function of K outputs, or of one if ``scalar``.

    Attributes
    ----------
    n : int
        Number of features.
    at : ndarray of int, shape (n',)
        The features that the parts depend on; the others have no effect.
    constant : ndarray of float64, shape (K,)
    expansions : tuple of Expansion
        `KernelExpansion` and `WaveSum`.
    conjunctions : Conjunctions
    masks : ndarray of bool, shape (m, n')
        The masks of the samples.
    residuals : ndarray of float64, shape (m, K)
        Residuals of the other parts at the samples.
    uncertainties : tuple of IndexUncertainty
        Of independent parts.
    independent : ndarray of float64, shape (2, K)
        Deviations of errors of the odd and of the even part that are independent between pairs of complements
        without a sample. The kernels expect smooth errors, and hardly any of a feature with little effect.
    growth : ErrorGrowth, optional
        How errors grow towards masks of few and of nearly all features, if the samples are not of all sizes.
    terms : Spectrum, optional
        All Fourier coefficients, of all n features; None for a function with more than can be listed.
    shapley : SingleValues, optional
        The Shapley values of all n features with their deviations, if these are known.
    scalar : bool
    """

    n: int
    at: IntArray
    constant: FloatArray
    expansions: tuple[Expansion, ...]
    conjunctions: Conjunctions
    masks: BoolArray
    residuals: FloatArray
    uncertainties: tuple[IndexUncertainty, ...]
    independent: FloatArray
    growth: ErrorGrowth | None = None
    terms: Spectrum | None = None
    shapley: SingleValues | None = None
    scalar: bool = False

    @property
    def output_shape(self) -> tuple[int, ...]:
        """() for a scalar function, (K,) for K outputs."""
        return () if self.scalar else self.constant.shape

    @cached_property
    def spectrum(self) -> Spectrum:
        """The Fourier coefficients with most energy, of all n features; computed when they are asked for."""
        if self.terms is not None:
            return self.terms
        n = len(self.at)
        order = min(_SPECTRUM_ORDER, n)
        supports = sets.combine([sets.all_of_order(n, size) for size in range(min(order, 2) + 1)], n)
        coefficients = self.index(supports, "Fourier", order)
        if order > 2:
            leading = _of_most_energy(supports, coefficients, n)
            triples = leading[sets.all_of_order(len(leading), 3)]
            supports = sets.combine([supports, triples], n)
            coefficients = np.concatenate([coefficients, self.index(triples, "Fourier", order)])
        largest = np.abs(coefficients[1:]).max(axis=0, initial=0.0)
        size = norms(coefficients / np.where(largest > 0, largest, 1.0))
        size[0] = np.inf
        best = np.argsort(-size, kind="stable")[:_KEPT]
        best = np.sort(best[size[best] > _ROUNDING])
        return Spectrum.from_terms(n, supports[best], coefficients[best]).placed(self.at, self.n)

    def predict(self, masks: BoolArray) -> FloatArray:
        """Return the function at masks (l, n), shape (l,) or (l, K): the samples are reproduced."""
        masks = checked_masks(masks, self.n)[:, self.at]
        out = self.constant + self.conjunctions.predict(masks)
        for part in self.expansions:
            out += part.predict(masks)
        asked, found = _keys(self.masks), _keys(masks)
        order = np.argsort(asked)
        place = order[np.minimum(np.searchsorted(asked, found, sorter=order), len(order) - 1)]
        met = asked[place] == found
        out[met] += self.residuals[place[met]]
        return out[:, 0] if self.scalar else out

    def convert(self, index: str, order: int) -> tuple[IntArray, FloatArray]:
        """Return the values of an index, as `Spectrum.convert` does; the arrays are read-only.

        All sets of up to ``order`` features have a value if `lists_all`, else those that the leading Fourier
        coefficients contribute to; those whose values are rounding errors are left out. The values are kept:
        with a thousand features and thousands of samples they take seconds, and a result is read many times.
        """
        order = checked_order(index, order) or order
        if (index, order) not in self._converted:
            found = self._convert(index, order)
            for array in found:
                array.flags.writeable = False
            self._converted[index, order] = found
        return self._converted[index, order]

    @cached_property
    def _converted(self) -> dict[tuple[str, int], tuple[IntArray, FloatArray]]:
        """What `convert` has returned, by its arguments."""
        return {}

    def lists_all(self, order: int) -> bool:
        """Whether `convert` returns the values of all sets of up to ``order`` features."""
        n = len(self.at)
        return sum(comb(n, size) for size in range(min(order, n) + 1)) <= _MOST_SETS

    def _convert(self, index: str, order: int) -> tuple[IntArray, FloatArray]:
        n = len(self.at)
        if self.lists_all(order):
            orders = range(min(order, n) + 1)
            supports = sets.combine([sets.all_of_order(n, size) for size in orders], n)
        else:
            supports = self._own(self.spectrum.convert(index, order)[0])
        values = self.index(supports, index, order)
        size = np.abs(values.reshape(len(values), -1)).max(axis=1, initial=0.0)
        largest = size[sets.orders_of(supports, n) > 0].max(initial=0.0)  # the constant may be far larger
        listed = size > _ROUNDING * largest
        at = np.append(self.at, self.n).astype(np.int32)
        return np.sort(at[supports[listed]], axis=1), values[listed]

    def index(self, supports: IntArray, index: str, order: int) -> FloatArray:
        """Return an index of distinct sets (U, d) of the n' features, shape (U,) or (U, K)."""
        values = sets.looked_up(supports, *self.conjunctions.index(index, order), len(self.at))
        for part in self.expansions:
            values += part.index(supports, index, order)
        values[sets.orders_of(supports, len(self.at)) == 0] += self.constant
        largest = largest_weight(supports, len(self.at), index, order) * np.abs(self.residuals).sum()
        if largest > _NEGLIGIBLE * np.abs(values).max(initial=0.0):  # uniform weights are 2^-n
            step = max(1, _BLOCK // len(self.masks))
            for start in range(0, len(supports), step):
                block = slice(start, start + step)
                values[block] += mask_weights(self.masks, supports[block], index, order).T @ self.residuals
        return values[:, 0] if self.scalar else values

    def values_at(self, supports: IntArray, index: str, order: int) -> FloatArray:
        """Return an index of distinct sets (U, d) of the n features, shape (U,) or (U, K)."""
        rows = self._own(supports)
        out = np.zeros((len(rows), len(self.constant)))
        known = (rows >= 0).all(axis=1)
        out[known] = self.index(rows[known], index, order).reshape(-1, len(self.constant))
        return out[:, 0] if self.scalar else out

    def deviations(self, supports: IntArray, index: str, order: int) -> FloatArray:
        """Return the standard deviations of an index at distinct sets (U, d), shape (U,) or (U, K)."""
        rows = self._own(supports)
        out = np.zeros((len(rows), len(self.constant)))
        known = (rows >= 0).all(axis=1)
        for uncertainty in self.uncertainties:
            out[known] = np.hypot(out[known], uncertainty.deviations(rows[known], index, order))
        out[known] = np.hypot(out[known], self.independent_deviations(rows[known], index, order))
        out[known] *= self.growth_factors(rows[known], index, order)[:, None]
        return out[:, 0] if self.scalar else out

    def independent_deviations(self, supports: IntArray, index: str, order: int) -> FloatArray:
        """Return the share of `independent` errors in the deviations of sets of the n' features, (U, K)."""
        if not self.independent.any():
            return np.zeros((len(supports), len(self.constant)))
        roots = np.sqrt(independent_variances(self.masks, supports, index, order))
        odd, even = (np.multiply.outer(*part) for part in zip(roots, self.independent, strict=True))
        total: FloatArray = np.hypot(odd, even)
        return total

    def growth_factors(self, supports: IntArray, index: str, order: int) -> FloatArray:
        """Return the factors of the deviations by `growth` of sets of the n' features, (U,)."""
        if self.growth is None:
            return np.ones(len(supports))
        return self.growth.factors(sets.orders_of(supports, len(self.at)), index, order)

    def _own(self, supports: IntArray) -> IntArray:
        """Return sets (U, d) of the n features as sets of the n', with −1 for features of no effect."""
        own = np.full(self.n + 1, -1, dtype=np.int32)
        own[self.at] = np.arange(len(self.at))
        own[self.n] = len(self.at)
        return np.sort(own[supports], axis=1)

    def plus(self, more: Conjunctions) -> StackedFunction:
        """Return the sum with further conjunctions of the n' features."""
        own = self.conjunctions
        n, width = own.n, max(own.features.shape[1], more.features.shape[1])
        kept = [np.pad(part.kept, ((0, 0), (0, width - part.kept.shape[1]))) for part in (own, more)]
        features = sets.combine([own.features, more.features], n)
        values = np.concatenate([own.values, more.values])
        return replace(self, conjunctions=Conjunctions(n, features, np.concatenate(kept), values))

    def single_values(self, index: str) -> SingleValues:
        """Return the values of all n features in an index of order 1, and their deviations."""
        if self.shapley is not None and same_single_values(index, "SV"):
            return self.shapley
        features = sets.singletons(len(self.at))
        values = np.zeros((self.n, *(() if self.scalar else (len(self.constant),))))
        deviations = np.zeros_like(values)
        values[self.at] = self.index(features, index, 1)
        deviations[self.at] = self.deviations(np.asarray(self.at)[:, None], index, 1)
        return SingleValues(values, deviations)

    def output(self, columns: int | IntArray) -> StackedFunction:
        """Return one of K outputs, or several."""
        some = np.atleast_1d(columns)
        conjunctions = replace(self.conjunctions, values=self.conjunctions.values[:, some])
        return replace(
            self,
            constant=self.constant[some],
            expansions=tuple(part.output(some) for part in self.expansions),
            conjunctions=conjunctions,
            residuals=self.residuals[:, some],
            uncertainties=tuple(uncertainty.of_outputs(some) for uncertainty in self.uncertainties),
            independent=self.independent[:, some],
            terms=self.terms and self.terms.output(columns),
            shapley=self.shapley and self.shapley.output(columns),
            scalar=np.ndim(columns) == 0,
        )

    def rescaled(self, scaling: Scaling) -> StackedFunction:
        """Return the function of the values before scaling."""
        factor = scaling.factor
        conjunctions = replace(self.conjunctions, values=self.conjunctions.values * factor)
        return replace(
            self,
            constant=self.constant * factor + scaling.centre,
            expansions=tuple(part.scaled(factor) for part in self.expansions),
            conjunctions=conjunctions,
            residuals=self.residuals * factor,
            uncertainties=tuple(uncertainty.scaled(factor) for uncertainty in self.uncertainties),
            independent=self.independent * np.abs(factor),
            terms=self.terms and self.terms.rescaled(scaling),
            shapley=self.shapley and self.shapley.scaled(factor),
        )

    def with_noise(self, share: FloatArray) -> StackedFunction:
        """Return the function where a share (K,) of the squared residuals is noise of the samples.

        What is left of a residual is its expectation, given independent normal parts. The values at the empty
        and the full mask are kept.
        """
        kept = self.masks.sum(axis=1)
        inner = ((kept > 0) & (kept < self.masks.shape[1]))[:, None]
        return replace(
            self,
            residuals=self.residuals * (1 - inner * share),
            uncertainties=tuple(part.with_noise(float(share.mean())) for part in self.uncertainties),
            independent=self.independent * np.sqrt(1 - share),
            terms=None,
            shapley=None,
        )

    def placed(self, at: IntArray, n: int) -> StackedFunction:
        """Return the function of n features, of which those not in ``at`` have no effect."""
        return replace(
            self,
            n=n,
            at=np.asarray(at)[self.at],
            terms=self.terms and self.terms.placed(at, n),
            shapley=self.shapley and self.shapley.placed(at, n),
        )


def _of_most_energy(supports: IntArray, coefficients: FloatArray, n: int) -> IntArray:
    """Return the features whose sets (U, d) have most energy of coefficients (U,) or (U, K), ascending."""
    energy = np.zeros(n + 1)
    np.add.at(energy, supports, (coefficients.reshape(len(supports), -1) ** 2).sum(axis=1)[:, None])
    return np.sort(np.argsort(-energy[:n], kind="stable")[:_IN_TRIPLES]).astype(np.int32)


def _keys(masks: BoolArray) -> np.ndarray:
    words = pack(masks)
    return words[:, 0] if words.shape[1] == 1 else words.view(f"V{8 * words.shape[1]}")[:, 0]


def no_conjunctions(n: int, outputs: int) -> Conjunctions:
    """Return the function 0."""
    empty = np.empty((0, 0), dtype=np.int32)
    return Conjunctions(n, empty, np.empty((0, 0), dtype=bool), np.zeros((0, outputs)))
