"""Prompts of all kinds: random baselines, groups in any order, wrappers of models, other tokenizers."""

from __future__ import annotations

import itertools
import random
from types import SimpleNamespace

import numpy as np
import pytest
import tiny_llms
import torch
from captum.attr import LLMAttribution, ProductBaselines, ShapleyValues, TextTemplateInput, TextTokenInput
from tiny_llms import TARGET, log_probability

from spex_plugins import InputError, Queries
from spex_plugins.captum import Spex, SpexLLMAttribution
from spex_plugins.captum.llm.random_baselines import MeanOverDraws, draw_baselines

ONE_BY_ONE = {"use_cached_outputs": False, "forward_in_tokens": False}
CHOICES = [["plot", "and"], ["drags", "on", "to"], ["but"]]


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_llms.make_tokenizer()


@pytest.fixture(scope="module")
def model(tokenizer):
    torch.manual_seed(0)
    return tiny_llms.gpt2(len(tokenizer)).eval()


def _of_list(baselines):
    return TextTemplateInput("the {} {} {} to charm", ["cast", "never", "fails"], baselines)


def _of_dict(baselines):
    values = {"a": "cast", "b": "never", "c": "fails"}
    return TextTemplateInput("the {a} {b} {c} to charm", values, baselines)


def _of_function(baselines):
    return TextTemplateInput(
        lambda **words: " ".join(["the", *words.values(), "to charm"]),
        {"a": "cast", "b": "never", "c": "fails"},
        baselines,
        mask={"a": 4, "b": 2, "c": 2},
    )


RANDOM = {
    "lists": (_of_list, ProductBaselines(CHOICES)),
    "dict": (_of_dict, ProductBaselines(dict(zip("abc", CHOICES, strict=True)))),
    "joined keys": (
        _of_dict,
        ProductBaselines({("a", "c"): [("plot", "drags"), ("and", "on")], "b": ["but", "to"]}),
    ),
    "template of a function, groups": (
        _of_function,
        ProductBaselines(dict(zip("abc", CHOICES, strict=True))),
    ),
    "a function of numpy": (_of_list, lambda: list(np.random.choice(tiny_llms.WORDS, 3))),  # noqa: NPY002
    "a function of torch": (_of_list, lambda: [tiny_llms.WORDS[i] for i in torch.randint(11, (3,)).tolist()]),
    "a tuple": (_of_list, lambda: tuple(random.choices(tiny_llms.WORDS, k=3))),
}


@pytest.mark.parametrize("at_once", [5, *(pytest.param(k, marks=pytest.mark.slow) for k in (1, 16))])
@pytest.mark.parametrize("case", RANDOM)
@pytest.mark.parametrize("attr_target", ["log_prob", "prob"])
def test_values_are_the_mean_over_the_drawn_baselines(case, at_once, attr_target, model, tokenizer):
    make, baselines = RANDOM[case]
    inp = make(baselines)
    found = SpexLLMAttribution(Spex(model), tokenizer, attr_target).attribute(
        inp, TARGET, num_trials=4, seed=6, perturbations_per_eval=at_once
    )
    drawn = [(one.baselines, weight) for one, weight in draw_baselines(inp, 4, np.random.default_rng(6))]
    assert 1 < len(drawn) <= 4
    host = LLMAttribution(ShapleyValues(model), tokenizer, attr_target)
    as_given = [dict(zip("abc", one, strict=True)) if inp.dict_keys else one for one, _ in drawn]
    each = [host.attribute(make(one), TARGET, **ONE_BY_ONE) for one in as_given]
    tolerance = {"atol": 5e-5, "rtol": 0}
    truth = sum(weight * one.seq_attr for one, (_, weight) in zip(each, drawn, strict=True))
    torch.testing.assert_close(found.seq_attr, truth, **tolerance)
    truth = sum(weight * one.token_attr for one, (_, weight) in zip(each, drawn, strict=True))
    torch.testing.assert_close(found.token_attr, truth, **tolerance)


def test_equal_calls_are_equal_and_leave_all_generators_alone(model, tokenizer):
    inp = _of_list(ProductBaselines(CHOICES))
    attribution = SpexLLMAttribution(Spex(model), tokenizer)
    random.seed(1)
    states = random.getstate(), np.random.get_state()[1], torch.get_rng_state()  # noqa: NPY002
    one, same = (attribution.attribute(inp, TARGET).seq_attr for _ in range(2))
    torch.testing.assert_close(one, same, atol=0, rtol=0)
    others = [attribution.attribute(inp, TARGET, seed=seed).seq_attr for seed in range(1, 6)]
    assert any(not torch.equal(one, other) for other in others)
    assert random.getstate() == states[0]
    assert (np.random.get_state()[1] == states[1]).all()  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), states[2])
    generator = np.random.default_rng(3)
    before = generator.bit_generator.state
    attribution.attribute(inp, TARGET, seed=generator)
    assert generator.bit_generator.state == before


def test_trials_of_baselines_that_are_not_random_change_nothing(model, tokenizer):
    inp = _of_list(["plot", "and", "drags"])
    calls = []
    handle = model.register_forward_hook(lambda *_: calls.append(1))
    one, three = (
        SpexLLMAttribution(Spex(model), tokenizer).attribute(inp, TARGET, num_trials=trials)
        for trials in (1, 3)
    )
    handle.remove()
    torch.testing.assert_close(one.token_attr, three.token_attr, atol=0, rtol=0)
    assert len(calls) % 2 == 0


def test_the_whole_prompt_is_asked_once_and_calls_hold_no_more_prompts_than_allowed():
    calls = []

    def forward(rows):
        calls.append(rows)
        return rows[:, :3].sum(dim=1, keepdim=True) + 10.0 * rows[:, 3:]

    masks = torch.tensor(list(itertools.product([0.0, 1.0], repeat=3)))
    found = MeanOverDraws(forward, [0.1, 0.2, 0.3, 0.4])(masks)
    truth = masks.sum(dim=1) + torch.where(masks.all(dim=1), 0.0, 20.0)
    torch.testing.assert_close(found[:, 0], truth)
    assert sum(map(len, calls)) == 7 * 4 + 1
    assert max(map(len, calls)) == len(masks)


@pytest.mark.parametrize(
    ("make", "drawn"),
    [
        (_of_list, ["plot"]),
        (_of_list, "abc"),
        (_of_list, {"a": 1}),
        (_of_dict, {"a": "plot"}),
        (_of_dict, ["x"]),
    ],
)
def test_drawn_baselines_that_do_not_fit(make, drawn, model, tokenizer):
    with pytest.raises(InputError, match="inp: its baselines must return"):
        SpexLLMAttribution(Spex(model), tokenizer).attribute(make(lambda: drawn), TARGET)


def test_captums_own_loop_is_told_of_random_baselines(model, tokenizer):
    inp = _of_list(ProductBaselines(CHOICES))
    host = LLMAttribution(Spex(model), tokenizer)
    with pytest.raises(InputError, match=r"inp: its baselines are random.*use SpexLLMAttribution"):
        host.attribute(inp, TARGET, **ONE_BY_ONE)
    fixed = ["plot", "and", "drags"]
    one, other = (host.attribute(_of_list(b), TARGET, **ONE_BY_ONE) for b in (fixed, lambda: fixed))
    torch.testing.assert_close(one.token_attr, other.token_attr)


def test_a_store_tells_the_draws_apart(model, tokenizer, tmp_path):
    inp = _of_list(ProductBaselines(CHOICES))
    attribution = SpexLLMAttribution(Spex(model), tokenizer)
    queries = Queries(store=tmp_path / "answers.sqlite", fingerprint="tiny")
    for seed, trials in [(0, 1), (0, 3), (1, 3)]:
        settings = {"num_trials": trials, "seed": seed}
        stored, fresh = (attribution.attribute(inp, TARGET, queries=q, **settings) for q in (queries, None))
        torch.testing.assert_close(stored.seq_attr, fresh.seq_attr, atol=1e-5, rtol=0)
    again = attribution.attribute(inp, TARGET, queries=queries, num_trials=3, seed=1)
    assert again.interactions.n_stored == 8


@pytest.mark.slow
@pytest.mark.parametrize("mask", [[7, 7, 3, 3, 5], [2, 1, 2, 0, 1], [-5, 100, 3, -5, 3], [0, 1, 2, 3, 4]])
def test_groups_stand_in_the_order_of_the_text(mask, model, tokenizer):
    words = ["the", "cast", "never", "fails", "to"]
    inp = TextTemplateInput("{} {} {} {} {} charm", words, mask=mask)
    found = SpexLLMAttribution(Spex(model), tokenizer).attribute(inp, TARGET)
    groups = list(dict.fromkeys(mask))
    names = [" ".join(w for w, g in zip(words, mask, strict=True) if g == group) for group in groups]
    assert found.interactions.feature_names == tuple(names)
    truth = LLMAttribution(ShapleyValues(model), tokenizer).attribute(inp, TARGET, **ONE_BY_ONE)
    torch.testing.assert_close(found.token_attr, truth.token_attr, atol=5e-5, rtol=0)
    for group, row in enumerate(np.eye(len(groups), dtype=bool)):
        kept = " ".join(w for w, g in zip(words, mask, strict=True) if g == groups[group])
        expected = log_probability(model, tokenizer, f"{kept} charm").sum()
        assert found.seq_interactions.predict(row[None])[0] == pytest.approx(float(expected), abs=1e-4)
    assert found.inp is inp


class _Wrapper(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model


class _Mask(_Wrapper):
    def forward(self, input_ids, attention_mask=None):
        return self.model(input_ids, attention_mask=attention_mask)


class _Keywords(_Wrapper):
    def forward(self, input_ids, **others):
        return self.model(input_ids, **others)


class _Logits(_Wrapper):
    def forward(self, input_ids, attention_mask):
        return SimpleNamespace(logits=self.model(input_ids, attention_mask=attention_mask).logits.clone())


@pytest.mark.parametrize("wrapper", [_Mask, _Keywords, _Logits])
def test_wrappers_of_models(wrapper, model, tokenizer):
    inp = _of_list(None)
    found = SpexLLMAttribution(Spex(wrapper(model)), tokenizer).attribute(inp, TARGET)
    truth = LLMAttribution(ShapleyValues(model), tokenizer).attribute(inp, TARGET, **ONE_BY_ONE)
    torch.testing.assert_close(found.token_attr, truth.token_attr, atol=5e-5, rtol=0)


class _Protocol:
    """A tokenizer with what Captum asks of one, and nothing else."""

    words = ("[UNK]", *tiny_llms.WORDS)

    def encode(self, text, add_special_tokens=True, return_tensors=None):
        ids = [self.words.index(word) for word in text.split()]
        return torch.tensor([ids]) if return_tensors == "pt" else ids

    def decode(self, token_ids):
        assert isinstance(token_ids, torch.Tensor)
        return " ".join(self.words[i] for i in token_ids.reshape(-1).tolist())

    def convert_ids_to_tokens(self, token_ids):
        if isinstance(token_ids, int):
            return self.words[token_ids]
        return [self.words[i] for i in token_ids]

    def convert_tokens_to_ids(self, tokens):
        return self.words.index(tokens) if isinstance(tokens, str) else [self.words.index(t) for t in tokens]

    def __call__(self, text, add_special_tokens=True, return_offsets_mapping=False):
        ends = list(itertools.accumulate(len(word) + 1 for word in text.split()))
        starts = [0, *ends[:-1]]
        offsets = [(start, end - 1) for start, end in zip(starts, ends, strict=True)]
        return {"input_ids": self.encode(text), "offset_mapping": offsets}


@pytest.mark.parametrize("make", [lambda t: TextTokenInput("cast never fails", t), lambda t: _of_list(None)])
def test_tokenizers_by_captums_protocol(make, model, tokenizer):
    own = _Protocol()
    found = SpexLLMAttribution(Spex(model), own).attribute(make(own), TARGET)
    truth = LLMAttribution(ShapleyValues(model), tokenizer).attribute(make(tokenizer), TARGET, **ONE_BY_ONE)
    assert found.interactions.feature_names == ("cast", "never", "fails")
    assert found.output_tokens == truth.output_tokens
    torch.testing.assert_close(found.token_attr, truth.token_attr, atol=5e-5, rtol=0)


class _CountsPadding(torch.nn.Module):
    """A model that does not hide padding: every position sees how long the rows are."""

    def __init__(self, size):
        super().__init__()
        self.embedding = torch.nn.Embedding(size, size)

    def forward(self, input_ids, attention_mask):
        logits = self.embedding(input_ids).cumsum(dim=1)
        return SimpleNamespace(logits=logits + self.embedding.weight[input_ids.shape[1]])


@pytest.mark.parametrize("baselines", [None, ["plot", "", "drags on"]])
def test_models_that_count_padding_get_the_values_of_every_prompt_alone(baselines, tokenizer):
    torch.manual_seed(0)
    counts = _CountsPadding(len(tokenizer)).eval()
    found = SpexLLMAttribution(Spex(counts), tokenizer).attribute(_of_list(baselines), TARGET)
    one_by_one = SpexLLMAttribution(Spex(counts), tokenizer).attribute(
        _of_list(baselines), TARGET, perturbations_per_eval=1
    )
    truth = LLMAttribution(ShapleyValues(counts), tokenizer).attribute(
        _of_list(baselines), TARGET, **ONE_BY_ONE
    )
    torch.testing.assert_close(one_by_one.token_attr, truth.token_attr, atol=5e-5, rtol=0)
    torch.testing.assert_close(found.token_attr, truth.token_attr, atol=5e-5, rtol=0)
