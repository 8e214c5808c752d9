"""The refit of proxies: ridge against its closed form, and the choice between a proxy and its refits."""

from __future__ import annotations

import numpy as np
from games import difference, random_spectrum

from spex_plugins import Spectrum
from spex_plugins.core.basis.characters import characters, pack
from spex_plugins.core.basis.feature_sets import all_of_order
from spex_plugins.core.regression.moments import fold_moments
from spex_plugins.core.regression.proxy_refit import proxy_refit
from spex_plugins.core.regression.ridge import _PENALTIES, RidgePath

N, M, FOLDS = 10, 200, 4


def samples(seed, noise):
    rng = np.random.default_rng(seed)
    truth = random_spectrum(N, 12, 3, rng, outputs=1)
    masks = rng.random((M, N)) < 0.5
    values = truth.predict(masks) + noise * rng.normal(size=(M, 1))
    return truth, masks, values, rng.permutation(M) % FOLDS


def test_ridge_with_deviations_is_the_closed_form():
    _, masks, values, folds = samples(0, 1.0)
    columns = all_of_order(N, 2)
    deviations = np.random.default_rng(1).uniform(0.1, 2.0, len(columns))
    deviations[[3, 7]] = 0
    test, train = fold_moments(masks, values, columns, (folds != 0).astype(int), 2)
    path = RidgePath.run([train, train], [test], [deviations, deviations])
    used = np.flatnonzero(deviations)
    X = characters(pack(masks), columns[used], M).T.astype(float)
    seen, left = folds != 0, folds == 0
    centred = X[seen] - X[seen].mean(axis=0)
    target = values[seen] - values[seen].mean(axis=0)
    spread = deviations[used] ** 2 / (deviations[used] ** 2).mean()
    for at, penalty in enumerate(_PENALTIES):
        system = centred.T @ centred / seen.sum() + penalty * np.diag(1 / spread)
        beta = np.linalg.solve(system, centred.T @ target / seen.sum())
        model = path.model(at, 0)
        np.testing.assert_array_equal(model.columns, used)
        np.testing.assert_allclose(model.beta, beta, atol=1e-8)
        predicted = X[left] @ beta + values[seen].mean(axis=0) - X[seen].mean(axis=0) @ beta
        error = ((values[left] - predicted) ** 2).sum()
        np.testing.assert_allclose(path.errors[at, 0, 0], error, rtol=1e-8)


def test_a_proxy_that_needs_no_refit_is_left_as_it_is():
    """It knows the truth; every refit learns from noise."""
    truth, masks, values, folds = samples(1, 3.0)
    result = proxy_refit(masks, values, [truth] * (FOLDS + 1), folds)
    assert result.kind == "terms as they are"
    assert difference(result.spectrum, truth) < 1e-12
    np.testing.assert_allclose(result.out_of_fold, truth.predict(masks), atol=1e-9)


def test_a_shrunken_proxy_is_refitted_exactly():
    truth, masks, values, folds = samples(2, 0.0)
    result = proxy_refit(masks, values, [0.3 * truth] * (FOLDS + 1), folds)
    assert "refit" in result.kind
    assert difference(result.spectrum, truth) < 1e-9


def test_each_fold_has_its_own_proxy():
    """The last proxy knows the truth, those of the folds nothing: no sample is predicted by the last."""
    truth, masks, values, folds = samples(3, 0.0)
    blank = Spectrum.from_dict(N, {(): [0.0]})
    result = proxy_refit(masks, values, [blank] * FOLDS + [truth], folds)
    predicted = np.full_like(values, np.nan)
    for part in range(FOLDS):
        rest = folds != part
        X = np.column_stack([np.ones(M), 1 - 2.0 * masks])  # singletons are always tried
        predicted[~rest] = X[~rest] @ np.linalg.lstsq(X[rest], values[rest])[0]
    error = ((result.out_of_fold - values) ** 2).sum()
    assert error > 0.7 * ((predicted - values) ** 2).sum()


def test_samples_without_a_fold_are_not_predicted():
    truth, masks, values, folds = samples(4, 0.5)
    folds[:20] = -1
    result = proxy_refit(masks, values, [truth] * (FOLDS + 1), folds)
    np.testing.assert_array_equal(np.isnan(result.out_of_fold[:, 0]), folds == -1)
