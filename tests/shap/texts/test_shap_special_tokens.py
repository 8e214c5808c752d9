"""Special tokens around texts, of tokenizers of every kind: never features, and never twice."""

from __future__ import annotations

import functools
import re

import numpy as np
import pytest
import shap
from numpy.testing import assert_allclose

from spex_plugins import InputError
from spex_plugins.shap import SpexExplainer

transformers = pytest.importorskip("transformers")
torch = pytest.importorskip("torch")
tokenizers = pytest.importorskip("tokenizers")

WORDS = ["the", "plot", "was", "good", "!", "[INST]", "[/INST]", "..."]
ADDED = ["<s>", "</s>", "<gm>", "<sop>", "<en>"]
TEXT = "the plot was good !"
TRUTH = {"the": 7.0, "plot": 3.0, "was": 0.0, "good": 5.0, "!": 10.0}
AROUND = [
    None,
    "<s> $A",
    "$A </s>",
    "<s> $A </s>",
    "<gm> <sop> $A",
    "$A </s> <en>",
    "<en> $A </s>",
    "<gm> <sop> $A </s>",
]


def tokenizer(around, **more):
    names = [*ADDED, "<unk>", *WORDS]
    raw = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({name: i for i, name in enumerate(names)}, unk_token="<unk>")
    )
    raw.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    if around:
        numbers = [(name, i) for i, name in enumerate(ADDED)]
        raw.post_processor = tokenizers.processors.TemplateProcessing(single=around, special_tokens=numbers)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw,
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        pad_token="</s>",
        additional_special_tokens=ADDED[2:],
        **more,
    )


def model(texts):
    """A sum over words, so that their Shapley values are known."""
    return np.array([sum(value * (word in text) for word, value in TRUTH.items()) for text in texts])


def values(masker, text=TEXT, **settings):
    explanation = SpexExplainer(model, masker, **settings)([text], silent=True)
    assert_allclose(explanation.base_values[0] + explanation.values[0].sum(), model([text])[0])
    parts = [str(part).strip() for part in explanation.data[0]]
    return dict(zip(parts, np.round(explanation.values[0], 9).tolist(), strict=True))


def words_of(found):
    return {word: found[word] for word in TRUTH}


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("features", [None, "word"])
def test_tokenizers_of_transformers(around, features):
    words = tokenizer(around)
    if features is None:
        assert words_of(values(words)) == TRUTH
    else:
        grouped = values(words, features=features)
        assert grouped == {"the": 7.0, "plot": 3.0, "was": 0.0, "good !": 15.0}


class Plain:
    """A tokenizer of few methods, without offsets."""

    def __init__(self, words, mask=True, **settings):
        self._words, self._mask, self._settings = words, mask, settings
        self.special_tokens_map, self.decode = words.special_tokens_map, words.decode

    def __call__(self, text):
        found = self._words(text, **self._settings)
        return {name: found[name] for name in ["input_ids", "attention_mask"][: 1 + self._mask]}


@pytest.mark.parametrize("around", AROUND[:-1])
def test_tokenizers_without_offsets(around):
    assert words_of(values(shap.maskers.Text(Plain(tokenizer(around))))) == TRUTH


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("around", ["<s> $A </s>", "<s> $A"])
@pytest.mark.parametrize("length", [8, 10, 16])
def test_tokenizers_that_pad(side, around, length):
    words = tokenizer(around)
    pads = {"padding": "max_length", "max_length": length, "padding_side": side}
    for masker in (
        functools.partial(words, **pads),
        lambda text, return_offsets_mapping=True: words(text, return_offsets_mapping=True, **pads),
    ):
        assert words_of(values(masker)) == TRUTH
    padded = Plain(words, **pads)
    assert words_of(values(shap.maskers.Text(padded))) == TRUTH
    with pytest.raises(InputError, match=r"^masker: the tokenizer pads"):
        values(shap.maskers.Text(Plain(words, mask=False, **pads)))


def test_tokenizers_that_show_no_text():
    words = tokenizer("<s> $A </s>")

    def blind(text, return_offsets_mapping=True):
        ids = words(text)["input_ids"]
        return {"input_ids": ids, "offset_mapping": [(0, 0)] * len(ids)}

    with pytest.raises(InputError, match=r"^masker: .* only special tokens"):
        values(blind)


def words_only(text, return_offsets_mapping=True):
    found = list(re.finditer(r"\w+|\.\.\.", text))
    return {"input_ids": [m.group() for m in found], "offset_mapping": [m.span() for m in found]}


@pytest.mark.parametrize("features", [None, "word"])
def test_text_that_no_token_shows(features):
    """It belongs to a neighbour, so that the model reads the whole text."""
    assert values(words_only, "! the plot, good !", features=features)
    found = values(words_only, "the plot was good !")
    assert found == {"the": 7.0, "plot": 3.0, "was": 0.0, "good !": 15.0}


@pytest.mark.parametrize("around", ["<s> $A </s>", None])
def test_tokenizers_that_truncate(around):
    cut = functools.partial(tokenizer(around), truncation=True, max_length=5)
    if around is None:
        assert words_of(values(cut)) == TRUTH  # five tokens
        return
    with pytest.warns(UserWarning, match="ignores the text after 'the plot was'"):
        found = values(cut)
    assert found["the"] == 7.0
    assert found["good !"] == 0.0  # always kept


def test_nothing_is_trimmed_from_a_text_between_its_special_tokens():
    explanation = SpexExplainer(model, tokenizer("<s> $A </s>"))([" the  plot "], silent=True)
    assert "".join(explanation.data[0]) == " the  plot "


def llama(words):
    torch.manual_seed(0)
    sizes = {"vocab_size": len(words), "hidden_size": 16, "num_hidden_layers": 2, "intermediate_size": 32}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 2, "initializer_range": 0.5}
    special = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(**sizes, **heads, **special)).eval()


def log_odds(model, ids, target):
    """Return the log-odds of target tokens behind others, by one plain forward."""
    with torch.no_grad():
        logits = model(torch.tensor([[*ids, *target]])).logits[0, len(ids) - 1 : -1].double()
    return torch.logit(logits.softmax(-1))[torch.arange(len(target)), target].numpy()


@pytest.mark.parametrize("begun", [True, False])
@pytest.mark.parametrize("around", [None, "<s> $A", "<s> $A </s>", "$A </s>"])
def test_prompts_of_language_models(around, begun):
    """With the beginning that the chat template writes, or the one of the tokenizer; without an end."""
    words = tokenizer(around)
    network = llama(words)
    text = "<s>" * begun + "[INST] the plot [/INST]"
    explainer = SpexExplainer(network, words)
    explanation = explainer([text], ["good was"], silent=True)
    found = explanation[0].interactions
    players = [i for i, part in enumerate(explanation.data[0]) if part.strip() not in ("", "<s>", "</s>")]
    assert len(players) == 4
    target = words("good was", add_special_tokens=False)["input_ids"]
    masks = np.ones((16, found.n), dtype=bool)
    masks[:, players] = (np.arange(16)[:, None] >> np.arange(4)) & 1
    for mask, values_here in zip(masks, found.predict(masks), strict=True):
        shown = explainer.masker.masker(mask, text)[0][0]
        assert shown.startswith("<s>") == begun
        ids = words(str(shown), add_special_tokens=False)["input_ids"]
        ids = [0, *ids] if not begun and (around or "").startswith("<s>") else ids
        assert_allclose(values_here, log_odds(network, ids, target), atol=1e-4)
    assert [str(name) for name in explanation[0].output_names] == ["good", "was"]


@pytest.mark.filterwarnings("ignore:Using the model-agnostic")
def test_what_a_language_model_writes_begins_once():
    words = tokenizer("<s> $A </s>")
    network = llama(words)
    ids = [0, *words("the plot", add_special_tokens=False)["input_ids"]]
    with torch.no_grad():
        written = network.generate(torch.tensor([ids]))[0, len(ids) :].tolist()
    written = [token for token in written if token != 1]
    for text in ("<s>the plot", "the plot"):
        explanation = SpexExplainer(network, words)([text], silent=True)
        names = [str(name) for name in explanation[0].output_names]
        assert names == [words.decode([token]) for token in written][: len(names)]
        assert names


@pytest.mark.parametrize("around", ["<s> $A", "<s> $A </s>"])
def test_the_next_tokens_of_language_models(around):
    words = tokenizer(around)
    network = llama(words)
    top = shap.models.TopKLM(network, words, k=2, device="cpu")
    masker = shap.maskers.Text(words, mask_token="...", collapse_mask_token=True)
    found = SpexExplainer(top, masker)(["<s>the plot"], silent=True)
    ids = [0, *words("the plot", add_special_tokens=False)["input_ids"]]
    with torch.no_grad():
        logits = network(torch.tensor([ids])).logits[0, -1].double()
    truth = torch.logit(logits.softmax(-1)).sort(descending=True).values[:2]
    assert_allclose((found.base_values + found.values.sum(axis=1))[0], truth, atol=1e-4)


def longrope(words):
    rope = {"rope_type": "longrope", "short_factor": [1.0] * 4, "long_factor": [8.0, 6.0, 4.0, 3.0]}
    rope |= {"rope_theta": 1e4, "partial_rotary_factor": 1.0, "original_max_position_embeddings": 7}
    sizes = {"vocab_size": len(words), "hidden_size": 16, "num_hidden_layers": 2, "intermediate_size": 32}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 2, "initializer_range": 0.5}
    torch.manual_seed(0)
    special = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    config = transformers.Phi3Config(
        **sizes, **heads, **special, original_max_position_embeddings=7, rope_scaling=rope
    )
    return transformers.Phi3ForCausalLM(config).eval()


def rwkv(words):
    torch.manual_seed(0)
    sizes = {"vocab_size": len(words), "hidden_size": 16, "num_hidden_layers": 2, "intermediate_size": 32}
    model = transformers.RwkvForCausalLM(transformers.RwkvConfig(**sizes, attention_hidden_size=16)).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(2.0)
    return model


@pytest.mark.parametrize("make", [longrope, rwkv])
def test_prompts_have_the_values_of_each_alone(make):
    words = tokenizer("<s> $A")
    network = make(words)
    explainer = SpexExplainer(network, words)
    prompts = np.array(
        ["the plot was good ! the plot", "the", "the plot", "good ! the", "was good ! the plot ! !"]
    )
    targets = np.array(["good was"] * len(prompts))
    found = explainer.model(prompts, targets)
    alone = np.concatenate([explainer.model(prompts[[i]], targets[[i]]) for i in range(len(prompts))])
    assert_allclose(found, alone, atol=1e-5)
    target = words("good was", add_special_tokens=False)["input_ids"]
    truth = [log_odds(network, words(str(prompt))["input_ids"], target) for prompt in prompts]
    assert_allclose(found, truth, atol=1e-4)
