"""ConSE with a real classifier and a real embedding: photos and their captions."""

from __future__ import annotations

import numpy as np
import pytest
import real_images

import spex_plugins as spex
from spex_plugins.games.conse import ConSE
from spex_plugins.games.multimodal import MultimodalGame
from spex_plugins.regions import Grid

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

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
    game = MultimodalGame(score, real_images.photo("hopper"), CAPTIONS["hopper"], regions=Grid(4, 4))
    assert (game.n, game.n_regions) == (24, 16)
    found = spex.explain(
        game,
        game.n,
        budget=160,
        estimator="gaussian_process",
        feature_names=game.feature_names,
        progress=False,
    )
    values = found.single_values("SV").values
    assert game.feature_names[16 + int(values[16:].argmax())] in ("officer", "uniform")
    rng = np.random.default_rng(0)
    without = np.ones((11, game.n), bool)  # without five regions and two words: the named, others by chance
    without[0, np.argsort(values[:16])[-5:]] = False
    without[0, 16 + np.argsort(values[16:])[-2:]] = False
    for row in without[1:]:
        row[rng.choice(16, 5, replace=False)] = row[16 + rng.choice(8, 2, replace=False)] = False
    left = game(without)
    assert left[0] < left[1:].min()
    assert len(game.fingerprint) == 64
