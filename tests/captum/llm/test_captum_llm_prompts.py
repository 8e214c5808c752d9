"""Prompts of `SpexLLMAttribution`: begun once, not ended, and none read differently beside others."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from captum.attr import TextTemplateInput, TextTokenInput

from spex_plugins import InputError
from spex_plugins.captum import Spex, SpexLLMAttribution

transformers = pytest.importorskip("transformers")
tiny_llms = pytest.importorskip("tiny_llms")
processors = pytest.importorskip("tokenizers.processors")

WORDS = ["cast", "never", "fails"]


def tokenizer(around):
    words = tiny_llms.make_tokenizer()
    words.add_special_tokens({"bos_token": "<s>", "eos_token": "</s>"})
    if around:
        named = [(name, words.convert_tokens_to_ids(name)) for name in ("<s>", "</s>")]
        words.backend_tokenizer.post_processor = processors.TemplateProcessing(
            single=around, special_tokens=named
        )
    words.chat_template = "{{ bos_token }}{% for m in messages %}but {{ m['content'] }} and{% endfor %}"
    return words


def log_prob(model, ids, target):
    with torch.no_grad():
        logits = model(torch.tensor([[*ids, *target]])).logits[0, len(ids) - 1 : -1].double()
    return logits.log_softmax(-1)[torch.arange(len(target)), target].sum().item()


def check(model, words, inp, prompt_ids, **settings):
    """Compare the fitted game with plain forwards at every mask."""
    result = SpexLLMAttribution(Spex(model), words).attribute(inp, "to charm", n_samples=8, **settings)
    target = words.encode("to charm", add_special_tokens=False)
    masks = np.array(list(itertools.product([False, True], repeat=3)))
    shown = [" ".join(w for w, k in zip(WORDS, mask, strict=True) if k) for mask in masks]
    truth = np.array([log_prob(model, prompt_ids(text), target) for text in shown])
    assert truth.std() > 0.01
    np.testing.assert_allclose(result.seq_interactions.predict(masks), truth, atol=2e-5)
    return result


@pytest.mark.parametrize("around", [None, "<s> $A", "<s> $A </s>", "$A </s>"])
@pytest.mark.parametrize("begun", [True, False])
def test_special_tokens(around, begun):
    words = tokenizer(around)
    torch.manual_seed(0)
    model = tiny_llms.llama(len(words)).eval()
    first = words.bos_token_id

    def prompt_ids(text):
        ids = words.encode(f"the {text} but", add_special_tokens=False)
        return [first, *ids] if begun or (around or "").startswith("<s>") else ids

    template = "<s>" * begun + "the {} {} {} but"
    check(model, words, TextTemplateInput(template, WORDS), prompt_ids)


@pytest.mark.parametrize("around", ["<s> $A", "<s> $A </s>", None])
def test_templates_of_chats(around):
    words = tokenizer(around)
    torch.manual_seed(0)
    model = tiny_llms.llama(len(words)).eval()

    def prompt_ids(text):
        messages = [{"role": "user", "content": text}]
        return words.apply_chat_template(messages, tokenize=True, return_dict=False)

    template = words.apply_chat_template([{"role": "user", "content": "{} {} {}"}], tokenize=False)
    check(model, words, TextTemplateInput(template, WORDS), prompt_ids)


def test_what_the_model_writes_stands_behind_a_prompt_that_is_begun_once():
    words = tokenizer("<s> $A </s>")
    torch.manual_seed(0)
    model = tiny_llms.llama(len(words)).eval()
    ids = [words.bos_token_id, *words.encode("the cast but", add_special_tokens=False)]
    settings = {"max_new_tokens": 2, "do_sample": False}
    written = model.generate(torch.tensor([ids]), **settings)[0, len(ids) :]
    attribution = SpexLLMAttribution(Spex(model), words)
    for text in ("<s>the {} but", "the {} but"):
        tokens = attribution._get_target_tokens(TextTemplateInput(text, ["cast"]), None, gen_args=settings)
        assert tokens.tolist() == written.tolist()


def test_tokens_that_captum_takes_with_their_special_ones():
    words = tokenizer("<s> $A")
    torch.manual_seed(0)
    model = tiny_llms.llama(len(words)).eval()
    attribution = SpexLLMAttribution(Spex(model), words)
    with pytest.raises(InputError, match=r"^inp: the text begins with '<s>', and the tokenizer adds another"):
        attribution.attribute(TextTokenInput("<s>the cast", words), "to charm")
    attribution.attribute(TextTokenInput("the cast", words), "to charm")
    ended = tokenizer("<s> $A </s>")
    with pytest.raises(InputError, match=r"^inp: the tokenizer ends the text with '</s>'"):
        SpexLLMAttribution(Spex(model), ended).attribute(TextTokenInput("the cast", ended), "to charm")


def longrope(size):
    rope = {"rope_type": "longrope", "short_factor": [1.0] * 4, "long_factor": [8.0, 6.0, 4.0, 3.0]}
    rope |= {"rope_theta": 1e4, "partial_rotary_factor": 1.0, "original_max_position_embeddings": 6}
    sizes = tiny_llms._sizes(size) | {"pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 0}
    config = transformers.Phi3Config(**sizes, original_max_position_embeddings=6, rope_scaling=rope)
    return transformers.Phi3ForCausalLM(config)


def dynamic(size):
    rope = {"rope_type": "dynamic", "factor": 4.0, "rope_theta": 1e4}
    sizes = tiny_llms._sizes(size) | {"max_position_embeddings": 5}
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(**sizes, rope_scaling=rope))


@pytest.mark.parametrize("make", [longrope, dynamic])
@pytest.mark.parametrize("prompts", [1, 3, 16])
def test_positions_that_are_scaled_by_the_longest_row(make, prompts):
    words = tokenizer(None)

    def fresh():
        torch.manual_seed(0)
        return make(len(words)).eval()

    class Fresh:
        """A model that has never read anything else."""

        def __call__(self, ids):
            return fresh()(ids)

    truth = Fresh()
    inp = TextTemplateInput("the {} {} {} but", WORDS)
    found = SpexLLMAttribution(Spex(fresh()), words).attribute(
        inp, "to charm", n_samples=8, perturbations_per_eval=prompts
    )
    target = words.encode("to charm", add_special_tokens=False)
    masks = np.array(list(itertools.product([False, True], repeat=3)))
    shown = [" ".join(w for w, k in zip(WORDS, mask, strict=True) if k) for mask in masks]
    values = [log_prob(truth, words.encode(f"the {text} but"), target) for text in shown]
    assert np.std(values) > 0.01
    np.testing.assert_allclose(found.seq_interactions.predict(masks), values, atol=2e-5)


def test_a_model_that_reads_what_stands_beside_it():
    """Such as experts that leave tokens out where others take their place."""
    words = tokenizer(None)
    torch.manual_seed(0)
    model = tiny_llms.llama(len(words)).eval()
    plain = model.forward

    def forward(input_ids=None, attention_mask=None, **settings):
        output = plain(input_ids=input_ids, attention_mask=attention_mask, **settings)
        output.logits *= 1.0 + 0.2 * (len(input_ids) - 1)
        return output

    model.forward = forward
    check(
        model,
        words,
        TextTemplateInput("the {} {} {} but", WORDS),
        lambda text: words.encode(f"the {text} but"),
    )
