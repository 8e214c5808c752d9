"""ProxySPEX: the published failings of other implementations are tests here."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from games import difference, random_spectrum
from numpy.testing import assert_allclose
from oracles import all_masks, fourier

import spex_plugins as spex
from spex_plugins.core.regression.cross_validation import honest_choices
from spex_plugins.estimators import ProxySpex
from spex_plugins.estimators.common.folds import assign_folds

pytest.importorskip("lightgbm")


def explained(function, n, budget, **settings):
    return spex.explain(function, n, budget=budget, estimator="proxyspex", progress=False, **settings)


def network(n, seed):
    """A smooth function without structure that any estimator would know of."""
    rng = np.random.default_rng(seed)
    inner, outer = rng.normal(size=(n, 24)) / np.sqrt(n), rng.normal(size=24)
    return lambda masks: np.tanh(2 * (masks - 0.4) @ inner) @ outer


@pytest.fixture(scope="module")
def breast_cancer():
    """A real network on a real table: 30 columns, masked by another row."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.neural_network import MLPClassifier

    X, y = load_breast_cancer(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    model = MLPClassifier((32, 16), random_state=0, max_iter=60, early_stopping=True).fit(X[:400], y[:400])
    rng = np.random.default_rng(0)
    masks = rng.random((2600, 30)) < 0.5
    odds = model.predict_proba(np.where(masks, X[401], X[7]))
    return masks, np.log(odds[:, 1] / odds[:, 0])


@pytest.mark.slow
@pytest.mark.parametrize("constant", [0.0, 10.0, -1e4])
def test_a_dominant_term_is_kept(constant):
    """A strict threshold at 95 % of the energy loses x0 in 10 + 2 x0, and crashes on 2 x0."""
    found = explained(lambda masks: constant + 2.0 * masks[:, 0], 20, 200)
    assert_allclose(found.spectrum.as_dict()[0,], -1.0, atol=1e-9)
    assert_allclose(found.spectrum.as_dict()[()], constant + 1.0, rtol=1e-9)
    assert len(found.spectrum) == 2
    assert found.r2 == pytest.approx(1.0, abs=1e-9)


@pytest.mark.slow
def test_a_sparse_function_is_exact_by_the_refit():
    truth = random_spectrum(20, 5, 2, np.random.default_rng(1))
    found = explained(truth.predict, 20, 300)
    assert "LASSO refit" in found.plan
    assert difference(found.spectrum, truth) < 1e-9


@pytest.mark.slow
def test_silence(capfd):
    """Other implementations print thousands of warnings of LightGBM."""
    found = explained(lambda masks: 1.0 * masks[:, 0], 4, 15)
    explained(network(10, 0), 10, 200)
    assert found.n_calls == 15
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_the_same_seed_gives_the_same_answer():
    function = network(15, 0)
    one, two, other = (explained(function, 15, 150, seed=seed) for seed in (4, 4, 5))
    np.testing.assert_array_equal(one.spectrum.supports, two.spectrum.supports)
    np.testing.assert_array_equal(one.spectrum.coefficients, two.spectrum.coefficients)
    assert one.r2 == two.r2 != other.r2


def test_all_masks_are_exact():
    function = network(6, 0)
    found = explained(function, 6, 1000)
    assert found.n_calls == 64
    truth = fourier(function(all_masks(6)))
    for features, value in truth.items():
        assert found.spectrum.as_dict()[features] == pytest.approx(value, abs=1e-12)


@pytest.mark.slow
def test_faithful_to_a_real_network_and_honest_about_it(breast_cancer):
    masks, values = breast_cancer
    scores = {}
    for estimator in ("proxyspex", "spex"):
        found = spex.fit(masks[:600], values[:600], estimator=estimator, max_order=None)
        error = ((found.predict(masks[600:]) - values[600:]) ** 2).mean()
        scores[estimator] = 1 - error / values[600:].var()
        assert found.r2 == pytest.approx(scores[estimator], abs=0.05)
    assert scores["proxyspex"] > scores["spex"] - 0.01
    assert scores["proxyspex"] > 0.8


@pytest.mark.slow
def test_noise_earns_no_credit():
    scores = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        found = spex.fit(rng.random((200, 20)) < 0.5, rng.normal(size=200), estimator="proxyspex")
        scores.append(float(found.r2))
    assert max(scores) < 0.1
    assert np.mean(scores) < 0.02


@pytest.mark.slow
def test_outputs_are_fitted_beside_each_other():
    truth = random_spectrum(12, 4, 2, np.random.default_rng(0), outputs=2)
    scale = np.array([1.0, 1e5])
    found = explained(lambda m: np.column_stack([scale * truth.predict(m), np.ones(len(m))]), 12, 250)
    assert found.output_shape == (3,)
    assert_allclose(found.r2, [1.0, 1.0, np.nan], atol=1e-9)
    for k in range(2):
        assert difference((1 / scale[k]) * found.spectrum.output(k), truth.output(k)) < 1e-9
    assert found.output(2).spectrum.variance() == 0


@pytest.mark.slow
def test_folds_do_not_see_themselves():
    """A fold whose values are changed is predicted as before."""
    rng = np.random.default_rng(0)
    masks = rng.random((300, 10)) < 0.5
    values = network(10, 0)(masks)[:, None]
    folds = assign_folds(masks, 20, rng)
    assert (folds[:20] == -1).all()
    fit = ProxySpex().fit_folds(
        masks, values, folds, found=[np.empty((0, 0), dtype=np.int32)] * 6, max_order=None, rng=rng
    )
    np.testing.assert_array_equal(np.isnan(fit.out_of_fold[:, 0]), folds == -1)
    tested = folds >= 0
    score = 1 - ((fit.out_of_fold - values)[tested] ** 2).mean() / values[tested].var()
    fresh = rng.random((3000, 10)) < 0.5
    truth = network(10, 0)(fresh)
    expected = 1 - ((fit.function.spectrum.predict(fresh)[:, 0] - truth) ** 2).mean() / truth.var()
    assert score == pytest.approx(expected, abs=0.05)


def test_a_choice_is_made_by_the_other_folds():
    errors = np.array([[1.0, 1.0, 9.0], [2.0, 2.0, 0.0]])[:, :, None]  # the second is good at fold 2 alone
    choice, choices = honest_choices(errors)
    assert choice == 1
    assert choices == [1, 1, 0]


@pytest.mark.parametrize("budget", [2, 5, 9, 12, 20])
def test_tiny_budgets(budget):
    found = explained(lambda masks: masks @ np.arange(1.0, 31.0), 30, budget)
    assert np.isfinite(found.spectrum.coefficients).all()
    assert found.n_calls == budget
    assert found.r2_source.startswith("not measured") == np.isnan(found.r2)


@pytest.mark.slow
@pytest.mark.parametrize("order", [1, 3])
def test_the_largest_order_is_kept(order):
    found = explained(lambda m: 5.0 * m[:, :4].all(axis=1) + network(12, 0)(m), 12, 200, max_order=order)
    assert found.spectrum.max_order == order


def test_without_lightgbm_the_extra_is_named_before_any_call(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)

    def never(masks):
        raise AssertionError("a model call was spent")

    with pytest.raises(spex.MissingExtraError, match=r"spex-plugins\[trees\]"):
        explained(never, 30, 100)
