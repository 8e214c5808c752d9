"""Texts through tokenizers of every kind: special tokens, none, bytes; empty and short texts."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import shap
from numpy.testing import assert_allclose

from spex_plugins import InputError
from spex_plugins.shap import SpexExplainer

pytest.importorskip("transformers")
tiny = pytest.importorskip("tiny_models")


def length(texts):
    return np.array([len(text) + 3.0 * ("é" in text) * ("bad" in text) for text in texts])


def shapley(function, masker, text, players):
    """Return Shapley values by their definition, of the masker's own texts."""
    n = masker.shape(text)[1]

    def value(kept):
        mask = np.zeros(n, dtype=bool)
        mask[list(kept)] = True
        return function(masker(mask, text)[0])[0]

    values = np.zeros(n)
    for i in players:
        others = [j for j in players if j != i]
        for size in range(len(players)):
            weight = 1 / (len(players) * math.comb(len(players) - 1, size))
            for kept in itertools.combinations(others, size):
                values[i] += weight * (value((*kept, i)) - value(kept))
    return values


@pytest.mark.parametrize("trim_offsets", [True, False])
def test_characters_of_several_tokens_are_shown_once_and_hidden_whole(trim_offsets):
    text = "a café 日😀 bad"
    seen = []

    def model(texts):
        seen.extend(map(str, texts))
        return length(texts)

    explainer = SpexExplainer(model, tiny.byte_tokenizer(trim_offsets))
    explanation = explainer([text], max_evals=300, silent=True)
    assert text in seen
    assert all(other.count(one) <= 1 for other in seen for one in "é日😀")
    assert any("é" in other and "日" not in other for other in seen)
    assert "".join(explanation.data[0]).strip() == text
    names = explanation.feature_names[0]
    single = [i for i, name in enumerate(names) if name and name in "é日😀"]
    assert [names[i] for i in single] == ["é", "日", "😀"]
    followers = [i + 1 for i in single]
    assert not explanation.values[0][followers].any()
    assert_allclose(explanation.base_values + explanation.values[0].sum(), length([text]))


def test_characters_of_several_tokens_have_exact_values():
    explainer = SpexExplainer(length, tiny.byte_tokenizer())
    text = "é bad"
    explanation = explainer([text], silent=True)
    offsets = explainer.masker.tokenizer(text, return_offsets_mapping=True)["offset_mapping"]
    players = [i for i, pair in enumerate(offsets) if pair not in offsets[:i]]
    assert len(players) < len(offsets)
    assert explanation[0].interactions.n_calls == 2 ** len(players)
    exact = shapley(length, explainer.masker, text, players)
    assert_allclose(explanation.values[0], exact, atol=1e-8)


@pytest.mark.parametrize(
    "composite",
    [
        shap.maskers.FixedComposite,
        lambda inner: shap.maskers.OutputComposite(inner, lambda text: np.array(["x"])),
    ],
)
def test_characters_are_whole_for_language_models_too(composite):
    text = "a café 日😀"
    masker = composite(shap.maskers.Text(tiny.byte_tokenizer()))
    ours = SpexExplainer(lambda texts, others: length(texts), masker).masker
    everything = np.ones(ours.shape(text)[1], dtype=bool)
    assert masker(everything, text)[0][0] != text
    assert ours(everything, text)[0][0] == text
    assert ours(everything, text)[1].shape == (1,)


def test_ascii_is_masked_as_by_shap():
    tokenizer = tiny.byte_tokenizer()
    text = "the bad cafe is good"
    plain, ours = shap.maskers.Text(tokenizer), SpexExplainer(length, tokenizer).masker
    masks = np.random.default_rng(0).random((50, plain.shape(text)[1])) < 0.5
    assert [plain(m, text)[0][0] for m in masks] == [ours(m, text)[0][0] for m in masks]
    assert (plain.invariants(text) == ours.invariants(text)).all()


@pytest.mark.parametrize("output_type", ["string", "token_ids"])
def test_token_ids_are_masked_with_their_character(output_type):
    masker = shap.maskers.Text(tiny.byte_tokenizer(), mask_token="...", output_type=output_type)
    ours = SpexExplainer(length, masker).masker
    mask = np.ones(ours.shape("é bad")[1], dtype=bool)
    mask[0] = False
    hidden = ours(mask, "é bad")[0][0]
    if output_type == "string":
        assert hidden == "...bad"
    else:
        ids = masker.tokenizer("é bad")["input_ids"]
        assert hidden.tolist() == [ours.mask_token_id] * 2 + ids[2:]


@pytest.mark.parametrize(
    ("masker", "text", "calls", "names"),
    [
        (tiny.masked_word_tokenizer, "never  charm", 4, ["", "never", "charm", ""]),
        (tiny.masked_word_tokenizer, "never", 2, ["", "never", ""]),
        (tiny.masked_word_tokenizer, "", 1, ["", ""]),
        (tiny.word_tokenizer, "never", 2, ["never"]),
        (lambda: shap.maskers.Text(r"\W"), "never  charm", 8, ["never", "", "charm"]),
        (lambda: shap.maskers.Text(r"\W"), " ", 2, [""]),
    ],
)
def test_short_and_empty_texts(masker, text, calls, names):
    explainer = SpexExplainer(length, masker())
    explanation = explainer([text], silent=True)
    assert explanation[0].interactions.n_calls == calls
    assert explanation.feature_names[0] == names
    everything = np.ones(len(names), dtype=bool)
    assert_allclose(
        explanation.base_values[0] + explanation.values[0].sum(),
        length(explainer.masker(everything, text)[0]),
    )


@pytest.mark.parametrize("masker", [tiny.word_tokenizer, lambda: shap.maskers.Text(r"\W")])
def test_texts_without_tokens(masker):
    with pytest.raises(InputError, match="rows: the text '' has no tokens"):
        SpexExplainer(length, masker())(["never", ""], silent=True)


def test_one_text_is_no_list_of_texts():
    with pytest.raises(InputError, match=r"explainer\(\[text\]\)"):
        SpexExplainer(length, shap.maskers.Text(r"\W"))("never fails", silent=True)


def test_settings_of_a_text_masker_are_kept():
    masker = shap.maskers.Text(r"\W", mask_token="[x]", collapse_mask_token=False)
    ours = SpexExplainer(length, masker).masker
    assert ours(np.array([False, True, False]), "a bc d")[0][0] == "[x]bc [x]"
    assert type(masker) is shap.maskers.Text
