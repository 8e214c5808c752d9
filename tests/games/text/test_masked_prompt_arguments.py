"""What a prompt looks like for every mask, what does not fit is told, fingerprints tell games apart."""

from __future__ import annotations

import warnings

import numpy as np
import prompt_models as tiny
import pytest
import torch

from spex_plugins import InputError, explain
from spex_plugins.games import MaskedPrompt, WindowWarning
from spex_plugins.games.common.model_fingerprint import model_digest, tokenizer_digest
from spex_plugins.games.text.text_features import masked_parts

WORDS = tiny.tokenizer()
MODEL = tiny.llama()


def _mask(bits):
    return np.array([bit == "1" for bit in bits])


@pytest.mark.parametrize(
    ("text", "features", "bits", "expected"),
    [
        ("It is not bad.", "word", "1101", "It is bad."),
        ("It is not bad.", "word", "0011", "not bad."),
        ("It is not bad.", "word", "0000", ""),
        ("One. Two!\n\nThree?", "sentence", "101", "One.\n\nThree?"),
        ("One. Two!\n\nThree?", "sentence", "001", "Three?"),
        ("a b\n\nc d\n\ne", "paragraph", "101", "a b\n\ne"),
        (" a  b\n", "word", "01", " b\n"),
        ("naïve “état” 日本語 👍🏽", "word", "101011", "naïve 日語 👍🏽"),
        ("naïve “état” 日本語 👍🏽", "word", "010001", "“état” 👍🏽"),
        ("the (big) dog barks", [(5, 8), (10, 13)], "01", "the () dog barks"),
        ("the (big) dog barks", [(10, 13), (5, 8)], "01", "the (big) barks"),
        ("the (big) dog barks", [(0, 9)], "0", "dog barks"),
        ("a,b;c", lambda text: [(0, 1), (2, 3), (4, 5)], "010", ",b;"),
        ("a b c d", lambda text: ["a b", "c d"], "01", "c d"),
        ("one two\nthree", "word", "011", "two\nthree"),
        ("one two\nthree", "word", "100", "one"),
        ("Name: Ann. Age: 30.", [(6, 9), (16, 18)], "00", "Name:. Age:."),
        ("Name: Ann. Age: 30.", [(6, 9), (16, 18)], "01", "Name:. Age: 30."),
    ],
)
def test_masked_parts_leave(text, features, bits, expected):
    parts = masked_parts(text, features)
    assert len(parts.spans) == len(bits)
    masks = np.array([_mask(bits), np.ones(len(bits), dtype=bool)])
    assert parts.texts(masks, None) == [expected, text]
    assert parts.texts(masks[1:], "…") == [text]
    assert [text[start:end].strip() for start, end in parts.spans] == list(parts.names)


def test_masked_parts_are_replaced():
    parts = masked_parts("One is. Two was!\n\nThree?", "sentence")
    assert parts.texts([_mask("010"), _mask("101")], "[…]") == [
        "[…] Two was!\n\n[…]",
        "One is. […]\n\nThree?",
    ]
    words = tiny.tokenizer()
    game = MaskedPrompt(
        MODEL, words, "not bad at all", template="A {} B", answer=" good", replacement="token"
    )
    assert game.prompt(_mask("0100")) == "A <mask> bad <mask> <mask> B"
    named = MaskedPrompt(MODEL, words, "not bad", template="{}: {name}", answer=" good", replacement="_")
    assert named.prompt(_mask("01")) == "_ bad: {name}"


def test_texts_in_many_scripts():
    """Every mask of a text with signs of several bytes has the value of its prompt alone."""
    text = "naïve “état” 日本 👍🏽"
    game = MaskedPrompt(MODEL, WORDS, text, template="Sentiment of {} is:", answer=" é👍")
    masks = np.random.default_rng(0).random((12, game.n)) < 0.5
    truth = [
        tiny.log_probs(*tiny.causal_logits(MODEL, WORDS, game.prompt(mask), " é👍")).sum() for mask in masks
    ]
    np.testing.assert_allclose(game(masks), truth, atol=2e-5)
    assert game.feature_names == ("naïve", "“état”", "日", "本", "👍🏽")


@pytest.mark.parametrize("scheme", ["always", "never"])
@pytest.mark.parametrize("make", [tiny.llama, tiny.t5])
def test_answers_that_the_tokenizer_does_not_know(make, scheme):
    """Their value was that of the token for all unknown texts, whatever the answer."""
    words = tiny.tokenizer_of_pieces(scheme)
    settings = {"template": "{} Answer:", "value": "log_odds"}
    for answer, against in (("🎉", " Rome"), (" Rome", " 🎉"), ([" Rome", " 🎉"], None)):
        with pytest.raises(InputError, match=r"^answer: the tokenizer reads .*🎉"):
            MaskedPrompt(make(), words, "Anna moved", answer=answer, against=against, **settings)
    with pytest.warns(UserWarning, match=r"^answer: the tokenizer reads .*Zoë"):
        MaskedPrompt(make(), words, "Anna moved", answer=" Zoë Rome", **settings)
    named = MaskedPrompt(make(), words, "Anna moved", answer=" <unk>", **settings)
    assert np.isfinite(named(np.ones((1, 2), dtype=bool))).all()


@pytest.mark.parametrize(
    "features",
    ["token", 3, [(0, 2), (1, 3)], [(0, 0)], [(0, 99)], [], ["It"], lambda text: ["other"], lambda text: []],
)
def test_features_that_do_not_fit(features):
    with pytest.raises(InputError, match=r"^features: "):
        MaskedPrompt(MODEL, WORDS, "It is good", answer=" good", features=features)


@pytest.mark.parametrize(
    ("changes", "argument"),
    [
        ({"text": ""}, "features"),
        ({"text": None}, "text"),
        ({"template": "no place"}, "template"),
        ({"template": "{} and {}"}, "template"),
        ({"answer": ""}, "answer"),
        ({"answer": []}, "answer"),
        ({"answer": 3}, "answer"),
        ({"answer": None}, "answer"),
        ({"value": "prob"}, "value"),
        ({"against": " bad"}, "against"),
        ({"tokens": True, "answer": [" a", " b"]}, "tokens"),
        ({"tokens": True, "against": " a", "value": "log_odds"}, "tokens"),
        ({"replacement": 0}, "replacement"),
    ],
)
def test_arguments_that_do_not_fit(changes, argument):
    arguments = {"text": "It is good", "answer": " good"} | changes
    with pytest.raises(InputError, match=rf"^{argument}: "):
        MaskedPrompt(MODEL, WORDS, **arguments)


def test_labels_that_do_not_exist():
    model, words = tiny.bert(), tiny.tokenizer("<s> $A </s>")
    for answer in ("great", 3, -1, True):
        with pytest.raises(InputError, match=r"^answer: .*'bad', 'so-so', 'good'"):
            MaskedPrompt(model, words, "It is good", answer=answer)
    with pytest.raises(InputError, match=r"^tokens: "):
        MaskedPrompt(model, words, "It is good", answer="good", tokens=True)


def test_a_regression_has_logits_only():
    model, words = tiny.bert(num_labels=1), tiny.tokenizer("<s> $A </s>")
    with pytest.raises(InputError, match="value='logit'"):
        MaskedPrompt(model, words, "It is good", answer=0)
    game = MaskedPrompt(model, words, "It is good", answer=0, value="logit")
    with torch.no_grad():
        truth = model(torch.tensor([words("It good")["input_ids"]])).logits[0, 0].item()
    np.testing.assert_allclose(game(np.array([[True, False, True]])), [truth], atol=1e-5)


def test_models_that_cannot_be_asked():
    with pytest.raises(InputError, match=r"model\.eval\(\)"):
        MaskedPrompt(tiny.llama().train(), WORDS, "It is good", answer=" good")
    game = MaskedPrompt(tiny.llama(), WORDS, "It is good", answer=" good")
    game._model.train()
    with pytest.raises(InputError, match=r"model\.eval\(\)"):
        game(np.ones((1, 3), dtype=bool))
    with pytest.raises(InputError, match=r"^model: must be a causal"):
        MaskedPrompt(tiny.llama().model, WORDS, "It is good", answer=" good")
    words = tiny.tokenizer()
    words.mask_token = None
    with pytest.raises(InputError, match=r"^replacement: "):
        MaskedPrompt(MODEL, words, "It is good", answer=" good", replacement="token")


def test_tokens_that_change_with_the_mask():
    game = MaskedPrompt(MODEL, WORDS, "far Sent", answer="iment", tokens=True)
    with pytest.raises(InputError, match=r"^tokens: "):
        game(np.array([[True, True], [True, False]]))


def test_prompts_beyond_the_window():
    text = "one " * 40
    whole = len(WORDS(f"{text.strip()} one")["input_ids"])
    long = tiny.llama(max_position_embeddings=whole - 3)
    with pytest.warns(WindowWarning, match=rf"{whole} tokens, 3 more than .* \({whole - 3}\)") as told:
        game = MaskedPrompt(long, WORDS, text.strip(), answer=" one")
    assert len(told) == 1
    assert told[0].filename == __file__
    masks = np.ones((1, game.n), dtype=bool)
    truth = tiny.log_probs(*tiny.causal_logits(long, WORDS, text.strip(), " one")).sum()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(game(masks), truth, atol=2e-5)  # nothing is cut
    with pytest.raises(InputError, match=rf"^text: .* {whole} tokens, 3 more"):
        MaskedPrompt(tiny.gpt2(n_positions=whole - 3), WORDS, text.strip(), answer=" one")
    words = tiny.tokenizer()
    words.model_max_length = whole - 1
    with pytest.warns(WindowWarning, match=", 1 more than"):
        MaskedPrompt(MODEL, words, text.strip(), answer=" one")
    words.model_max_length = whole
    MaskedPrompt(MODEL, words, text.strip(), answer=" one")


@pytest.mark.parametrize("mask", ["remove", "token", "..."])
def test_work_is_the_number_of_tokens(mask):
    text = "The film is not the disaster that the critics described, and its hero is far from boring."
    game = MaskedPrompt(
        MODEL, WORDS, text, template="Review: {}\nSentiment:", answer=" good", replacement=mask
    )
    masks = np.random.default_rng(0).random((200, game.n)) < 0.5
    counted = [len(WORDS(game.prompt(row))["input_ids"]) + len(WORDS(" good")["input_ids"]) for row in masks]
    work = game.work(masks)
    assert work.shape == (200,)
    # "The" at the beginning, and signs that joined, are other tokens.
    assert np.abs(work - counted).max() <= 4
    assert np.corrcoef(work, counted)[0, 1] > 0.97


SAME = {"text": "It is good", "answer": " good", "template": "A {} B", "value": "log_prob"}


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "It is  good"},
        {"answer": " bad"},
        {"answer": [" good"]},
        {"answer": [" good", " bad"]},
        {"template": "A  {} B"},
        {"features": "sentence"},
        {"features": [(0, 2), (3, 5)]},
        {"replacement": "token"},
        {"replacement": "..."},
        {"value": "logit"},
        {"value": "log_odds"},
        {"value": "log_odds", "against": " bad"},
        {"tokens": True},
    ],
)
def test_fingerprints_tell_games_apart(changes):
    same = MaskedPrompt(MODEL, WORDS, **SAME)
    again = MaskedPrompt(tiny.llama(), tiny.tokenizer(), **SAME | {"features": [(0, 2), (3, 5), (6, 10)]})
    assert same.fingerprint == again.fingerprint
    assert len(same.fingerprint) == 64
    assert MaskedPrompt(MODEL, WORDS, **SAME | changes).fingerprint != same.fingerprint


def test_fingerprints_tell_models_and_tokenizers_apart():
    found = {MaskedPrompt(MODEL, WORDS, **SAME).fingerprint}
    model = tiny.llama()
    with torch.no_grad():
        model.model.layers[1].mlp.up_proj.weight[3, 5] += 1e-6
    words = tiny.tokenizer()
    words.add_tokens(["goo"])
    for changed in (
        (model, WORDS),
        (tiny.llama(rms_norm_eps=1e-4), WORDS),
        (tiny.mistral(), WORDS),
        (tiny.llama().double(), WORDS),
        (MODEL, tiny.tokenizer("<s> $A")),
        (MODEL, words),
    ):
        found.add(MaskedPrompt(*changed, **SAME).fingerprint)
    assert len(found) == 7


def test_every_edit_of_a_model_changes_its_digest():
    model = tiny.llama()
    digests = [model_digest(model)]
    with torch.no_grad():
        model.lm_head.weight[0, 0] += 1.0
    digests.append(model_digest(model))
    model.lm_head.weight.data.mul_(3.0)  # changes neither its address nor its version
    digests.append(model_digest(model))
    model.lm_head.weight.data[[0, 1]] = model.lm_head.weight.data[[1, 0]]
    digests.append(model_digest(model))
    model.config.rms_norm_eps *= 2
    digests.append(model_digest(model))
    assert len(set(digests)) == 5
    assert model_digest(tiny.llama()) == digests[0]


def test_a_game_of_an_edited_model_has_its_own_answers(tmp_path):
    model = tiny.llama()
    kept = {"store": tmp_path / "s.sqlite", "progress": False}
    first = explain(MaskedPrompt(model, WORDS, **SAME), **kept)
    for weight in model.parameters():
        weight.data.mul_(1.5)
    edited = MaskedPrompt(model, WORDS, **SAME)
    found = explain(edited, **kept)
    assert (found.n_calls, found.n_stored) == (first.n_calls, 0)
    np.testing.assert_allclose(found.full_value, edited(np.ones((1, edited.n), dtype=bool))[0], rtol=1e-5)


def test_the_last_call_of_a_tokenizer_does_not_count():
    words = tiny.tokenizer()
    digest = tokenizer_digest(words)
    words(["a", "a b"], padding=True, truncation=True, max_length=1)
    assert tokenizer_digest(words) == digest
