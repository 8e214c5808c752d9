"""Games as models of SHAP: the values of `spex_plugins.explain` and of SHAP's own exact explainer."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
import shap
from games import SmallGame
from numpy.testing import assert_allclose

import spex_plugins as spex
from spex_plugins import InputError, Queries
from spex_plugins.shap import SpexExplainer, as_model


def single_values(game, index="SV"):
    return spex.explain(game, budget=2**game.n, progress=False).single_values(index).values


@pytest.mark.slow
@pytest.mark.parametrize("outputs", [None, 1, 3])
def test_the_same_values_everywhere(outputs):
    game = SmallGame(outputs)
    expected = single_values(game)
    model, masker, row = as_model(game)
    ours = SpexExplainer(model, masker)(row, silent=True)
    exact = shap.ExactExplainer(model, masker)(row)
    if outputs == 1:
        expected = expected[:, 0]  # to SHAP one column is one number
    assert_allclose(ours.values[0], expected, atol=1e-8)
    assert_allclose(exact.values[0].reshape(expected.shape), expected, atol=1e-8)
    empty = game(np.zeros((1, 5), dtype=bool))[0]
    assert_allclose(ours.base_values[0], empty[0] if outputs == 1 else empty, atol=1e-12)
    assert list(ours.feature_names) == list(exact.feature_names) == list(game.feature_names)
    assert ours[0].interactions.feature_names == game.feature_names
    whole = spex.explain(game, budget=32, progress=False).index("FSII", order=3)
    found = ours[0].interactions.index("FSII", order=3)
    assert_allclose(found.values, whole.values.reshape(found.values.shape), atol=1e-8)
    if outputs == 3:
        assert list(ours.output_names) == ["answer 0", "answer 1", "answer 2"]


def test_other_explainers_of_shap_take_it_too():
    game = SmallGame()
    model, masker, row = as_model(game)
    permutation = shap.PermutationExplainer(model, masker, seed=0)(row, max_evals=5000, silent=True)
    assert_allclose(permutation.values[0], single_values(game), atol=0.1)
    kernel = shap.KernelExplainer(model, masker.data).shap_values(row.to_numpy(), silent=True)
    assert_allclose(kernel[0], single_values(game), atol=1e-8)


def test_a_zero_takes_a_feature_out():
    game = SmallGame()
    model, masker, row = as_model(game)
    row.iloc[0, 2] = 0.0
    ours = SpexExplainer(model, masker)(row, silent=True)

    def without(masks):
        return game(np.insert(masks, 2, False, axis=1))

    expected = spex.explain(without, 4, budget=16, progress=False).single_values("SV").values
    assert_allclose(ours.values[0], np.insert(expected, 2, 0.0), atol=1e-8)


def test_plots():
    model, masker, row = as_model(SmallGame())
    explanation = SpexExplainer(model, masker)(row, silent=True)
    for one in (explanation[0], explanation[0].interaction_explanation()):
        for plot in (shap.plots.bar, shap.plots.waterfall):
            plot(one, show=False)
            labels = [tick.get_text() for tick in plt.gca().get_yticklabels()]
            assert any("bad" in label for label in labels)
            plt.close("all")


def test_saved_and_loaded(tmp_path):
    game = SmallGame()
    how = Queries(store=tmp_path / "s.sqlite")
    model, masker, row = as_model(game)
    explainer = SpexExplainer(model, masker, max_evals=20, queries=how)
    with (tmp_path / "explainer").open("wb") as file:
        explainer.save(file)
    before = explainer(row, silent=True)
    with (tmp_path / "explainer").open("rb") as file:
        loaded = SpexExplainer.load(file)
    assert loaded.queries == how
    after = loaded(row, silent=True)
    assert_allclose(after.values, before.values, atol=0)
    assert list(after.feature_names) == list(game.feature_names)
    assert (after[0].interactions.n_calls, after[0].interactions.n_stored) == (0, 20)


def test_what_is_no_game():
    with pytest.raises(InputError, match="game: must be callable"):
        as_model("game")
    with pytest.raises(InputError, match="n: give the number of features"):
        as_model(lambda masks: masks[:, 0])
