"""Stacking and the estimators that it is made of: weights by hand, honest R², one spectrum."""

from __future__ import annotations

import numpy as np
import pytest
from games import random_spectrum
from numpy.testing import assert_allclose
from oracles import all_masks

import spex_plugins as spex
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.estimators import Auto, FoldedFit, GaussianProcessEstimator, SparseRegression, Stacking
from spex_plugins.estimators.common.folds import assign_folds
from spex_plugins.estimators.common.held_out import explained, explained_error
from spex_plugins.estimators.ensembles.stacking import _weights

NONE = [np.empty((0, 0), dtype=np.int32)] * 6  # for five folds and for all samples


def network(n, seed, width=40):
    rng = np.random.default_rng(seed)
    inner, outer = rng.normal(size=(n, width)) / np.sqrt(n), rng.normal(size=width)
    return lambda masks: np.tanh(3 * (masks - 0.5) @ inner) @ outer


def mixed(n, seed):
    """A smooth function with a few large coefficients, one for each member of the default stack."""
    smooth = network(n, seed)
    return lambda m: smooth(m) + 1.5 * (m[:, 3] & m[:, 4]) - 1.5 * (m[:, 9] & m[:, 17]) + 1.0 * m[:, 5]


def r2_on_fresh_masks(found, function, n, seed=99):
    masks = np.random.default_rng(seed).random((4000, n)) < 0.5
    values = function(masks)
    return 1 - ((found.predict(masks) - values) ** 2).mean() / values.var()


class Fixed:
    """A member that answers with given spectra and predictions."""

    name = "fixed"

    def __init__(self, spectrum, predicted):
        self.spectrum, self.predicted = spectrum, predicted

    def fit_folds(self, masks, values, folds, **_):
        return FoldedFit(self.spectrum, np.where(folds[:, None] >= 0, self.predicted, np.nan), "fixed")


def test_weights_are_those_of_least_squares_without_negative_ones():
    rng = np.random.default_rng(0)
    masks = rng.random((200, 12)) < 0.5
    signs = np.where(masks, -1.0, 1.0)
    values = (3 + 2 * signs[:, 0] + 0.5 * signs[:, 1] - 1.0 * signs[:, 2])[:, None]
    members = [
        Fixed(Spectrum.from_terms(12, np.array([[i]]), np.array([[1.0]])), signs[:, [i]]) for i in range(3)
    ]
    folds = assign_folds(masks, 0, rng)
    assert (folds >= 0).sum() == pytest.approx(100, abs=2)
    fit = Stacking(members).fit_folds(masks, values, folds, found=NONE, max_order=None, rng=rng)
    tested = folds >= 0
    design = np.column_stack([np.ones(tested.sum()), signs[tested, :2]])  # the third has a negative weight
    expected = np.linalg.lstsq(design, values[tested, 0], rcond=None)[0]
    terms = fit.function.spectrum.as_dict()
    assert_allclose([terms[()][0], terms[(0,)][0], terms[(1,)][0]], expected, atol=1e-10)
    assert terms.get((2,), [0.0])[0] == 0


def test_a_fold_takes_no_part_in_its_own_weights():
    """A member that knows fold 0 alone must not be believed there."""
    rng = np.random.default_rng(1)
    masks = rng.random((100, 4)) < 0.5
    values = rng.normal(size=(100, 1))
    folds = np.arange(100) % 5
    oracle = np.where(folds[:, None] == 0, values, rng.normal(size=(100, 1)))
    member = Fixed(Spectrum.from_terms(4, np.array([[0]]), np.array([[1.0]])), oracle)
    fit = Stacking([member]).fit_folds(masks, values, folds, found=NONE, max_order=None, rng=rng)
    assert explained(values[folds == 0], fit.out_of_fold[folds == 0])[0] < 0.5
    assert fit.function.spectrum.as_dict()[(0,)][0] > 0


@pytest.mark.slow
@pytest.mark.parametrize("make", [GaussianProcessEstimator, Auto])
def test_faithful_and_honest(make):
    said, true = [], []
    for seed in range(4):
        function = mixed(24, seed)
        found = spex.explain(function, 24, budget=600, estimator=make(), seed=seed, progress=False)
        true.append(r2_on_fresh_masks(found, function, 24))
        said.append(float(found.r2))
        assert found.n_calls == 600
        assert 0 < found.r2_error < 0.1
    assert np.mean(true) > 0.82
    assert np.mean(said) == pytest.approx(np.mean(true), abs=0.03)


@pytest.mark.slow
def test_the_stack_is_no_worse_than_its_members():
    functions = [mixed(24, seed) for seed in range(4)]

    def mean_r2(estimator):
        found = [spex.explain(f, 24, budget=500, estimator=estimator, progress=False) for f in functions]
        return np.mean([r2_on_fresh_masks(one, f, 24) for one, f in zip(found, functions, strict=True)])

    members = GaussianProcessEstimator(), SparseRegression()
    least = max(map(mean_r2, members)) - 0.01
    assert mean_r2(Stacking(members)) > least
    assert mean_r2(Auto("BV")) > least


@pytest.mark.slow
def test_a_sparse_function_in_noise_keeps_its_few_terms():
    rng = np.random.default_rng(0)
    truth = random_spectrum(30, 12, 3, rng)
    masks = rng.random((1500, 30)) < 0.5
    found = spex.fit(masks, truth.predict(masks) + 0.2 * rng.normal(size=1500))
    assert len(found.spectrum) < 30
    assert set(truth.as_dict()) <= set(found.spectrum.as_dict())
    assert "Gaussian process" not in found.plan


@pytest.mark.slow
def test_a_sparse_function_in_noise_has_deviations_and_values_that_add_up():
    rng = np.random.default_rng(0)
    truth = random_spectrum(30, 12, 3, rng)
    masks = np.concatenate([rng.random((1500, 30)) < 0.5, np.zeros((1, 30), bool), np.ones((1, 30), bool)])
    values = truth.predict(masks) + 0.2 * rng.normal(size=1502)
    found = spex.fit(masks, values)
    assert "Gaussian process" not in found.plan
    single, right = found.single_values("SV"), truth.single_values("SV").values
    assert_allclose(single.values.sum(), values[-1] - values[-2])
    assert (np.abs(single.values - right) < 4 * single.deviations).all()
    banzhaf = found.single_values("BV")
    assert_allclose(banzhaf.values, found.spectrum.single_values("BV").values)
    assert (np.abs(banzhaf.values - truth.single_values("BV").values) < 4 * banzhaf.deviations).all()


@pytest.mark.slow
def test_trees_may_join():
    found = spex.explain(mixed(24, 0), 24, budget=400, estimator="stacking", progress=False)
    assert "LightGBM" in found.plan or "trees" in found.plan
    assert r2_on_fresh_masks(found, mixed(24, 0), 24) > 0.8


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["auto", "gaussian_process"])
def test_outputs_are_explained_together(estimator):
    one, other = mixed(20, 0), network(20, 1)
    found = spex.explain(
        lambda m: np.stack([one(m), 100.0 * other(m) + 7.0, np.full(len(m), 5.0)], axis=1),
        20, budget=700, estimator=estimator, progress=False,
    )  # fmt: skip
    assert found.r2.shape == found.r2_error.shape == (3,)
    for k, function in enumerate((one, lambda m: 100.0 * other(m) + 7.0)):
        assert r2_on_fresh_masks(found.output(k), function, 20) > 0.75
        assert found.output(k).r2_error == found.r2_error[k]
    assert_allclose(found.output(2).predict(all_masks(20)[:50]), 5.0, atol=1e-9)


@pytest.mark.slow
def test_shapley_and_banzhaf_values_of_the_process():
    function = network(12, 0)
    exact = spex.explain(function, 12, budget=4096, progress=False)
    found = spex.explain(function, 12, budget=1200, estimator="gaussian_process", progress=False)
    for index in ("SV", "BV"):
        truth, single = exact.single_values(index).values, found.single_values(index)
        assert (single.deviations > 0).all()
        assert np.abs(single.values - truth).mean() < 0.1 * np.abs(truth).mean()


@pytest.mark.parametrize("budget", [2, 3, 5, 9, 20, 60])
@pytest.mark.parametrize("n", [1, 2, 3, 30])
def test_tiny_budgets(n, budget):
    function = lambda masks: masks @ np.arange(1.0, n + 1)  # noqa: E731
    found = spex.explain(function, n, budget=budget, progress=False)
    assert found.n_calls == min(budget, 2**n)
    assert np.isfinite(found.spectrum.coefficients).all()
    assert found.r2_source.startswith("not measured") == np.isnan(found.r2)


def test_the_error_of_r2_is_that_of_repeated_samples():
    rng = np.random.default_rng(2)
    r2, errors = [], []
    for _ in range(400):
        masks = rng.random((150, 30)) < 0.5
        values = rng.normal(size=(150, 1))
        predicted = 0.8 * values + 0.3 * rng.normal(size=(150, 1))
        r2.append(explained(values, predicted)[0])
        errors.append(explained_error(masks, values, predicted)[0])
    assert np.mean(errors) == pytest.approx(np.std(r2), rel=0.15)


def test_a_mask_and_its_complement_are_one_sample():
    rng = np.random.default_rng(3)
    masks, values = rng.random((100, 30)) < 0.5, rng.normal(size=(100, 1))
    predicted = values + 0.3 * rng.normal(size=(100, 1))
    twice = [np.concatenate([one, -one]) for one in (values, predicted)]
    paired = explained_error(np.concatenate([masks, ~masks]), *twice)
    unpaired = explained_error(rng.random((200, 30)) < 0.5, *twice)
    assert paired[0] == pytest.approx(np.sqrt(2) * unpaired[0], rel=1e-6)


@pytest.mark.slow
def test_samples_saved_and_loaded_keep_the_error_of_r2(tmp_path):
    found = spex.explain(network(20, 0), 20, budget=300, progress=False)
    found.save(tmp_path / "found.npz")
    assert spex.Interactions.load(tmp_path / "found.npz").r2_error == found.r2_error
    assert "±" in repr(found)


def test_a_prediction_that_hardly_varies_is_not_blown_up():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, 1))
    constant = 1e-15 * (values + rng.normal(size=(40, 1)))
    shares, _ = _weights(np.stack([constant, values + 0.1]), values)
    assert shares[0, 0] == 0
    assert shares[1, 0] == pytest.approx(1.0)


def test_rare_large_values_are_not_extrapolated():
    """In the folds the function is constant but for rounding: no weight may come of that."""
    rng = np.random.default_rng(520)
    weights, top = rng.normal(size=20), rng.permutation(20)[:5]
    found = spex.explain(
        lambda m: m[:, top].all(axis=1) + 0.01 * (m @ weights), 20, budget=200, seed=5, progress=False
    )
    fresh = rng.random((1000, 20)) < 0.5
    assert np.abs(found.predict(fresh)).max() < 3
