"""From the spectra of proxies, one without each fold, to the best of their refits or the proxy itself.

Candidates: the proxy's largest terms as they are, ridge with their magnitudes as prior deviations, and a
relaxed LASSO on these terms and all singletons, which is exact where a function is sparse. A refit is thus
kept only where left-out samples say that it is better.
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
_LEFT_OUT_ENERGY = 1e-6  # share of a proxy's variance that its smallest terms may hold
_ROUNDING = 1e-11  # share of the largest coefficient
_KINDS = ("terms as they are", "ridge refit", "LASSO refit")


@dataclass(frozen=True, eq=False)
class ProxyRefit:
    """The chosen spectrum with K outputs.

    Attributes
    ----------
    spectrum : Spectrum
    out_of_fold : ndarray of float64, shape (m, K)
        Every sample predicted by a model and a choice that did not see its fold; NaN where it has none.
    kind : str
        What was chosen, in words.
    """

    spectrum: Spectrum
    out_of_fold: FloatArray
    kind: str


@dataclass(frozen=True, eq=False)
class _Unchanged:
    """The one candidate that needs no fit: a proxy's own coefficients."""

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
        With K outputs; the f-th has not seen fold f, the last has seen all samples.
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
    """Keep the constant and the terms that hold nearly all the energy, the one that completes it included."""
    energy = np.where(proxy.orders > 0, proxy.energy(), 0.0)
    ranking = np.argsort(-energy, kind="stable")
    left = energy.sum() - np.cumsum(energy[ranking])
    count = int((left > _LEFT_OUT_ENERGY * energy.sum()).sum()) + 1
    rows = ranking[: min(count, _MOST_TERMS)]
    rows = np.sort(np.concatenate([np.flatnonzero(proxy.orders == 0), rows[energy[rows] > 0]]))
    return Spectrum.from_terms(proxy.n, proxy.supports[rows], proxy.coefficients[rows])


def _columns(top: Spectrum) -> tuple[IntArray, FloatArray]:
    """Return the terms but the constant, and all singletons, with the magnitudes of their coefficients."""
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
