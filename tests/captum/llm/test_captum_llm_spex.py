"""`SpexLLMAttribution`: Captum's exact values from batched calls, and the interactions behind them."""

from __future__ import annotations

import copy
import itertools

import numpy as np
import pytest
import tiny_llms
import torch
from captum.attr import LLMAttribution, ShapleyValues, TextTemplateInput, TextTokenInput
from tiny_llms import TARGET, log_probability

from spex_plugins.captum import Spex, SpexLLMAttribution, SpexLLMAttributionResult
from spex_plugins.errors import ValueFunctionError
from spex_plugins.estimators import resolve

ONE_BY_ONE = {"use_cached_outputs": False, "forward_in_tokens": False}
PROMPT = "the cast never fails to charm but"


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_llms.make_tokenizer()


@pytest.fixture(scope="module", params=[tiny_llms.gpt2, tiny_llms.llama])
def model(request, tokenizer):
    torch.manual_seed(0)
    return request.param(len(tokenizer)).eval()


@pytest.fixture(scope="module")
def gpt2(tokenizer):
    torch.manual_seed(0)
    return tiny_llms.gpt2(len(tokenizer)).eval()


def _tokens(tokenizer):
    return TextTokenInput("the cast never fails", tokenizer)


def _without_some(tokenizer):
    return TextTokenInput("the cast never fails to charm", tokenizer, skip_tokens=["the", "to"])


def _template(tokenizer):
    values, baselines = ["cast", "never", "fails"], ["plot", "and", "drags"]
    return TextTemplateInput("the {} {} {} to charm", values, baselines)


def _removed(tokenizer):
    beginning = "but plot never drags on and the cast"
    return TextTemplateInput(
        lambda **words: " ".join([beginning, *words.values()]), {"a": "cast to", "b": "charm", "c": "never"}
    )


def _groups(tokenizer):
    values = ["the", "cast", "never", "fails", "to", "charm"]
    return TextTemplateInput("{} {} {} {} {} {} but", values, mask=[7, 7, 3, 9, 3, 20])


@pytest.mark.slow
@pytest.mark.parametrize("make", [_tokens, _without_some, _template, _removed, _groups])
def test_equals_exact_values_for_every_token(make, model, tokenizer):
    found = SpexLLMAttribution(Spex(model), tokenizer).attribute(make(tokenizer), TARGET)
    host = LLMAttribution(ShapleyValues(model), tokenizer)
    truth = host.attribute(make(tokenizer), TARGET, **ONE_BY_ONE)
    assert isinstance(found, SpexLLMAttributionResult)
    assert (found.input_tokens, found.output_tokens) == (truth.input_tokens, truth.output_tokens)
    assert (found.seq_attr.dtype, found.token_attr.dtype) == (truth.seq_attr.dtype, truth.token_attr.dtype)
    torch.testing.assert_close(found.seq_attr, truth.seq_attr, atol=5e-5, rtol=0)
    torch.testing.assert_close(found.token_attr, truth.token_attr, atol=5e-5, rtol=0)
    assert found.seq_attr.abs().max() > 0.01


# (A Gaussian process learned from 40 masks would show the last digits of batched forwards.)
PARTIAL = {"n_samples": 40, "index": "BV", "max_order": 2, "seed": 3, "estimator": "spex"}


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, PARTIAL])
@pytest.mark.parametrize("attr_target", ["log_prob", "prob"])
def test_equals_spex_in_captums_own_loop(settings, attr_target, model, tokenizer):
    inp = TextTokenInput(PROMPT, tokenizer)
    found = SpexLLMAttribution(Spex(model), tokenizer, attr_target).attribute(inp, TARGET, **settings)
    host = LLMAttribution(Spex(model), tokenizer, attr_target)
    truth = host.attribute(inp, TARGET, **ONE_BY_ONE, **settings)
    torch.testing.assert_close(found.seq_attr, truth.seq_attr, atol=1e-4, rtol=0)
    torch.testing.assert_close(found.token_attr, truth.token_attr, atol=1e-4, rtol=0)


def test_interactions_hold_every_mask_of_the_sequence_and_the_tokens(model, tokenizer):
    values, baselines = ["cast", "never", "fails", "to"], ["plot", "and", "drags", "on"]
    inp = TextTemplateInput("the {} {} {} {} charm", values, baselines)
    result = SpexLLMAttribution(Spex(model), tokenizer).attribute(inp, TARGET)
    masks = np.array(list(itertools.product([False, True], repeat=4)))
    texts = ["the {} {} {} {} charm".format(*np.where(mask, values, baselines)) for mask in masks]
    truth = torch.stack([log_probability(model, tokenizer, text) for text in texts]).double().numpy()
    found = result.interactions
    assert found.n_calls == found.budget == 16
    assert found.feature_names == tuple(values)
    np.testing.assert_allclose(result.seq_interactions.predict(masks), truth.sum(axis=1), atol=1e-4)
    for k in range(3):
        np.testing.assert_allclose(result.token_interactions(k).predict(masks), truth[:, k], atol=1e-4)
    np.testing.assert_allclose(found.empty_value, [truth[0].sum(), *truth[0]], atol=1e-4)
    np.testing.assert_allclose(found.full_value, [truth[-1].sum(), *truth[-1]], atol=1e-4)


def test_groups_are_one_feature_each(gpt2, tokenizer):
    result = SpexLLMAttribution(Spex(gpt2), tokenizer).attribute(_groups(tokenizer), TARGET)
    names = dict(zip(result.interactions.feature_names, result.seq_interactions.index("SV").first_order()))  # noqa: B905
    assert sorted(names) == ["charm", "fails", "never to", "the cast"]
    by_value = [names[group] for group in ("the cast", "the cast", "never to", "fails", "never to", "charm")]
    np.testing.assert_allclose(result.seq_attr, by_value, atol=1e-5)


@pytest.mark.parametrize(("n_samples", "at_once"), [(40, 16), (None, 7), (9, 1)])
def test_no_prompt_is_asked_twice_and_none_too_many(n_samples, at_once, model, tokenizer, monkeypatch):
    asked = []
    plain = model.forward

    def spy(input_ids=None, logits_to_keep=0, **inputs):
        asked.append(input_ids.tolist())
        return plain(input_ids=input_ids, logits_to_keep=logits_to_keep, **inputs)

    monkeypatch.setattr(model, "forward", spy)
    SpexLLMAttribution(Spex(model), tokenizer).attribute(
        TextTokenInput(PROMPT, tokenizer), TARGET, n_samples=n_samples, perturbations_per_eval=at_once
    )
    prompts = [tuple(row) for call in asked for row in call]
    assert len(prompts) == len(set(prompts)) == (n_samples or 2**7)
    assert max(map(len, asked)) == at_once


def test_targets_as_text_as_tokens_and_generated(gpt2, tokenizer):
    attribution = SpexLLMAttribution(Spex(gpt2), tokenizer)
    prompt = TextTokenInput("the cast never fails", tokenizer)
    text = attribution.attribute(prompt, TARGET)
    tokens = attribution.attribute(prompt, torch.tensor(tokenizer.encode(TARGET)))
    torch.testing.assert_close(text.token_attr, tokens.token_attr, atol=0, rtol=0)
    generation = {"max_new_tokens": 2, "do_sample": False, "pad_token_id": 0}
    written = attribution.attribute(prompt, gen_args=generation)
    again = attribution.attribute(prompt, " ".join(written.output_tokens))
    assert written.token_attr.shape == (2, 4)
    torch.testing.assert_close(written.token_attr, again.token_attr, atol=0, rtol=0)
    expected = log_probability(gpt2, tokenizer, "the cast never fails", " ".join(written.output_tokens))
    np.testing.assert_allclose(written.interactions.full_value[1:], expected, atol=1e-5)


def test_settings_reach_the_method(gpt2, tokenizer):
    seen = {}

    class Recording(Spex):
        def attribute(self, inputs, **settings):
            seen.update(settings)
            return super().attribute(inputs, **settings)

    settings = {"n_samples": 60, "perturbations_per_eval": 5, "show_progress": True, "index": "BV"}
    settings |= {"max_order": 1, "estimator": resolve("spex"), "seed": 3}
    found = SpexLLMAttribution(Recording(gpt2), tokenizer).attribute(
        TextTokenInput(PROMPT, tokenizer), TARGET, **settings
    )
    assert settings.items() <= seen.items()
    assert found.interactions.spectrum.max_order == 1


def test_nothing_stays_on_the_objects(gpt2, tokenizer):
    spex = Spex(gpt2)
    attribution = SpexLLMAttribution(spex, tokenizer)
    before = attribution.attr_method.forward_func
    attribution.attribute(_tokens(tokenizer), TARGET)
    assert spex.forward_func is gpt2
    assert attribution.attr_method.forward_func == before


def test_a_failing_model_keeps_what_was_answered(gpt2, tokenizer, monkeypatch):
    plain, calls = gpt2.forward, itertools.count()

    def failing(input_ids=None, **inputs):
        if next(calls) == 3:
            raise RuntimeError("out of memory")
        return plain(input_ids=input_ids, **inputs)

    monkeypatch.setattr(gpt2, "forward", failing)
    attribution = SpexLLMAttribution(Spex(gpt2), tokenizer)
    with pytest.raises(ValueFunctionError, match="out of memory") as caught:
        attribution.attribute(TextTokenInput(PROMPT, tokenizer), TARGET, perturbations_per_eval=10)
    assert caught.value.values.shape == (20, 4)
    assert caught.value.masks.shape == (20, 7)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_model_on_a_gpu_gives_the_same(gpt2, tokenizer):
    def found(device):
        model = copy.deepcopy(gpt2).to(device)
        return SpexLLMAttribution(Spex(model), tokenizer).attribute(_template(tokenizer), TARGET)

    here, there = found("cpu"), found("cuda")
    torch.testing.assert_close(there.seq_attr.cpu(), here.seq_attr, atol=5e-5, rtol=0)
    torch.testing.assert_close(there.token_attr.cpu(), here.token_attr, atol=5e-5, rtol=0)
