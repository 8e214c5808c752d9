"""ConSE with a real classifier and a real embedding: photos and their captions."""

from __future__ import annotations

import numpy as np
import pytest
import real_images

import spex_plugins as spex
from spex_plugins.games.image.conse import ConSE
from spex_plugins.games.image.multimodal import MultimodalGame
from spex_plugins.regions import Grid

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytestmark = pytest.mark.slow

CAPTIONS = {
    "china": "an old temple in China with a curved roof",
    "flower": "a flower in a green garden",
    "hopper": "a portrait of a navy officer in uniform",
}


@pytest.fixture(scope="module")
def score():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield ConSE(
        real_images.classifier(),
        real_images.label_names(),
        real_images.embed(),
        preprocess=real_images.preprocess,
        fingerprint="efficientnet-lite0 0.1.0, all-MiniLM-L6-v2",
    )
    torch.set_num_threads(before)


def test_every_photo_fits_its_own_caption_best(score):
    photos = np.stack([real_images.photo(name) for name in CAPTIONS for _ in CAPTIONS])
    table = score(photos, list(CAPTIONS.values()) * 3).reshape(3, 3)  # photo, caption
    others = table + np.diag(np.full(3, -np.inf))
    assert (np.diag(table) > others.max(axis=1) + 0.05).all()
    assert (np.diag(table) > others.max(axis=0) + 0.05).all()


def test_regions_and_words_that_decide(score):
    """The flower stands in the middle, and only "daisy" names it."""
    caption = "a daisy in a green garden"
    game = MultimodalGame(score, real_images.photo("flower"), caption, image_features=Grid(4, 4))
    assert (game.n, game.n_regions) == (22, 16)
    found = spex.explain(game, budget=160, estimator="gaussian_process", progress=False)
    values = found.single_values("SV").values
    assert game.feature_names[16 + int(values[16:].argmax())] == "daisy"
    ranked = [*np.argsort(-values[:16]), *(16 + np.argsort(-values[16:]))]
    named, others = [*ranked[:3], ranked[16]], [*ranked[5:8], ranked[17]]
    among = np.random.default_rng(0).random((20, game.n)) < 0.5

    def effect(members):
        """Return what three regions and a word add to masks that the explanation has not seen."""
        present, absent = among.copy(), among.copy()
        present[:, members], absent[:, members] = True, False
        return (game(present) - game(absent)).mean()

    assert effect(named) > 0.05
    assert effect(named) > 2 * effect(others)
    assert len(game.fingerprint) == 64
