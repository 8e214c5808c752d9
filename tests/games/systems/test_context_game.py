"""`ContextGame`: prompts of documents, values against plain forwards, the model's own reply."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import prompt_models as tiny
import pytest
import torch
import transformers

from spex_plugins import InputError, TruncatedReplyWarning, explain_levels
from spex_plugins.games import ContextGame

WORDS = tiny.tokenizer()
QUESTION = "Where does Anna live?"
DOCUMENTS = {
    "letter": "Anna moved to Rome. Her sister lives there.",
    "diary": "The film is boring. It is not the disaster.",
    "atlas": "Rome lies in Italy.",
}
ANSWER = "She lives in Rome. It is in Italy."
CHAT = (
    "{{ bos_token }}{% for message in messages %}<{{ message['role'] }}>{{ message['content'] }}\n"
    "{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
)


def chat_words():
    """Return a tokenizer that has a chat template, and puts its first special token before every text."""
    words = tiny.tokenizer("<s> $A")
    words.chat_template = CHAT
    return words


def game(model=None, words=WORDS, **changes):
    settings = {"answer": ANSWER, "features": "sentence"} | changes
    return ContextGame(model or tiny.gpt2(), words, QUESTION, DOCUMENTS, **settings)


def all_masks(n):
    return (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(bool)


def by_hand(mask):
    """Return the text of a mask of the five sentences."""
    sentences = [
        ("letter", ["Anna moved to Rome.", "Her sister lives there."]),
        ("diary", ["The film is boring.", "It is not the disaster."]),
        ("atlas", ["Rome lies in Italy."]),
    ]
    left, kept = [], iter(mask)
    for name, parts in sentences:
        shown = [part for part in parts if next(kept)]
        if shown:
            left.append(f"{name}: {' '.join(shown)}")
    return "\n\n".join([*left, f"Question: {QUESTION}"])


def test_every_prompt_is_the_one_written_by_hand():
    context = game()
    assert context.n == 5
    for mask in all_masks(5):
        assert context.prompt(mask) == f"{by_hand(mask)}\nAnswer:"


@pytest.mark.parametrize("make", [tiny.gpt2, tiny.llama])
def test_every_value_equals_a_plain_forward(make):
    model = make()
    context = game(model)
    masks = all_masks(5)[::3]
    truth = [
        tiny.log_probs(*tiny.causal_logits(model, WORDS, context.prompt(mask), f" {ANSWER}")).sum()
        for mask in masks
    ]
    np.testing.assert_allclose(context(masks), truth, atol=1e-4)
    np.testing.assert_allclose(np.concatenate([context(mask[None]) for mask in masks]), truth, atol=1e-4)


def test_documents_as_a_whole():
    context = game(features="document", pinned=["diary"])
    assert context.feature_names == context.group_names == ("letter", "atlas")
    assert context.documents == DOCUMENTS
    prompt = context.prompt(np.array([False, True]))
    assert prompt.startswith("diary: The film is boring. It is not the disaster.\n\natlas: Rome")
    assert "letter" not in prompt
    np.testing.assert_allclose(
        context(all_masks(2)),
        game()(np.array([[a, a, 1, 1, b] for b in (0, 1) for a in (0, 1)], bool)),
        atol=1e-4,
    )


def test_names_groups_and_outputs():
    context = game(pinned="atlas", outputs="sentences")
    assert context.feature_names[0] == "letter: Anna moved to Rome."
    assert context.groups.tolist() == [0, 0, 1, 1]
    assert context.group_names == ("letter", "diary")
    assert context.output_names == ("She lives in Rome.", "It is in Italy.")
    assert context.answer == ANSWER
    assert "2 outputs" in repr(context)


@pytest.mark.parametrize("words", [WORDS, chat_words()], ids=["text", "chat"])
def test_sentences_of_the_answer_sum_to_the_answer(words):
    masks = all_masks(5)[::5]
    whole, parts = (game(words=words, outputs=outputs) for outputs in ("answer", "sentences"))
    np.testing.assert_allclose(parts(masks).sum(axis=1), whole(masks), atol=1e-4)
    first = game(words=words, answer="She lives in Rome.")
    np.testing.assert_allclose(parts(masks)[:, 0], first(masks), atol=1e-4)
    mean = game(words=words, outputs="sentences", value="mean_log_prob")
    assert np.all(np.abs(mean(masks)) < np.abs(parts(masks)))


@pytest.mark.parametrize("scheme", ["always", "never"])
@pytest.mark.parametrize("make", [tiny.llama, tiny.t5])
def test_tokens_of_unknown_words_do_not_shift_sentences(scheme, make):
    """They were counted by the length of their decoded text, "<unk>"."""
    first = "Zoë's 🎉 in Rome."
    answer = f"{first} It is in Italy."
    words = tiny.tokenizer_of_pieces(scheme)
    assert words(first)["input_ids"].count(words.unk_token_id) > 1
    with pytest.warns(UserWarning, match=r"^answer: the tokenizer reads "):
        parts = game(make(), words=words, answer=answer, outputs="sentences")
    with pytest.warns(UserWarning, match=r"^answer: the tokenizer reads "):
        alone = game(make(), words=words, answer=first)
    masks = all_masks(5)[::5]
    np.testing.assert_allclose(parts(masks)[:, 0], alone(masks), atol=1e-4)


def test_a_tokenizer_that_tells_no_places(monkeypatch):
    masks = all_masks(5)[::5]
    expected = game(outputs="sentences")(masks)
    monkeypatch.setattr(type(WORDS), "is_fast", False)
    np.testing.assert_allclose(game(outputs="sentences")(masks), expected, atol=1e-6)


def test_orders_are_averaged_or_outputs():
    masks = all_masks(5)[::4]
    given, outputs, averaged = game(), game(orders=3, outputs="orders"), game(orders=3)
    values = outputs(masks)
    assert values.shape == (len(masks), 3)
    assert outputs.output_names == ("as given", "order 2", "order 3")
    np.testing.assert_allclose(values[:, 0], given(masks), atol=1e-4)
    np.testing.assert_allclose(averaged(masks), values.mean(axis=1))
    assert np.abs(values[-1] - values[-1, 0]).max() > 0.01
    np.testing.assert_allclose(values[0], values[0, 0], atol=1e-4)  # without documents there is no order
    np.testing.assert_allclose(outputs.work(masks), 3 * given.work(masks))


def test_a_template_without_system_messages_says_so():
    words = tiny.tokenizer("<s> $A")
    words.chat_template = (
        "{% if messages[0]['role'] == 'system' %}"
        "{{ raise_exception('System role not supported') }}{% endif %}" + CHAT
    )
    with pytest.raises(InputError, match=r"^template: .* System role not supported.* into that of the user"):
        game(words=words, system="Be brief.")
    assert game(words=words).prompt(np.ones(5, dtype=bool)).startswith("<s><user>letter")


def test_one_document_is_one():
    context = ContextGame(tiny.gpt2(), WORDS, QUESTION, {"atlas": "Rome lies in Italy."}, answer="Rome.")
    assert repr(context) == f"ContextGame({QUESTION!r}: 1 document, 1 feature, answer 'Rome.')"
    assert "3 documents, 5 features" in repr(game())


def test_no_order_is_asked_twice():
    context = game(orders=6, outputs="orders")  # all of three documents
    prompts = {str(one.prompt(np.ones(5, dtype=bool))) for one in context._games}
    assert len(prompts) == 6


def test_the_values_have_a_name():
    assert game().value_name == "log-probability of the answer"
    sentences = game(outputs="sentences", value="mean_log_prob")
    assert sentences.value_name == "mean log-probability of the tokens of the sentence, given those before it"
    assert game(orders=2).value_name == "log-probability of the answer, mean of 2 orders"


def test_roles_and_special_tokens_of_a_chat():
    context = game(words=chat_words(), system="Answer in a word.")
    prompt = context.prompt(np.ones(5, dtype=bool))
    text = by_hand(np.ones(5, dtype=bool))
    assert prompt == f"<s><system>Answer in a word.\n<user>{text}\n<assistant>"
    row = context._games[0]._scorer.encoder.whole([prompt])[0]
    assert row.count(WORDS.bos_token_id) == 1
    model = tiny.gpt2()
    truth = tiny.exact(
        model,
        chat_words()(prompt, add_special_tokens=False)["input_ids"],
        chat_words()(ANSWER, add_special_tokens=False)["input_ids"],
    )
    np.testing.assert_allclose(
        game(model, chat_words(), system="Answer in a word.")(np.ones((1, 5), bool)), truth, atol=1e-4
    )


def test_a_text_with_places_is_not_formatted():
    documents = {"a {text}": "It holds {} and {question} and {context}.", "b": "Other."}
    context = ContextGame(tiny.gpt2(), WORDS, "What is {}?", documents, answer="Rome")
    assert context.prompt(np.array([True, False])).startswith(
        "a {text}: It holds {} and {question} and {context}.\n\nQuestion: What is {}?"
    )


@pytest.mark.parametrize("words", [WORDS, chat_words()], ids=["text", "chat"])
def test_the_own_reply_is_the_likeliest_continuation(words):
    model = tiny.llama()
    context = own(model, words, most=7)
    prompt = context.prompt(np.ones(5, dtype=bool))
    ids = words(prompt, add_special_tokens=False)["input_ids"]
    written = []
    for _ in range(7):
        with torch.no_grad():
            token = int(model(torch.tensor([[*ids, *written]])).logits[0, -1].argmax())
        if token == WORDS.eos_token_id:
            break
        written.append(token)
    expected = words.decode(written, skip_special_tokens=True)
    assert context.answer == (expected if words is not WORDS else expected.strip().splitlines()[0]).strip()


class Scripted(transformers.LogitsProcessor):
    """Makes a model write given tokens."""

    def __init__(self, tokens, behind):
        self.tokens, self.behind = tokens, behind

    def __call__(self, ids, scores):
        at = ids.shape[1] - self.behind
        forced = torch.full_like(scores, -torch.inf)
        forced[:, self.tokens[min(at, len(self.tokens) - 1)]] = 0.0
        return forced


def writing(text, encoder_decoder=False, ends=True, **config):
    """Return a model whose reply is a text, with an end of sequence behind it."""
    model = tiny.t5() if encoder_decoder else tiny.llama()
    tokens = WORDS(text, add_special_tokens=False)["input_ids"] + [WORDS.eos_token_id] * ends
    generate = model.generate

    def scripted(input_ids, **options):
        script = Scripted(tokens, 1 if encoder_decoder else input_ids.shape[1])
        return generate(input_ids, logits_processor=[script], **options)

    model.generate = scripted
    for name, value in config.items():
        setattr(model.generation_config, name, value)
    return model, len(tokens)


def own(model, words=WORDS, most=64):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TruncatedReplyWarning)
        return game(model, words, answer=None, max_new_tokens=most)


REPLY = "She lives in Rome."


@pytest.mark.parametrize("words", [WORDS, chat_words()], ids=["text", "chat"])
@pytest.mark.parametrize("encoder_decoder", [False, True])
@pytest.mark.parametrize("ids", [WORDS.eos_token_id, [0, WORDS.eos_token_id]])
def test_a_reply_that_ends_with_the_last_token_is_whole(words, encoder_decoder, ids):
    model, count = writing(REPLY, encoder_decoder, eos_token_id=ids)
    whole = game(model, words, answer=None, max_new_tokens=count)  # warnings are errors
    assert whole.answer == REPLY
    with pytest.warns(TruncatedReplyWarning, match=rf"^max_new_tokens: is {count - 1}.*'{REPLY}'") as told:
        assert game(model, words, answer=None, max_new_tokens=count - 1).answer == REPLY
    assert told[0].filename == __file__
    with pytest.warns(TruncatedReplyWarning, match="Raise max_new_tokens, or give an answer"):
        cut = game(model, words, answer=None, max_new_tokens=count - 3).answer
    assert cut != REPLY
    assert REPLY.startswith(cut)


def test_an_end_forced_at_the_limit_is_none():
    model, count = writing(REPLY, encoder_decoder=True, forced_eos_token_id=WORDS.eos_token_id)
    with pytest.warns(TruncatedReplyWarning):
        game(model, answer=None, max_new_tokens=count)


def test_a_reply_to_a_text_is_whole_where_its_first_line_is():
    model, count = writing("\n Rome.\nQuestion: Who", ends=False)
    for most in (count, count - 2):
        assert game(model, answer=None, max_new_tokens=most).answer == "Rome."
    with pytest.warns(TruncatedReplyWarning):
        game(model, chat_words(), answer=None, max_new_tokens=count)


def test_sequence_to_sequence_models():
    with pytest.warns(TruncatedReplyWarning):
        context = ContextGame(tiny.t5(), WORDS, QUESTION, DOCUMENTS, max_new_tokens=4)
    assert context(all_masks(3)).shape == (8,)
    assert context.answer


def test_replacement_keeps_the_place():
    context = game(replacement="[...]")
    assert context.prompt(np.zeros(5, bool)).startswith(
        "letter: [...] [...]\n\ndiary: [...] [...]\n\natlas: [...]"
    )


def test_fingerprints():
    model = tiny.gpt2()
    same = [game(model).fingerprint for _ in range(2)]
    changes = [
        {"answer": "Rome."}, {"pinned": ["atlas"]}, {"features": "document"}, {"orders": 2},
        {"layout": "{question}\n{context}"}, {"document": "{text}"}, {"outputs": "sentences"},
        {"replacement": "…"}, {"value": "mean_log_prob"}, {"orders": 2, "seed": 3},
        {"orders": 2, "outputs": "orders"},
    ]  # fmt: skip
    others = [game(model, **change).fingerprint for change in changes]
    others.append(game(model, chat_words()).fingerprint)
    assert same[0] == same[1]
    assert len({same[0], *others}) == len(others) + 1


def test_pickled():
    context = game(outputs="sentences")
    masks = all_masks(5)[:4]
    copy = pickle.loads(pickle.dumps(context))
    np.testing.assert_array_equal(copy(masks), context(masks))
    assert copy.fingerprint == context.fingerprint


def test_two_levels():
    context = game(tiny.llama())
    found = explain_levels(context, budget=24, share=0.5, progress=False)
    assert found.groups.exact
    assert found.groups.feature_names == ("letter", "diary", "atlas")
    assert set(found.interactions.feature_names) <= {*context.feature_names, *context.group_names}


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"pinned": ["nothing"]}, "pinned"),
        ({"pinned": list(DOCUMENTS)}, "pinned"),
        ({"outputs": "tokens"}, "outputs"),
        ({"orders": 0}, "orders"),
        ({"orders": 7}, "orders: must be at most 6 for 3 documents"),
        ({"outputs": "orders"}, "orders: .* give 2 or more"),
        ({"value": "logit"}, "value"),
        ({"answer": " "}, "answer"),
        ({"system": "Be brief."}, "system"),
        ({"document": "text"}, "document"),
        ({"layout": "{context}"}, "layout"),
        ({"max_new_tokens": 0}, "max_new_tokens"),
        ({"features": "page"}, "features"),
    ],
)
def test_unusable_arguments(changes, name):
    with pytest.raises(InputError, match=rf"^{name}"):
        game(**changes)


@pytest.mark.parametrize("documents", [{}, [], {"a": " "}, {1: "text"}, "text"])
def test_unusable_documents(documents):
    with pytest.raises(InputError, match=r"^documents"):
        ContextGame(tiny.gpt2(), WORDS, QUESTION, documents, answer="Rome")


def test_a_model_in_training_mode():
    with pytest.raises(InputError, match=r"^model"):
        game(tiny.gpt2().train())
