"""Every value is that of the same prompt alone, in a plain forward; for every kind of model and of value."""

from __future__ import annotations

import itertools
import pickle

import numpy as np
import prompt_models as tiny
import pytest
import torch

import spex_plugins as spex
from spex_plugins.games import MaskedPrompt

TEXT = "not the disaster described"
BEHIND = "The hero is far from boring. Sentiment: positive\nReview: {}\nSentiment:"
TEMPLATES = {"text behind examples": BEHIND, "text first": "{}\nSentiment:", "text alone": "{}"}
ANSWERS = (" positive", " far from boring", " far from beautiful", " the critics")
MASKS = np.array(list(itertools.product([True, False], repeat=4)))
WORDS = tiny.tokenizer()


def _truth(game, answers, logits):
    """Return log-probabilities (16, A) of answers by plain forwards."""
    rows = [
        [tiny.log_probs(*logits(game.prompt(mask), answer)).sum() for answer in answers] for mask in MASKS
    ]
    assert np.std(rows, axis=0).min() > 0.02
    return np.array(rows)


def _causal_truth(game, model, answers):
    return _truth(game, answers, lambda *texts: tiny.causal_logits(model, WORDS, *texts))


@pytest.mark.slow
@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("make", [tiny.gpt2, tiny.llama, tiny.mistral, tiny.gemma2, tiny.bloom])
def test_causal_models(make, template):
    model = make()
    game = MaskedPrompt(model, WORDS, TEXT, template=TEMPLATES[template], answer=ANSWERS)
    # A prompt without a token begins with the model's own start.
    truth = _truth(game, ANSWERS, lambda prompt, one: tiny.causal_logits(model, WORDS, prompt or "<s>", one))
    np.testing.assert_allclose(game(MASKS), truth, atol=2e-5)
    np.testing.assert_allclose(
        np.concatenate([game(MASKS[5:6]), game(MASKS[7:9])]), truth[[5, 7, 8]], atol=2e-5
    )


@pytest.mark.parametrize("make", [tiny.gpt2, tiny.llama])
def test_the_common_beginning_is_computed_once(make, monkeypatch):
    model = make()
    seen = []
    plain = model.forward

    def spy(input_ids=None, **inputs):
        seen.append(tuple(input_ids.shape))
        return plain(input_ids=input_ids, **inputs)

    monkeypatch.setattr(model, "forward", spy)
    game = MaskedPrompt(model, WORDS, TEXT, template=BEHIND, answer=ANSWERS)
    # Eight tokens, twice; half a prompt, all of it, again; the common beginning; that prompt beside another.
    assert len(seen) == 7
    game(MASKS[:2])
    game(MASKS[2:10])
    whole = WORDS(BEHIND.replace("{}", TEXT))["input_ids"]
    before = len(WORDS(BEHIND.split(" {}")[0])["input_ids"])
    rows = 2  # for four answers: one is a single token, two have the same tokens but for the last
    longest = max(len(WORDS(answer)["input_ids"]) for answer in ANSWERS)
    width = len(whole) - before + longest - 1
    assert seen[5] == (1, before)
    assert seen[7:] == [(2 * rows, width), (8 * rows, width - 1)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "template", "begin"), [(tiny.t5, "$A </s>", [0]), (tiny.bart, "<s> $A </s>", [2, 1])]
)
def test_sequence_to_sequence_models(make, template, begin):
    model, words = make(), tiny.tokenizer(template)
    game = MaskedPrompt(model, words, TEXT, template=BEHIND, answer=ANSWERS)
    truth = _truth(game, ANSWERS, lambda *texts: tiny.written_logits(model, words, *texts, begin))
    np.testing.assert_allclose(game(MASKS), truth, rtol=1e-6, atol=5e-5)
    one = MaskedPrompt(model, words, TEXT, template=BEHIND, answer=ANSWERS[1], tokens=True)
    np.testing.assert_allclose(one(MASKS).sum(axis=1), truth[:, 1], rtol=1e-6, atol=5e-5)


@pytest.mark.parametrize(("make", "template"), [(tiny.bert, "<s> $A </s>"), (tiny.gpt2_classifier, None)])
def test_classifiers(make, template):
    model, words = make(), tiny.tokenizer(template)
    arguments = {"template": "Review: {}!", "replacement": "token"}
    game = MaskedPrompt(model, words, TEXT, answer=["good", 0], value="logit", **arguments)
    with torch.no_grad():
        inputs = [torch.tensor([words(game.prompt(mask))["input_ids"]]) for mask in MASKS]
        logits = torch.cat([model(ids).logits for ids in inputs]).double()
    assert logits.std(dim=0).min() > 0.1
    np.testing.assert_allclose(game(MASKS), logits[:, [2, 0]], atol=2e-5)
    assert game.output_names == ("good", "0")
    log_probs = logits.log_softmax(-1)
    for value, against, truth in [
        ("log_prob", None, log_probs[:, 2]),
        ("log_odds", None, log_probs[:, 2] - log_probs[:, :2].logsumexp(-1)),
        ("log_odds", "bad", logits[:, 2] - logits[:, 0]),
        ("log_odds", ["bad", "so-so"], logits[:, 2] - logits[:, :2].logsumexp(-1)),
    ]:
        one = MaskedPrompt(model, words, TEXT, answer="good", value=value, against=against, **arguments)
        np.testing.assert_allclose(one(MASKS), truth, atol=2e-5)


def test_labels_that_do_not_exclude_each_other():
    words = tiny.tokenizer("<s> $A </s>")
    model = tiny.bert(problem_type="multi_label_classification")
    logit, log_prob, log_odds = (
        MaskedPrompt(model, words, TEXT, answer="good", value=value)(MASKS)
        for value in ("logit", "log_prob", "log_odds")
    )
    np.testing.assert_allclose(log_odds, logit, atol=1e-9)
    np.testing.assert_allclose(log_prob, -np.log1p(np.exp(-logit)), atol=1e-9)


@pytest.mark.parametrize("value", ["log_prob", "mean_log_prob", "log_odds", "logit", "perplexity"])
def test_kinds_of_value(value):
    model = tiny.llama()
    answer = " far from boring"
    game = MaskedPrompt(model, WORDS, TEXT, template=BEHIND, answer=answer, value=value)
    by_token = MaskedPrompt(model, WORDS, TEXT, template=BEHIND, answer=answer, value=value, tokens=True)
    plain = [tiny.causal_logits(model, WORDS, game.prompt(mask), answer) for mask in MASKS]
    log_probs = np.array([tiny.log_probs(*each) for each in plain])
    logits = np.array([raw[torch.arange(len(ids)), ids].numpy() for raw, ids in plain])
    total = log_probs.sum(axis=1)
    truths = {
        "log_prob": (total, log_probs),
        "mean_log_prob": (log_probs.mean(axis=1), log_probs),
        "log_odds": (total - np.log1p(-np.exp(total)), log_probs - np.log1p(-np.exp(log_probs))),
        "logit": (logits.sum(axis=1), logits),
        "perplexity": (np.exp(-log_probs.mean(axis=1)), np.exp(-log_probs)),
    }
    assert log_probs.shape[1] > 2
    for found, truth in zip((game(MASKS), by_token(MASKS)), truths[value], strict=True):
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, truth, rtol=1e-4, atol=2e-5)
    assert game.output_names is None
    names = [WORDS.decode([token]).strip() for token in plain[0][1].tolist()]
    assert [name.split(" (")[0] for name in by_token.output_names] == names


def test_log_odds_against_alternatives():
    model = tiny.llama()
    game = MaskedPrompt(
        model, WORDS, TEXT, template=BEHIND, answer=ANSWERS[:2], against=ANSWERS[2:], value="log_odds"
    )
    truth = _causal_truth(game, model, ANSWERS)
    against = np.logaddexp(truth[:, 2], truth[:, 3])
    np.testing.assert_allclose(game(MASKS), truth[:, :2] - against[:, None], atol=2e-5)
    assert game.output_names == ("positive", "far from boring")


@pytest.mark.parametrize(("boost", "sign"), [(200.0, 1), (-200.0, -1)])
def test_log_odds_of_what_is_certain_are_finite_and_exact(boost, sign):
    model = tiny.gpt2(tie_word_embeddings=False)
    token = WORDS(" positive")["input_ids"]
    assert len(token) == 1
    model.lm_head.bias = torch.nn.Parameter(torch.zeros(400))
    plain = MaskedPrompt(model, WORDS, TEXT, template=BEHIND, answer=" positive", value="log_odds")(MASKS)
    with torch.no_grad():
        model.lm_head.bias[token] = boost
    sure = MaskedPrompt(model, WORDS, TEXT, template=BEHIND, answer=" positive", value="log_odds")(MASKS)
    np.testing.assert_allclose(sure, plain + boost, atol=1e-4)
    assert (np.sign(sure) == sign).all()


def test_half_precision():
    model = tiny.llama().to(torch.bfloat16)
    game = MaskedPrompt(model, WORDS, TEXT, template=BEHIND, answer=ANSWERS)
    np.testing.assert_allclose(game(MASKS), _causal_truth(game, model, ANSWERS), atol=0.4)
    single = MaskedPrompt(tiny.llama(), WORDS, TEXT, template=BEHIND, answer=ANSWERS)
    assert game.fingerprint != single.fingerprint


def test_the_last_space_of_the_prompt_joins_the_answer():
    model = tiny.llama()
    spaced = MaskedPrompt(model, WORDS, TEXT, template="{} Sentiment: ", answer="positive")
    plain = MaskedPrompt(model, WORDS, TEXT, template="{} Sentiment:", answer=" positive")
    glued = MaskedPrompt(model, WORDS, TEXT, template="{} Sentiment:", answer="positive")
    np.testing.assert_allclose(spaced(MASKS), plain(MASKS), atol=1e-6)
    assert np.abs(glued(MASKS) - plain(MASKS)).min() > 0.01


def test_special_tokens_stand_where_the_tokenizer_puts_them_but_for_the_end():
    words = tiny.tokenizer("<s> $A </s>")
    model = tiny.llama()
    game = MaskedPrompt(model, words, TEXT, template=BEHIND, answer=" positive")
    told = MaskedPrompt(model, WORDS, TEXT, template=f"<s>{BEHIND}", answer=" positive")
    np.testing.assert_allclose(game(MASKS), told(MASKS), atol=2e-5)


def test_a_game_is_explained():
    model = tiny.llama()
    game = MaskedPrompt(model, WORDS, TEXT, template=BEHIND, answer=ANSWERS)
    found = spex.explain(game, budget=16, progress=False)
    np.testing.assert_allclose(found.predict(MASKS), game(MASKS), atol=2e-5)
    assert found.feature_names == ("not", "the", "disaster", "described")


@pytest.mark.parametrize("make", [tiny.llama, tiny.bert, tiny.t5])
def test_a_game_survives_pickling(make):
    answer = "good" if make is tiny.bert else " positive"
    game = MaskedPrompt(make(), tiny.tokenizer("$A </s>"), TEXT, template=BEHIND, answer=answer)
    values = game(MASKS)
    copy = pickle.loads(pickle.dumps(game))
    np.testing.assert_array_equal(copy(MASKS), values)
    assert copy.fingerprint == game.fingerprint
    assert len(pickle.dumps(game)) < 2e6


def test_representation():
    game = MaskedPrompt(
        tiny.gpt2(), WORDS, TEXT, answer=" positive", against=" negative", value="log_odds", template=BEHIND
    )
    assert repr(game) == "MaskedPrompt(GPT2LMHeadModel, 4 features, ' positive', log_odds)"
