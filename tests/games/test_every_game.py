"""Every game of the package alone, with a store, and in SHAP and Captum: the same values everywhere."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import spex_plugins as spex
from spex_plugins import games
from spex_plugins.games import ConSE, DataGame, ImageGame, MultimodalGame, PartsGame, ReplyGame
from spex_plugins.regions import Grid

NOT_GAMES = {"CallOutcome", "CallRecord", "ChatReplies", "ConSE", "Embedded", "ImageTextAnswer",
             "ImageTextMatch", "WindowWarning"}  # fmt: skip
IMAGE = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
WORDS = ["red", "bus"]


def brightness(images):
    return images.reshape(len(images), -1).mean(axis=1) / 255.0


def image_game():
    return ImageGame(brightness, IMAGE, features=Grid(2, 2), fingerprint="brightness 1")


def multimodal_game():
    def score(images, texts):
        return brightness(images) * np.array([1 + len(text) for text in texts])

    return MultimodalGame(score, IMAGE, "a red bus", image_features=Grid(1, 2), fingerprint="length 1")


def conse_game():
    def logits(images):
        return images[:, :2, 0].mean(axis=2) / 99.0

    score = ConSE(logits, WORDS, lambda texts: np.array([[1.0, len(t)] for t in texts]), fingerprint="conse")
    return MultimodalGame(score, IMAGE, "a red bus", image_features=Grid(1, 2))


def parts_game():
    return PartsGame(
        lambda kept: float(len(kept) * ("search" in kept)),
        {"search": 1, "rules": 2, "memory": 3},
        fingerprint="agent 1",
    )


def reply_game():
    def reply(prompt):
        return "good" if "not" in prompt and "dull" in prompt else "bad"

    return ReplyGame(reply, "not at all dull", similarity="exact", fingerprint="words 1")


def data_game():
    neighbours = pytest.importorskip("sklearn.neighbors")
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 60)
    x = rng.normal(size=(60, 2)) + y[:, None]
    groups = np.arange(30) // 6
    return DataGame(neighbours.NearestCentroid(), x[:30], y[:30], x[30:], y[30:], groups=groups)


def masked_prompt():
    tiny = _language_models()
    text = "not the disaster described"
    return games.MaskedPrompt(
        tiny.gpt2(), tiny.tokenizer(), text, template="{} Sentiment:", answer=" positive"
    )


def context_game():
    tiny = _language_models()
    documents = {"letter": "Anna moved to Rome.", "diary": "The film is boring.", "atlas": "Rome is far."}
    return games.ContextGame(tiny.gpt2(), tiny.tokenizer(), "Where is Anna?", documents, answer="Rome")


def heads_game():
    tiny = _language_models()
    return games.HeadsGame(tiny.gpt2(), tiny.tokenizer(), ["The film is not the"], [" disaster"])


def image_text_answer():
    tiny = _vision_models()
    score = games.ImageTextAnswer(*tiny.seeded(tiny.llava), "red", template="User: <image> {text} Assistant:")
    return MultimodalGame(score, IMAGE, "what bus", image_features=Grid(1, 2), image_replacement="mean")


def image_text_match():
    tiny = _vision_models()
    score = games.ImageTextMatch(*tiny.seeded(tiny.clip))
    return MultimodalGame(score, IMAGE, "big bus", image_features=Grid(1, 2), image_replacement="mean")


def _language_models():
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    import prompt_models

    return prompt_models


def _vision_models():
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    import vision_models

    return vision_models


MAKERS: tuple[Callable, ...] = (
    image_game, multimodal_game, conse_game, parts_game, reply_game, data_game, masked_prompt, context_game,
    heads_game, image_text_answer, image_text_match,
)  # fmt: skip


@pytest.fixture(params=[*MAKERS, "chat_game"], ids=lambda make: getattr(make, "__name__", make))
def game(request):
    if request.param != "chat_game":
        yield request.param()
        return
    pytest.importorskip("openai")
    from chat_server import ChatServer

    def log_probs(prompt):
        return {" True": -0.1 - len(prompt) / 50, " False": -2.0}

    with ChatServer(log_probs) as server:
        settings = {"model": "known", "base_url": server.base_url, "api_key": "none", "answer": " True"}
        yield games.ChatGame("never dull at all", **settings)


def test_masks_of_another_shape_are_refused_and_none_are_answered(game):
    n = game.n
    for masks in (np.ones((2, n - 1), bool), np.ones((2, n + 1), bool), np.ones(n, bool), np.full((2, n), 2)):
        with pytest.raises(spex.InputError, match=r"^masks"):
            game(masks)
    ends = np.array([[False], [True]]).repeat(n, axis=1)
    np.testing.assert_array_equal(game(ends.astype(int)), game(ends))
    assert len(game(ends[:0])) == 0


class Counted:
    """The game, with the number of masks that it was asked."""

    def __init__(self, game):
        self._game, self.asked = game, 0

    def __getattr__(self, name):
        return getattr(self._game, name)

    def __call__(self, masks):
        self.asked += len(masks)
        return self._game(masks)


def test_all_games_are_here():
    tested = {"ChatGame", "ContextGame", "DataGame", "HeadsGame", "ImageGame", "MaskedPrompt",
              "MultimodalGame", "PartsGame", "ReplyGame"}  # fmt: skip
    assert tested | NOT_GAMES == set(games.__all__)


def test_a_game_says_what_it_is_and_answers_are_paid_once(game, tmp_path):
    assert type(game).__name__ in repr(game)
    assert "object at 0x" not in repr(game)
    assert len(game.feature_names) == game.n
    assert all(isinstance(name, str) and name for name in game.feature_names)
    assert len(game.fingerprint) == 64
    masks = np.eye(game.n, dtype=bool)
    if hasattr(game, "work"):
        work = game.work(masks)
        assert work.shape == (game.n,)
        assert (work >= 0).all()
    counted = Counted(game)
    settings = {"budget": 2**game.n, "store": tmp_path / "run.sqlite", "progress": False}
    first = spex.explain(counted, **settings)
    assert counted.asked == first.n_calls == 2**game.n
    assert first.feature_names == tuple(game.feature_names)
    np.testing.assert_allclose(first.predict(masks), game(masks), atol=1e-5)
    second = spex.explain(counted, **settings)
    assert (counted.asked, second.n_calls, second.n_stored) == (2**game.n, 0, 2**game.n)
    np.testing.assert_array_equal(second.index("SV").values, first.index("SV").values)


def test_a_game_is_a_model_of_shap(game):
    pytest.importorskip("shap")
    from spex_plugins.shap import SpexExplainer, as_model

    model, masker, row = as_model(game)
    explanation = SpexExplainer(model, masker)(row, max_evals=2**game.n)
    truth = spex.explain(game, budget=2**game.n, progress=False)
    np.testing.assert_allclose(explanation.values[0], truth.single_values("SV").values, atol=1e-5)
    assert list(np.ravel(explanation.feature_names)) == list(game.feature_names)


def test_a_game_is_a_forward_function_of_captum(game):
    torch = pytest.importorskip("torch")
    pytest.importorskip("captum")
    from spex_plugins.captum import Spex, game_forward

    ones = torch.ones(1, game.n)
    values, (found,) = Spex(game_forward(game)).attribute(
        ones, n_samples=2**game.n, perturbations_per_eval=2**game.n, return_interactions=True
    )
    truth = spex.explain(game, budget=2**game.n, progress=False)
    np.testing.assert_allclose(values[0].numpy(), truth.single_values("SV").values, atol=1e-5)
    masks = np.eye(game.n, dtype=bool)
    np.testing.assert_allclose(found.predict(masks), game(masks), atol=1e-5)
