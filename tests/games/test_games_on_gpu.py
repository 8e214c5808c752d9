"""Models on a GPU give the values that they give on the processor; skipped where there is none."""

from __future__ import annotations

import numpy as np
import prompt_models as tiny
import pytest
import torch

from spex_plugins.games import ImageGame, MaskedPrompt
from spex_plugins.regions import Grid

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

TEXT = "The film is not the disaster that the critics described."
MASKS = np.random.default_rng(0).random((40, 10)) < 0.5


@pytest.mark.parametrize("make", [tiny.gpt2, tiny.llama, tiny.gemma2, tiny.t5, tiny.bart])
def test_prompts(make):
    def values(device):
        words, answers = tiny.tokenizer(), (" positive", " far from boring")
        game = MaskedPrompt(make().to(device), words, TEXT, template="Review: {}\nSentiment:", answer=answers)
        return game(MASKS)

    here, there = values("cpu"), values("cuda")
    assert here.std(axis=0).min() > 0.02
    np.testing.assert_allclose(there, here, rtol=1e-3)  # T5 with such weights magnifies rounding


@pytest.mark.parametrize("make", [tiny.bert, tiny.gpt2_classifier])
def test_classifiers(make):
    def values(device):
        return MaskedPrompt(make().to(device), tiny.tokenizer(), TEXT, answer="good", value="logit")(MASKS)

    here, there = values("cpu"), values("cuda")
    assert here.std() > 0.1
    np.testing.assert_allclose(there, here, atol=1e-4)


def test_images():
    image = np.random.default_rng(1).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    layers = torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(144, 3)
    model = torch.nn.Sequential(*layers).double().eval()
    here = ImageGame(model, image, features=Grid(2, 5), replacement=0)(MASKS)
    there = ImageGame(model.cuda(), image, features=Grid(2, 5), replacement=0)(MASKS)
    assert here.std(axis=0).min() > 0.01
    np.testing.assert_allclose(there, here, rtol=1e-9)
