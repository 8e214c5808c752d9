"""Games of documents, replies, parts, heads and data as models of SHAP and of Captum."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import shap

import spex_plugins as spex
from spex_plugins.shap import SpexExplainer, as_model

pytest.importorskip("captum")
pytest.importorskip("transformers")
torch = pytest.importorskip("torch")
from spex_plugins.games import ContextGame, DataGame, HeadsGame, PartsGame, ReplyGame  # noqa: E402

sys.path.insert(0, str(Path(__file__).parents[2] / "games"))
import prompt_models as tiny  # noqa: E402


def context():
    documents = {"letter": "Anna moved to Rome.", "diary": "The film is boring.", "atlas": "Rome."}
    return ContextGame(tiny.gpt2(), tiny.tokenizer(), "Where does Anna live?", documents, answer="Rome")


def reply():
    return ReplyGame(lambda prompt: prompt, "never so dull")


def parts():
    return PartsGame(
        lambda kept: 2.0 * ("a" in kept and "b" in kept) - ("c" in kept), {"a": 1, "b": 2, "c": 3}
    )


def heads():
    settings = {"prompts": ["Anna moved from Paris to"], "answers": [" Rome"]}
    return HeadsGame(tiny.gpt2(), tiny.tokenizer(), **settings)


def data():
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 2
    rows = rng.normal(size=(40, 2)) + labels[:, None]
    groups = np.arange(20) // 5
    from sklearn.neighbors import NearestCentroid

    return DataGame(NearestCentroid(), rows[:20], labels[:20], rows[20:], labels[20:], groups=groups)


@pytest.mark.parametrize("make", [context, reply, parts, heads, data])
def test_values_are_those_of_explain(make):
    game = make()
    expected = spex.explain(game, progress=False).single_values("SV").values
    model, masker, row = as_model(game)
    explanation = SpexExplainer(model, masker)(row)
    np.testing.assert_allclose(explanation.values[0], expected, atol=1e-5)
    assert list(explanation.feature_names) == list(game.feature_names)
    exact = shap.explainers.Exact(model, masker)(row)
    np.testing.assert_allclose(exact.values[0], expected, atol=1e-5)


@pytest.mark.parametrize("make", [context, reply, parts, heads, data])
def test_values_in_captum_are_those_of_explain(make):
    attr = pytest.importorskip("captum.attr")
    from spex_plugins.captum import Spex, game_forward

    game = make()
    expected = spex.explain(game, progress=False).single_values("SV").values
    ones = torch.ones(1, game.n)
    np.testing.assert_allclose(Spex(game_forward(game)).attribute(ones)[0], expected, atol=1e-5)
    sampled = attr.ShapleyValueSampling(game_forward(game)).attribute(ones, n_samples=3)
    np.testing.assert_allclose(float(sampled.sum()), expected.sum(), atol=1e-5)
