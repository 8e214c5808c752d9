"""Recordings in `explain`, `fit` and the adapters: only recorded masks are asked."""

from __future__ import annotations

import functions
import numpy as np
import pytest
from oracles import all_masks

import spex_plugins as spex
from spex_plugins.estimators import Estimator

N = 20


class Noted(spex.Recording):
    """Notes the masks that it is asked for."""

    def __call__(self, masks):
        vars(self).setdefault("asked", []).append(masks)
        return super().__call__(masks)


@pytest.fixture(scope="module")
def recording():
    return functions.incomplete(N)


def noted(recording):
    kinds = {name: np.flatnonzero(_in(recording.masks(), recording.masks(name))) for name in recording.kinds}
    return Noted(recording.masks(), recording(recording.masks()), kinds=kinds)


def _in(masks, others):
    known = {tuple(mask) for mask in others.tolist()}
    return [tuple(mask) in known for mask in masks.tolist()]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({}, "uniform"),
        ({"estimator": "spex"}, "uniform"),
        ({"estimator": "sparse_regression"}, "uniform"),
        ({"index": "BV"}, "uniform"),
        ({"index": "SV"}, "all sizes"),
        ({"estimator": "shapley"}, "all sizes"),
    ],
)
def test_masks_are_drawn_from_the_kind_that_the_estimator_draws(recording, settings, kind):
    game = noted(recording)
    found = spex.explain(game, budget=120, progress=False, **settings)
    asked = np.concatenate(game.asked)
    assert len(asked) == 120 == found.n_calls
    np.testing.assert_array_equal(asked[:2], functions.ends(N))
    assert all(_in(asked[2:], recording.masks(kind)))
    assert found.design == f"120 of {len(recording)} recorded masks ({kind})"
    unseen = np.random.default_rng(5).random((200, N)) < 0.5
    truth = functions.Game(N)(unseen)
    assert np.mean((found.predict(unseen) - truth) ** 2) < 0.02 * truth.var()


@pytest.mark.slow
def test_seeds_choose_masks(recording):
    def masks(seed):
        game = noted(recording)
        spex.explain(game, budget=50, seed=seed, progress=False)
        return np.concatenate(game.asked)

    np.testing.assert_array_equal(masks(1), masks(1))
    assert (masks(1) != masks(2)).any()


@pytest.mark.parametrize("settings", [{}, {"target_r2": 0.9}, {"budget": 10**6}])
def test_runs_in_rounds_and_large_budgets_ask_recorded_masks(recording, settings):
    found = spex.explain(recording, progress=False, **settings)
    assert found.n_calls <= len(recording)
    assert "recorded masks (uniform)" in found.design
    assert not found.exact
    assert found.r2 > 0.98


@pytest.mark.slow
def test_a_round_that_needs_more_ends_where_the_recording_ends():
    rng = np.random.default_rng(0)

    def noise(masks):
        return rng.normal(size=len(masks))

    noise.n = N
    kinds = {"uniform": functions.uniform(N, 900)}
    recording = spex.Recording.record(noise, kinds, progress=False)
    with pytest.warns(spex.FewSamplesWarning):
        found = spex.explain(recording, target_r2=0.9, progress=False)
    assert found.n_calls == len(recording)
    assert np.isnan(found.empty_value)


def test_few_features_of_which_not_all_masks_were_recorded():
    recording = functions.incomplete(8, 60)
    assert not recording.complete
    found = spex.explain(recording, progress=False)
    assert found.n_calls == recording.kinds["uniform"] + 2
    assert not found.exact


def test_a_complete_recording_is_asked_as_the_function_itself():
    game = functions.Game(14)
    recording = spex.Recording.record(game, progress=False)
    settings = {"budget": 300, "index": "SV", "seed": 4, "progress": False}
    one, other = spex.explain(game, **settings), spex.explain(recording, **settings)
    assert one.design == other.design
    np.testing.assert_array_equal(one.predict(all_masks(14)), other.predict(all_masks(14)))
    assert spex.explain(recording, budget=2**14, progress=False).exact


def test_without_kinds_all_masks_are_drawn(recording):
    plain = spex.Recording(recording.masks(), recording(recording.masks()))
    found = spex.explain(plain, budget=100, index="SV", progress=False)
    assert found.design == f"100 of {len(recording)} recorded masks"
    found = spex.explain(plain, budget=400, progress=False)
    assert "each left out" in found.r2_source
    assert found.r2 > 0.98


def test_fit_to_a_sample(recording):
    found = spex.fit(*recording.sample(200, kind="uniform", seed=1), feature_names=recording.feature_names)
    assert found.n_calls == 200
    assert found.r2 > 0.98


def test_held_out_masks_are_not_asked(recording):
    rest, held_out = recording.split(100)
    found = spex.explain(rest, budget=10**4, progress=False)
    assert found.n_calls == recording.kinds["uniform"] - 100 + 2
    np.testing.assert_allclose(found.predict(held_out), recording(held_out), atol=0.1)


def test_an_estimator_of_recorded_masks(recording):
    method = recording.estimator("shapley")
    assert isinstance(method, Estimator)
    assert method.name == "shapley"
    assert "drawn from recorded ones" in method.about
    assert not hasattr(recording.estimator(method).method, "recording")
    complete = spex.Recording.record(functions.Game(4), progress=False)
    assert complete.estimator("shapley").about == spex.estimators.resolve("shapley").about
    with pytest.raises(spex.InputError, match="estimator: 'none' is unknown"):
        recording.estimator("none")


def test_an_estimator_of_recorded_masks_for_another_number_of_features(recording):
    with pytest.raises(spex.InputError, match="draws masks of 20 features, and 6 are explained"):
        spex.explain(functions.Game(6), budget=30, estimator=recording.estimator())


def test_shap(recording):
    pytest.importorskip("shap")
    from spex_plugins.shap import SpexExplainer, as_model

    model, masker, row = as_model(recording)
    explainer = SpexExplainer(model, masker, estimator=recording.estimator())
    explanation = explainer(row, max_evals=150)
    assert list(explanation.feature_names) == list(recording.feature_names)
    truth = np.full(N, 0.25) + 3.0 * (np.arange(N) == 0) - 1.0 * np.isin(np.arange(N), (1, 2))
    np.testing.assert_allclose(explanation.values[0], truth, atol=0.1)
    assert "recorded masks (all sizes)" in explanation.interactions[0].design


def test_captum(recording):
    torch = pytest.importorskip("torch")
    pytest.importorskip("captum")
    from spex_plugins.captum import Spex, game_forward

    method, settings = Spex(game_forward(recording)), {"estimator": recording.estimator(), "n_samples": 150}
    values, (found,) = method.attribute(torch.ones(1, N), return_interactions=True, **settings)
    assert "recorded masks (all sizes)" in found.design
    assert found.n_calls <= 150
    truth = np.full(N, 0.25) + 3.0 * (np.arange(N) == 0) - 1.0 * np.isin(np.arange(N), (1, 2))
    np.testing.assert_allclose(values[0].numpy(), truth, atol=0.1)
