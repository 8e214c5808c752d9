"""Many prompts in one call have the log-probabilities that each has alone, for every mask of a prompt."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest
import tiny_llms
import torch
from tiny_llms import log_probability_of_tokens

from spex_plugins.captum.llm.forward import MaskedPrompts, target_log_probs
from spex_plugins.captum.llm.prompts import make_prompt_batch
from spex_plugins.errors import InputError
from spex_plugins.language_models.prefix import common_prefix, make_prefix

SIZE = 12
BEGINNING = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3]
WORDS = [[7], [2, 8], [10, 4, 6], [9]]
TARGET = torch.tensor([3, 7, 1])
MASKS = torch.tensor(list(itertools.product([0.0, 1.0], repeat=len(WORDS)))).flip(0)


def _built(make):
    torch.manual_seed(0)
    return make(SIZE).eval()


def _prompt(mask, beginning=BEGINNING):
    """Words that are masked leave the prompt, so that prompts have many lengths."""
    words = [word for word, kept in zip(WORDS, mask[0].tolist(), strict=True) if kept]
    return {"input_ids": torch.tensor([[*beginning, *itertools.chain(*words)]])}


def _alone(model, prompts):
    rows = [log_probability_of_tokens(model, prompt["input_ids"], TARGET) for prompt in prompts]
    return torch.stack(rows).double()


@pytest.mark.parametrize("beginning", [BEGINNING, BEGINNING[:2]], ids=["long", "short"])
@pytest.mark.parametrize("make", [tiny_llms.gpt2, tiny_llms.llama, tiny_llms.mistral])
@torch.no_grad()
def test_every_mask_equals_a_plain_forward(make, beginning):
    model = _built(make)
    forward = MaskedPrompts(model, lambda mask: _prompt(mask, beginning), TARGET)
    found = torch.cat([forward(MASKS[[0, -1]]), forward(MASKS[1:9]), forward(MASKS[9:-1])])
    truth = _alone(model, [_prompt(mask[None], beginning) for mask in MASKS[[0, -1, *range(1, 15)]]])
    assert found.dtype == torch.float64
    torch.testing.assert_close(found[:, 1:], truth, atol=2e-5, rtol=0)
    torch.testing.assert_close(found[:, 0], truth.sum(dim=1), atol=5e-5, rtol=0)
    assert truth.std(dim=0).min() > 0.1


@pytest.mark.parametrize(
    ("make", "widths"), [(tiny_llms.gpt2, [9, 11, 13, 10]), (tiny_llms.mistral, [9, 20, 13, 19])]
)
@torch.no_grad()
def test_what_all_prompts_begin_with_is_computed_once(make, widths, monkeypatch):
    model = _built(make)
    seen = []
    plain = model.forward

    def spy(input_ids=None, logits_to_keep=0, **inputs):
        seen.append(input_ids.shape[1])
        return plain(input_ids=input_ids, logits_to_keep=logits_to_keep, **inputs)

    monkeypatch.setattr(model, "forward", spy)
    forward = MaskedPrompts(model, _prompt, TARGET)
    for masks in (MASKS[[0, -1]], MASKS[1:9]):
        forward(masks)
    # 9 of the 10 tokens of the beginning once, as the last one predicts the target of the empty prompt. Then
    # that one, 7 or 6 tokens of words and 3 of the target; or all, where the cache has a sliding window.
    # Between them the empty prompt alone, to see that its value is the same.
    assert seen == widths


@pytest.mark.parametrize(
    ("prompts", "shared"),
    [
        ([[*BEGINNING, 7, 1], [*BEGINNING, 7, 2]], 10),
        ([[*BEGINNING, 7], [*BEGINNING[:9], 11, 11, 11]], 9),
        ([[*BEGINNING[:8], 1], [*BEGINNING[:8], 2]], 8),
        ([BEGINNING], 9),  # its last token predicts the target
        ([[*BEGINNING[:7], 11, 11]], 0),  # not worth it
        ([[11, *BEGINNING[1:], 7]], 0),
    ],
)
@torch.no_grad()
def test_a_prefix_is_used_as_far_as_the_prompts_have_it(prompts, shared):
    model = _built(tiny_llms.llama)
    known = make_prefix(model, torch.tensor(BEGINNING))
    given = [{"input_ids": torch.tensor([prompt])} for prompt in prompts]
    batch = make_prompt_batch(given, TARGET)
    assert known.shared(batch.ids, batch.most_shared) == shared
    found = target_log_probs(model, batch, TARGET, known).double()
    torch.testing.assert_close(found, _alone(model, given), atol=2e-5, rtol=0)


def test_the_common_prefix_leaves_every_prompt_a_token():
    for prompts, prefix in [([[1, 2, 3], [1, 2, 4, 5]], [1, 2]), ([[1, 2], [1, 2, 3]], [1]), ([[1]], [])]:
        batch = make_prompt_batch([{"input_ids": torch.tensor([prompt])} for prompt in prompts], TARGET)
        assert common_prefix(batch.ids, batch.most_shared).tolist() == prefix


@torch.no_grad()
def test_half_precision_is_normalised_in_single():
    model = _built(tiny_llms.llama).to(torch.bfloat16)
    prompts = [_prompt(mask[None]) for mask in MASKS]
    found = target_log_probs(model, make_prompt_batch(prompts, TARGET), TARGET)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), _alone(model, prompts), atol=0.15, rtol=0)
    logits = model(**prompts[0]).logits[0, -1]
    one = target_log_probs(model, make_prompt_batch(prompts[:1], TARGET), TARGET)[0, 0]
    torch.testing.assert_close(one, logits.float().log_softmax(-1)[TARGET[0]], atol=1e-6, rtol=0)


class _OfOnesOwn(torch.nn.Module):
    """A model outside transformers: all logits, or with Llama 4's additional axis."""

    def __init__(self, model, axis):
        super().__init__()
        self.model, self.axis = model, axis

    def forward(self, input_ids, attention_mask, use_cache):
        logits = self.model(input_ids, attention_mask=attention_mask, use_cache=use_cache).logits
        return SimpleNamespace(logits=logits[:, None] if self.axis else logits)


@pytest.mark.parametrize("axis", [False, True])
@torch.no_grad()
def test_models_that_return_all_logits(axis):
    model = _built(tiny_llms.gpt2)
    forward = MaskedPrompts(_OfOnesOwn(model, axis), _prompt, TARGET)
    found = torch.cat([forward(MASKS[:2]), forward(MASKS[2:])])
    truth = _alone(model, [_prompt(mask[None]) for mask in MASKS])
    torch.testing.assert_close(found[:, 1:], truth, atol=2e-5, rtol=0)


class _LooksAhead(torch.nn.Module):
    """A model whose every position sees all tokens that are not padding."""

    def forward(self, input_ids, attention_mask, use_cache):
        seen = torch.nn.functional.one_hot(input_ids, SIZE) * attention_mask[..., None]
        logits = seen.sum(dim=1, keepdim=True) / 2.0
        return SimpleNamespace(logits=logits.expand(*input_ids.shape, SIZE))


def test_padding_is_masked():
    prompts = [_prompt(mask[None]) for mask in MASKS]
    found = target_log_probs(_LooksAhead(), make_prompt_batch(prompts, TARGET), TARGET)
    alone = [target_log_probs(_LooksAhead(), make_prompt_batch([one], TARGET), TARGET) for one in prompts]
    torch.testing.assert_close(found, torch.cat(alone))


def test_other_model_inputs_are_padded_or_joined():
    prompts = [
        {
            "input_ids": torch.ones(1, k, dtype=torch.long),
            "token_type_ids": torch.ones(1, k),
            "pixels": torch.full((1, 2, 2), k),
        }
        for k in (2, 3)
    ]
    batch = make_prompt_batch(prompts, TARGET)
    assert batch.ids.tolist() == [[1, 1, 3, 7, 1, 1], [1, 1, 1, 3, 7, 1]]
    assert batch.kept.tolist() == [[1, 1, 1, 1, 1, 0], [1] * 6]
    assert batch.extra["token_type_ids"].tolist() == [[1, 1, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0]]
    assert batch.extra["pixels"][:, 0, 0].tolist() == [2, 3]


def _without_pixels(k):
    return {"input_ids": torch.ones(1, 2, dtype=torch.long), "pixels": torch.ones(1, k)}


@pytest.mark.parametrize(
    ("prompts", "argument"),
    [
        ([{"input_ids": torch.ones(1, 0)}], "inp"),
        ([{"input_ids": torch.ones(2, 3).long()}], "inp"),
        ([_without_pixels(1), _without_pixels(2)], "perturbations_per_eval"),
        ([_without_pixels(1) | {"pixels": "a"}, _without_pixels(2)], "perturbations_per_eval"),
    ],
)
def test_prompts_that_cannot_be_used(prompts, argument):
    with pytest.raises(InputError, match=f"^{argument}:"):
        make_prompt_batch(prompts, TARGET)
