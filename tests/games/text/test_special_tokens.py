"""Special tokens stand once, whether the tokenizer, the text or the chat template writes them."""

from __future__ import annotations

import itertools
import pickle

import numpy as np
import prompt_models as tiny
import pytest
import torch

from spex_plugins import InputError
from spex_plugins.games import MaskedPrompt
from spex_plugins.games.text.tokens import Encoder
from spex_plugins.language_models.special_tokens import special_tokens

TEXT = "not the disaster described"
MASKS = np.array(list(itertools.product([True, False], repeat=4)))
TARGET = " positive"
PLAIN = tiny.tokenizer()
CHAT = (
    "{% for m in messages %}{% if loop.first %}{{ bos_token }}{% endif %}[{{ m['role'] }}] "
    "{% if m['content'] is string %}{{ m['content'] | trim }}{% else %}"
    "{% for part in m['content'] %}{{ part['text'] }}{% endfor %}{% endif %} {% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)
ASKED = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Is it good? {}"}]


def _ids(text):
    return PLAIN(text, add_special_tokens=False)["input_ids"]


def _check(game, model, prompt_of):
    """Compare values with plain forwards of prompts that are written with all their special tokens."""
    truth = [tiny.exact(model, _ids(prompt_of(game.prompt(mask))), _ids(TARGET)) for mask in MASKS]
    assert np.std(truth) > 0.02
    np.testing.assert_allclose(game(MASKS), truth, atol=2e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "added", ["<s> $A", "<s> $A </s>", "$A </s>", "<s> <mask> $A", "$A </s> <mask>", None]
)
@pytest.mark.parametrize("begin", ["<s>", "<s><mask>", "\n<s>", "", "The <s>"])
def test_prompts_of_causal_models_begin_once(added, begin):
    model, words = tiny.llama(), tiny.tokenizer(added)
    game = MaskedPrompt(model, words, TEXT, template=begin + "Review: {}\nSentiment:", answer=TARGET)
    before = "" if added is None else added.split("$A")[0].replace(" ", "")
    own = begin.lstrip().startswith("<s>")
    _check(game, model, lambda prompt: prompt if own else before + prompt)


def test_a_word_at_the_beginning_is_no_special_token():
    """Unknown words have the same number where the tokenizer has no token of its own for them."""
    special = special_tokens(PLAIN, lambda text, special: [1] * special + [7 if text == "a" else 1])
    assert special.before == (1,)
    assert special.begins("<s>word", [1, 5])
    assert not special.begins("word", [1])


@pytest.mark.slow
@pytest.mark.parametrize("added", ["<s> $A", "<s> $A </s>", None])
def test_messages_of_a_chat(added):
    model, words = tiny.llama(), tiny.tokenizer(added)
    words.chat_template = CHAT
    parts = [{**ASKED[1], "content": [{"type": "text", "text": "Is it good? {}"}]}]
    begun = [*ASKED, {"role": "assistant", "content": "Its sentiment is"}]
    for messages, more in ((ASKED, {}), (parts, {}), (begun, {"continue_final_message": True})):
        game = MaskedPrompt(model, words, TEXT, template=messages, answer=TARGET)
        truth = []
        for mask in MASKS:
            text = " ".join(word for word, kept in zip(TEXT.split(), mask, strict=True) if kept)
            filled = [dict(message) for message in messages]
            for message in filled:
                if isinstance(message["content"], str):
                    message["content"] = message["content"].replace("{}", text)
                else:
                    message["content"] = [{"type": "text", "text": f"Is it good? {text}"}]
            settings = more or {"add_generation_prompt": True}
            ids = words.apply_chat_template(filled, tokenize=True, return_dict=False, **settings)
            truth.append(tiny.exact(model, ids, _ids(TARGET)))
        np.testing.assert_allclose(game(MASKS), truth, atol=2e-5)
        assert pickle.loads(pickle.dumps(game)).prompt(MASKS[3]) == game.prompt(MASKS[3])
    written = MaskedPrompt(
        model, words, TEXT, template=game.prompt(MASKS[0]).replace(TEXT, "{}"), answer=TARGET
    )
    np.testing.assert_allclose(written(MASKS[:-1]), game(MASKS[:-1]), atol=1e-6)
    assert written.fingerprint != game.fingerprint


@pytest.mark.parametrize(
    ("messages", "match"),
    [
        ([], "must be dicts"),
        ([{"content": "{}"}], "must be dicts"),
        (["{}"], "must be dicts"),
        ([{"role": "user", "content": "no place"}], r"must hold '\{\}'"),
        ([*ASKED, ASKED[1]], r"must hold '\{\}'"),
    ],
)
def test_messages_that_do_not_fit(messages, match):
    words = tiny.tokenizer()
    words.chat_template = CHAT
    with pytest.raises(InputError, match=f"^template: .*{match}"):
        MaskedPrompt(tiny.llama(), words, TEXT, template=messages, answer=TARGET)


def test_messages_that_the_template_drops():
    words = tiny.tokenizer()
    with pytest.raises(InputError, match=r"^template: the tokenizer has no chat template"):
        MaskedPrompt(tiny.llama(), words, TEXT, template=ASKED, answer=TARGET)
    words.chat_template = "{{ messages[0]['content'] }}"
    with pytest.raises(InputError, match=r"^template: .* leaves out the message"):
        MaskedPrompt(tiny.llama(), words, TEXT, template=ASKED, answer=TARGET)


@pytest.mark.parametrize("template", ["Review: {}", "<s>Review: {}", "Review: {}</s>", "<s>{}!</s>\n"])
def test_prompts_that_are_read_as_a_whole(template):
    model = tiny.bert()
    game = MaskedPrompt(model, tiny.tokenizer("<s> $A </s>"), TEXT, template=template, answer="good")
    whole = template if template.startswith("<s>") else "<s>" + template
    whole = whole if whole.rstrip().endswith("</s>") else whole + "</s>"
    told = MaskedPrompt(model, PLAIN, TEXT, template=whole, answer="good")
    np.testing.assert_allclose(game(MASKS), told(MASKS), atol=2e-5)
    written = MaskedPrompt(tiny.t5(), tiny.tokenizer("<s> $A </s>"), TEXT, template=template, answer=TARGET)
    assert written._scorer.encoder.whole([game.prompt(MASKS[0])]) == [_ids(told.prompt(MASKS[0]))]


def test_tokenizers_that_are_set_to_pad_and_cut():
    words = tiny.tokenizer("<s> $A </s>")
    words.backend_tokenizer.enable_padding(length=50)
    words.backend_tokenizer.enable_truncation(3)
    plain = tiny.tokenizer("<s> $A </s>")
    for make, answer in ((tiny.llama, TARGET), (tiny.bert, "good"), (tiny.t5, TARGET)):
        model = make()
        found, truth = (MaskedPrompt(model, each, TEXT, answer=answer)(MASKS[:-1]) for each in (words, plain))
        np.testing.assert_allclose(found, truth, atol=2e-5)


def test_special_tokens_that_cannot_be_told():
    class Odd:
        def __call__(self, text, add_special_tokens, **_):
            return {"input_ids": [[1, 2, 3] if add_special_tokens else [4] for _ in text]}

    with pytest.raises(InputError, match=r"^tokenizer: makes"):
        Encoder(Odd())


def test_the_classes_of_pairs():
    torch.manual_seed(0)
    words = tiny.tokenizer("<s> $A </s>", "<s> $A </s> $B:1 </s>:1")
    model = tiny.bert()
    first, second = "not the disaster", "It is charming"

    def truth(game, pairs):
        rows = []
        for mask in MASKS[:, : game.n]:
            inputs = words(*pairs(mask), return_tensors="pt")
            with torch.no_grad():
                rows.append(model(**inputs).logits.log_softmax(-1)[0, 2].item())
        return rows

    def kept(text, mask):
        return " ".join(word for word, one in zip(text.split(), mask, strict=True) if one)

    one = MaskedPrompt(model, words, first, template=("{}", second), answer="good")
    np.testing.assert_allclose(
        one(MASKS[:, :3]), truth(one, lambda mask: (kept(first, mask), second)), atol=2e-5
    )
    other = MaskedPrompt(model, words, first, template=(second, "{}"), answer="good")
    np.testing.assert_allclose(
        other(MASKS[:, :3]), truth(other, lambda mask: (second, kept(first, mask))), atol=2e-5
    )
    both = MaskedPrompt(model, words, (first, second), answer="good")
    assert both.feature_names == ("not", "the", "disaster", "It", "is", "charming")
    masks = np.random.default_rng(0).random((20, 6)) < 0.5
    for mask, value in zip(masks, both(masks), strict=True):
        inputs = words(kept(first, mask[:3]), kept(second, mask[3:]), return_tensors="pt")
        assert both.prompt(mask) == (kept(first, mask[:3]), kept(second, mask[3:]))
        with torch.no_grad():
            assert value == pytest.approx(model(**inputs).logits.log_softmax(-1)[0, 2].item(), abs=2e-5)
    assert (both.work(masks) > 0).all()
    spans = MaskedPrompt(
        model, words, (first, second), features=([(0, 3), (4, 7), (8, 16)], "word"), answer="good"
    )
    np.testing.assert_allclose(spans(masks), both(masks), atol=1e-7)
    assert spans.fingerprint == both.fingerprint != one.fingerprint


def test_pairs_in_words_of_one_text():
    words = tiny.tokenizer("<s> $A </s>", "<s> $A </s> $B:1 </s>:1")
    with pytest.raises(InputError, match=r"^template: holds '</s>'.*template=\('\{\}', 'second text'\)"):
        MaskedPrompt(tiny.bert(), words, TEXT, template="{} </s> It is good", answer="good")
    MaskedPrompt(tiny.bert(), words, TEXT, template="<s>{}</s>", answer="good")
    same = tiny.tokenizer("<s> $A </s>", "<s> $A </s> $B </s>")  # tells no texts apart
    MaskedPrompt(tiny.bert(), same, TEXT, template="{} </s> It is good", answer="good")


@pytest.mark.parametrize(
    ("changes", "argument"),
    [
        ({"template": ("{}", "{}")}, "template"),
        ({"template": ("a", "b")}, "template"),
        ({"template": ("{}", "b", "c")}, "template"),
        ({"text": ("a b", "c"), "template": ("{}", "c")}, "template"),
        ({"text": ("a b", "c"), "template": ("{} {}", "c")}, "template"),
        ({"text": ("a", 3)}, "text"),
        ({"text": ("a b", "c"), "features": [(0, 1), (2, 3), (0, 1)]}, "features"),
    ],
)
def test_pairs_that_do_not_fit(changes, argument):
    words = tiny.tokenizer("<s> $A </s>", "<s> $A </s> $B:1 </s>:1")
    with pytest.raises(InputError, match=f"^{argument}: "):
        MaskedPrompt(tiny.bert(), words, **{"text": "a b", "answer": "good"} | changes)


def test_causal_models_read_no_pairs():
    with pytest.raises(InputError, match=r"^template: .* takes no pairs"):
        MaskedPrompt(tiny.llama(), PLAIN, ("a", "b"), answer=TARGET)
