"""`Spex` inside Captum's stock `LLMAttribution`: all output tokens and the sequence from the same calls.

Captum's default ``use_cached_outputs=True`` gives wrong log-probabilities with transformers 5.
"""

from __future__ import annotations

import numpy as np
import pytest
import tiny_llms
import torch
import transformers
from captum.attr import (
    ImageMaskInput,
    LLMAttribution,
    RemoteLLMAttribution,
    ShapleyValues,
    TextTemplateInput,
    TextTokenInput,
)
from tiny_llms import TARGET, log_probability

from spex_plugins.captum import CacheWarning, Spex
from spex_plugins.captum.llm import cache as llm_cache

UNCACHED = {"use_cached_outputs": False, "forward_in_tokens": False}


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_llms.make_tokenizer()


@pytest.fixture(scope="module", params=[tiny_llms.gpt2, tiny_llms.llama])
def model(request, tokenizer):
    torch.manual_seed(0)
    return request.param(len(tokenizer)).eval()


@pytest.fixture
def image():
    from PIL import Image

    return Image.fromarray(np.arange(0, 256, 4, dtype=np.uint8).reshape(8, 8)).convert("RGB")


def _tokens(tokenizer, image):
    return TextTokenInput("the cast never fails", tokenizer)


def _without_some(tokenizer, image):
    return TextTokenInput("the cast never fails to charm", tokenizer, skip_tokens=["the", "to"])


def _template(tokenizer, image):
    values, baselines = ["cast", "never", "fails"], ["plot", "and", "drags"]
    return TextTemplateInput("the {} {} {} to charm", values, baselines)


def _removed(tokenizer, image):
    return TextTemplateInput(lambda **words: " ".join(["on", *words.values()]), {"a": "cast", "b": "charm"})


def _groups(tokenizer, image):
    values = ["the", "cast", "never", "fails", "to", "charm"]
    return TextTemplateInput("{} {} {} {} {} {} but", values, mask=[7, 7, 3, 9, 3, 20])


def _image(tokenizer, image):
    patches = torch.arange(4).reshape(2, 2).repeat_interleave(4, 0).repeat_interleave(4, 1) * 5
    return ImageMaskInput(image, mask=patches, processor_fn=lambda one: {"input_ids": _seen(one)})


def _seen(image):
    """The tokens of an image: how bright its patches are."""
    grey = np.asarray(image, dtype=float).mean(axis=2).reshape(2, 4, 2, 4).mean(axis=(1, 3))
    return torch.tensor([[1, *(grey.flatten() // 26).astype(int), 2]])


@pytest.mark.slow
@pytest.mark.parametrize("make", [_tokens, _without_some, _template, _removed, _groups, _image])
def test_equals_exact_values_for_every_token(make, model, tokenizer, image):
    found = LLMAttribution(Spex(model), tokenizer).attribute(
        make(tokenizer, image), target=TARGET, **UNCACHED
    )
    truth = LLMAttribution(ShapleyValues(model), tokenizer).attribute(
        make(tokenizer, image), target=TARGET, **UNCACHED
    )
    assert found.input_tokens == truth.input_tokens
    assert found.output_tokens == ["never", "drags", "on"]
    assert found.token_attr.shape == (3, len(found.input_tokens))
    torch.testing.assert_close(found.seq_attr, truth.seq_attr, atol=2e-5, rtol=1e-5)
    torch.testing.assert_close(found.token_attr, truth.token_attr, atol=2e-5, rtol=1e-5)
    torch.testing.assert_close(found.token_attr.sum(dim=0), found.seq_attr, atol=1e-5, rtol=1e-5)
    assert found.seq_attr.abs().max() > 0.01


@pytest.mark.parametrize("n_samples", [20, None])
def test_a_call_for_every_mask_and_values_that_add_up(n_samples, model, tokenizer, monkeypatch):
    prompt = "the cast never fails to charm but"
    calls = []
    forward = model.forward
    monkeypatch.setattr(model, "forward", lambda **inputs: calls.append(inputs) or forward(**inputs))
    found = LLMAttribution(Spex(model), tokenizer).attribute(
        TextTokenInput(prompt, tokenizer), target=TARGET, n_samples=n_samples, **UNCACHED
    )
    asked = {tuple(call["input_ids"][0].tolist()) for call in calls}
    assert len(asked) == len(calls) == (n_samples or 2**7)
    monkeypatch.undo()
    full = log_probability(model, tokenizer, prompt)
    empty = log_probability(model, tokenizer, " ".join(["[UNK]"] * 7))
    torch.testing.assert_close(found.token_attr.sum(dim=1), full - empty, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(found.seq_attr.sum(), (full - empty).sum(), atol=1e-5, rtol=1e-5)


def test_token_by_token_forwards_give_the_same(model, tokenizer):
    attribution = LLMAttribution(Spex(model), tokenizer)
    prompt = TextTokenInput("the cast never fails", tokenizer)
    one = attribution.attribute(prompt, target=TARGET, **UNCACHED)
    other = attribution.attribute(prompt, target=TARGET, use_cached_outputs=False, forward_in_tokens=True)
    torch.testing.assert_close(one.token_attr, other.token_attr, atol=1e-5, rtol=1e-5)


@pytest.mark.skipif(
    llm_cache._version(transformers) < llm_cache._WRONG_SINCE,
    reason="transformers before 5.3 agrees with Captum",
)
def test_captums_cache_is_wrong_and_users_are_told(model, tokenizer):
    """Fails when host and transformers agree again: then the warning has to go."""
    prompt = TextTokenInput("the cast never fails", tokenizer)
    with pytest.warns(CacheWarning, match="use_cached_outputs=False, forward_in_tokens=False"):
        cached = LLMAttribution(Spex(model), tokenizer).attribute(prompt, target=TARGET)
    full, empty = (log_probability(model, tokenizer, text) for text in ("the cast never fails", "[UNK] " * 4))
    sums = cached.token_attr.sum(dim=1)
    torch.testing.assert_close(sums[0], full[0] - empty[0], atol=1e-5, rtol=1e-5)
    assert (sums[1:] - (full - empty)[1:]).abs().min() > 0.1


def test_nobody_is_told_where_the_cache_is_not_used(model, tokenizer, monkeypatch):
    """Warnings are errors here."""
    prompt = TextTokenInput("the cast never", tokenizer)
    whole = LLMAttribution(Spex(model), tokenizer).attribute(prompt, target=TARGET, forward_in_tokens=False)
    monkeypatch.setattr(llm_cache, "_WRONG_SINCE", (1000,))  # as if transformers were older
    LLMAttribution(Spex(model), tokenizer).attribute(prompt, target=TARGET)
    full, empty = (log_probability(model, tokenizer, text) for text in ("the cast never", "[UNK] " * 3))
    torch.testing.assert_close(whole.token_attr.sum(dim=1), full - empty, atol=1e-5, rtol=1e-5)


def test_probabilities(model, tokenizer):
    attribution = LLMAttribution(Spex(model), tokenizer, attr_target="prob")
    found = attribution.attribute(
        TextTokenInput("the cast never fails", tokenizer), target=TARGET, **UNCACHED
    )
    full, empty = (log_probability(model, tokenizer, text) for text in ("the cast never fails", "[UNK] " * 4))
    torch.testing.assert_close(found.token_attr.sum(dim=1), full.exp() - empty.exp(), atol=1e-6, rtol=1e-5)


def test_generated_targets(model, tokenizer):
    attribution = LLMAttribution(Spex(model), tokenizer)
    generation = {"max_new_tokens": 2, "do_sample": False, "pad_token_id": 0}
    prompt = TextTokenInput("the cast never fails", tokenizer)
    found = attribution.attribute(prompt, gen_args=generation, **UNCACHED)
    again = attribution.attribute(prompt, target=" ".join(found.output_tokens), **UNCACHED)
    assert found.token_attr.shape == (2, 4)
    torch.testing.assert_close(found.token_attr, again.token_attr)


def test_settings_go_through_and_pictures_are_drawn(model, tokenizer):
    import matplotlib.pyplot as plt

    attribution = LLMAttribution(Spex(model), tokenizer)
    prompt = TextTokenInput("the cast never fails", tokenizer)
    shapley = attribution.attribute(prompt, target=TARGET, **UNCACHED)
    banzhaf = attribution.attribute(prompt, target=TARGET, index="BV", max_order=2, seed=1, **UNCACHED)
    assert not torch.allclose(shapley.seq_attr, banzhaf.seq_attr, atol=1e-3)
    for draw in (shapley.plot_seq_attr, shapley.plot_token_attr):
        _, axes = draw()
        assert [label.get_text() for label in axes.get_xticklabels()] == prompt.values
    plt.close("all")


def test_remote_models(tokenizer):
    class Provider:
        """Log-probabilities with an interaction: "never" turns what "fails" means."""

        def get_logprobs(self, input_prompt, target_str, tokenizer):
            words = input_prompt.split()
            strength = 2.0 * ("never" in words and "fails" in words) - ("fails" in words)
            return [strength, 0.5 * strength, -1.0]

    method = Spex(RemoteLLMAttribution.placeholder_model)
    attribution = RemoteLLMAttribution(method, tokenizer, Provider())
    found = attribution.attribute(TextTokenInput("cast never fails", tokenizer), target=TARGET)
    torch.testing.assert_close(found.seq_attr, torch.tensor([0.0, 1.5, 0.0]), atol=1e-6, rtol=0)
    torch.testing.assert_close(
        found.token_attr, torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.0]]), atol=1e-6, rtol=0
    )
