"""Refits of the spectra of proxies, one without each fold, and the choice of the best.

Candidates: the proxy's largest terms unchanged, ridge with their magnitudes as prior deviations, and a
relaxed LASSO on these terms and all singletons, which is exact for sparse functions. A refit is used
only if it predicts left-out samples better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.regression.cross_validation import Candidates, Model, SparsePath, honest_choices
from spex_plugins.core.regression.moments import Moments, fold_moments
from spex_plugins.core.regression.ridge import RidgePath
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["ProxyRefit", "proxy_refit"]

_MOST_TERMS = 1000
_LEFT_OUT_ENERGY = 1e-6  # largest share of a proxy's variance that is omitted
_ROUNDING = 1e-11  # relative to the largest coefficient
_KINDS = ("terms as they are", "ridge refit", "LASSO refit")


@dataclass(frozen=True, eq=False)
class ProxyRefit:
    """The chosen spectrum with K outputs.

    Attributes
    ----------
    spectrum : Spectrum
    out_of_fold : ndarray of float64, shape (m, K)
        Predictions of every sample by a model and a choice without its fold; NaN if it has none.
    kind : str
        Description of the choice.
    """

    spectrum: Spectrum
    out_of_fold: FloatArray
    kind: str


@dataclass(frozen=True, eq=False)
class _Unchanged:
    """The candidate without a fit: the coefficients of the proxy."""

    errors: FloatArray
    models: Sequence[Model]

    def model(self, candidate: int, part: int) -> Model:
        return self.models[part]


def proxy_refit(
    masks: BoolArray, values: FloatArray, proxies: Sequence[Spectrum], folds: IntArray
) -> ProxyRefit:
    """Choose and fit.

    Parameters
    ----------
    masks : ndarray of bool, shape (m, n)
    values : ndarray of float, shape (m, K)
        The outputs should have variances near 1, as they share the choice.
    proxies : sequence of F + 1 Spectrum
        With K outputs; the f-th is trained without fold f, the last on all samples.
    folds : ndarray of int, shape (m,)
        0 … F − 1; −1 for samples that are never left out.
    """
    n_folds = len(proxies) - 1
    tops = [_largest(proxy) for proxy in proxies]
    supports, weights, deviations, trains, tests = [], [], [], [], []
    for part, top in enumerate(tops):
        rows, scale = _columns(top)
        out, kept = fold_moments(masks, values, rows, (folds != part).astype(int), 2)
        supports.append(rows)
        deviations.append(scale)
        weights.append(sets.orders_of(rows, masks.shape[1]).astype(np.float64))
        if part < n_folds:
            trains.append(kept)
            tests.append(out)
        else:
            trains.append(kept + out)
    rivals: list[Candidates] = [
        _unchanged(tops, supports, tests),
        RidgePath.run(trains, tests, deviations),
        SparsePath.run(trains, tests, weights),
    ]
    ends = np.cumsum([len(rival.errors) for rival in rivals])
    choice, choices = honest_choices(np.concatenate([rival.errors for rival in rivals]))

    def chosen(candidate: int, part: int) -> tuple[Spectrum, str]:
        kind = int(np.searchsorted(ends, candidate, side="right"))
        fit = rivals[kind].model(candidate - int(ends[kind]) + len(rivals[kind].errors), part)
        return _spectrum(fit, supports[part], masks.shape[1]), _KINDS[kind]

    out_of_fold = np.full(values.shape, np.nan)
    for part, candidate in enumerate(choices):
        at = folds == part
        out_of_fold[at] = chosen(candidate, part)[0].predict(masks[at])
    return ProxyRefit(chosen(choice, -1)[0], out_of_fold, chosen(choice, -1)[1])


def _largest(proxy: Spectrum) -> Spectrum:
    """Keep the constant and the largest terms up to the required share of the energy."""
    energy = np.where(proxy.orders > 0, proxy.energy(), 0.0)
    ranking = np.argsort(-energy, kind="stable")
    left = energy.sum() - np.cumsum(energy[ranking])
    count = int((left > _LEFT_OUT_ENERGY * energy.sum()).sum()) + 1
    rows = ranking[: min(count, _MOST_TERMS)]
    rows = np.sort(np.concatenate([np.flatnonzero(proxy.orders == 0), rows[energy[rows] > 0]]))
    return Spectrum.from_terms(proxy.n, proxy.supports[rows], proxy.coefficients[rows])


def _columns(top: Spectrum) -> tuple[IntArray, FloatArray]:
    """Return all terms except the constant, and all singletons, with the magnitudes of their coefficients."""
    rows = np.flatnonzero(top.orders > 0)
    supports = sets.combine([top.supports[rows], sets.singletons(top.n)], top.n)
    magnitude = np.sqrt(np.concatenate([top.energy()[rows], np.zeros(top.n)]))
    return sets.merge(supports, magnitude, top.n)


def _unchanged(
    tops: Sequence[Spectrum], supports: Sequence[IntArray], tests: Sequence[Moments]
) -> _Unchanged:
    models = []
    for top, rows in zip(tops, supports, strict=True):
        n, outputs = top.n, top.output_shape
        inner = np.flatnonzero(top.orders > 0)
        zeros = np.zeros((len(rows), *outputs))
        _, beta = sets.merge(
            sets.combine([rows, top.supports[inner]], n), np.concatenate([zeros, top.coefficients[inner]]), n
        )
        constant = top.coefficients[top.orders == 0].sum(axis=0)
        columns = np.flatnonzero(beta.any(axis=1))
        models.append(Model(columns, beta[columns], constant))
    errors = [
        test.squared_error(model.intercept, model.columns, model.beta)
        for test, model in zip(tests, models, strict=False)
    ]
    return _Unchanged(np.stack(errors)[None], models)


def _spectrum(fit: Model, supports: IntArray, n: int) -> Spectrum:
    rows = np.concatenate([np.full((1, supports.shape[1]), n, dtype=np.int32), supports[fit.columns]])
    coefficients = np.concatenate([fit.intercept[None], fit.beta])
    present = (np.abs(coefficients) > _ROUNDING * np.abs(coefficients).max(axis=0)).any(axis=1)
    return Spectrum.from_terms(n, rows[present], coefficients[present])
