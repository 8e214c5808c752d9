"""Both shapes of log-probs, tokens in all spellings, and honest bounds for what a server does not tell."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spex_plugins import InputError
from spex_plugins.games.chat.echo import echoed_log_prob
from spex_plugins.games.chat.scores import (
    MissingLogProbsError,
    TopTokens,
    answer_forms,
    first_of_several,
    score_answer,
    score_difference,
)


def chat_reply(table, count, with_bytes=True):
    listed = sorted(table.items(), key=lambda item: -item[1])[:count]
    entries = [{"token": token, "logprob": value} for token, value in listed]
    if with_bytes:
        entries = [{**entry, "bytes": list(entry["token"].encode())} for entry in entries]
    return {"choices": [{"logprobs": {"content": [{**entries[0], "top_logprobs": entries}]}}]}


def legacy_reply(table, count):
    listed = dict(sorted(table.items(), key=lambda item: -item[1])[:count])
    (token, value), *_ = listed.items()
    told = {"tokens": [token], "token_logprobs": [value], "top_logprobs": [listed], "text_offset": [0]}
    return {"choices": [{"logprobs": told, "text": token}]}


TABLE = {" True": -0.5, "True": -1.5, " False": -2.0, " é": -3.0, "true": -4.0}


@pytest.mark.parametrize("make", [chat_reply, legacy_reply])
def test_both_shapes_give_the_same(make):
    top = TopTokens.of(make(TABLE, 4))
    assert top.generated == b" True"
    assert top.log_probs == {t.encode(): v for t, v in TABLE.items() if t != "true"}
    assert top.lowest == -3.0


@pytest.mark.parametrize("make", [chat_reply, legacy_reply])
def test_the_choice_with_the_first_index_is_read(make):
    one, other = (make({token: -0.5, "x": -1.0}, 2)["choices"][0] for token in ("one", "other"))
    for choices in ([one, other], [{**one, "index": 0}, other], [{**other, "index": 1}, {**one, "index": 0}]):
        assert TopTokens.of({"choices": choices}).generated == b"one"


def test_of_tokens_with_one_text_the_likeliest_counts():
    entries = [{"token": t, "logprob": v, "bytes": []} for t, v in [("True", -0.2), ("No", -3), ("True", -9)]]
    reply = {"choices": [{"logprobs": {"content": [{**entries[0], "top_logprobs": entries}]}}]}
    top = TopTokens.of(reply)
    assert top.log_probs == {b"True": -0.2, b"No": -3.0}
    assert top.lowest == -9.0


def test_answers_are_matched_exactly_behind_a_prompt():
    top = TopTokens.of(chat_reply(TABLE, 5))
    for answer, value in TABLE.items():
        score = score_answer(top, answer_forms(answer, begins_message=False))
        assert score.exact
        assert score.value == value
    assert not score_answer(top, answer_forms("TRUE", begins_message=False)).exact


@pytest.mark.parametrize("answer", ["True", " True"])
def test_a_message_may_begin_with_a_space_or_without(answer):
    score = score_answer(TopTokens.of(chat_reply(TABLE, 5)), answer_forms(answer, begins_message=True))
    assert score.value == -0.5
    assert score.exact


@pytest.mark.parametrize("token", ["Ġyes", "▁yes", " yes"])
def test_spaces_in_the_spelling_of_tokenizers(token):
    for reply in (chat_reply({token: -0.1, "no": -3.0}, 2, with_bytes=False), legacy_reply({token: -0.1}, 1)):
        assert score_answer(TopTokens.of(reply), (b" yes",)).value == -0.1


def test_bytes_decide_where_they_are_told():
    entry = {"token": "\ufffd", "bytes": [0xF0, 0x9F], "logprob": -0.2}
    reply = {"choices": [{"logprobs": {"content": [{**entry, "top_logprobs": [entry]}]}}]}
    assert TopTokens.of(reply).log_probs == {b"\xf0\x9f": -0.2}
    assert TopTokens.of(legacy_reply({"bytes:\\xf0\\x9f": -0.2}, 1)).log_probs == {b"\xf0\x9f": -0.2}


@pytest.mark.parametrize("value", [-9999.0, None, float("-inf"), "x"])
def test_a_number_that_stands_for_unknown_is_not_a_log_prob(value):
    top = TopTokens.of(chat_reply({" True": -0.5, " False": -2.0}, 2) | {"x": 0})
    reply = chat_reply({" True": -0.5, " False": -2.0}, 2)
    entries = reply["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
    entries[1]["logprob"] = value
    score = score_answer(TopTokens.of(reply), (b" False",))
    assert not score.exact
    assert score_answer(top, (b" False",)).exact


@pytest.mark.parametrize(
    "reply",
    [
        {},
        None,
        [],
        {"choices": []},
        {"choices": [{}]},
        {"choices": [{"logprobs": None}]},
        {"choices": [{"logprobs": {"content": []}}]},
        {"choices": [{"logprobs": {"content": None}}]},
        {"choices": [{"logprobs": {"tokens": [], "token_logprobs": [], "top_logprobs": None}}]},
        {"error": {"message": "upstream failed"}},
    ],
)
def test_replies_without_log_probs(reply):
    with pytest.raises(MissingLogProbsError, match="upstream failed" if reply and "error" in reply else "no"):
        TopTokens.of(reply)


@pytest.mark.slow
@given(
    st.lists(st.floats(-8, 3), min_size=4, max_size=60),
    st.integers(1, 20),
    st.data(),
)
def test_a_bound_is_never_exceeded(logits, count, data):
    """Against the whole distribution, of which only the top is told."""
    values = np.array(logits) - np.logaddexp.reduce(logits)
    table = {f" t{k}": value for k, value in enumerate(values)} | {"t0": -np.inf}
    names = [name for name in table if name != "t0"]
    top = TopTokens.of(chat_reply(table, count))
    one, other = (data.draw(st.sampled_from(names)) for _ in range(2))
    for answer in (one, other):
        score = score_answer(top, (answer.encode(),))
        assert score.exact == (answer.encode() in top.log_probs)
        assert score.value >= table[answer] - 1e-12
        assert score.exact is False or score.value == pytest.approx(table[answer])
        assert score.value <= max(top.lowest, table[answer]) + 1e-12
    pair = score_answer(top, (one.encode(), other.encode()))
    if not pair.exact and one != other:
        assert pair.value >= max(table[one], table[other]) - 1e-12
    difference, truth = score_difference(top, (one.encode(),), (other.encode(),)), table[one] - table[other]
    listed = [name.encode() in top.log_probs for name in (one, other)]
    if all(listed):
        assert difference.value == pytest.approx(truth)
    elif any(listed):
        assert (difference.value - truth) * (1 if listed[1] else -1) >= -1e-12
        assert difference.value * (1 if listed[0] else -1) >= -1e-12
    else:
        assert difference.value == 0
    assert difference.exact == all(listed)


def test_the_bound_is_the_smaller_of_two():
    """The least that is listed, or what the listed ones leave."""
    flat = TopTokens.of(chat_reply({"a": np.log(0.2), "b": np.log(0.1)}, 2))
    assert flat.bound() == pytest.approx(np.log(0.1))
    peaked = TopTokens.of(chat_reply({"a": np.log(0.6), "b": np.log(0.3)}, 2))
    assert peaked.bound() == pytest.approx(np.log(0.1), abs=2e-5)
    certain = TopTokens.of(chat_reply({"a": 0.0}, 1))
    assert certain.bound() == pytest.approx(np.log(1e-6))


def test_an_answer_that_the_model_begins_with_another_token():
    top = TopTokens.of(chat_reply({"Pos": -0.1, "Neg": -3.0}, 2))
    assert first_of_several(top, (b"Positive", b" Positive")) == "Pos"
    assert not first_of_several(top, (b"Negative",))
    assert not first_of_several(top, (b"Pos",))
    listed = TopTokens.of(chat_reply({"Pos": -0.1, "Positive": -3.0}, 2))
    assert not first_of_several(listed, (b"Positive",))
    spaces = TopTokens.of(chat_reply({" ": -0.1, "x": -3.0}, 2))
    assert not first_of_several(spaces, (b" Positive",))


def echo(tokens, generated, values=None):
    values = [None, *(-0.1 * k for k in range(1, len(tokens) + len(generated)))] if values is None else values
    told = {"tokens": [*tokens, *generated], "token_logprobs": values, "top_logprobs": None}
    return {"choices": [{"text": "".join(tokens + generated).replace("</s>", ""), "logprobs": told}]}


@pytest.mark.parametrize("generated", [[" more"], [], ["</s>"], [" York"]])
def test_all_tokens_of_an_echoed_answer_count(generated):
    tokens = ["I", " live", " in", " New", " York"]
    assert echoed_log_prob(echo(tokens, generated), "I live in", " New York") == pytest.approx(-0.7)


def test_answers_that_no_tokens_make_up():
    with pytest.raises(InputError, match=r"answer: .*begin"):
        echoed_log_prob(echo(["I", " live", " inNew", " York"], ["."]), "I live in", "New York")


def test_servers_that_do_not_echo():
    with pytest.raises(InputError, match=r"endpoint: .*does not echo"):
        echoed_log_prob(echo([], [" New"], values=[-1.0]), "I live in", " New")
    with pytest.raises(MissingLogProbsError):
        echoed_log_prob({"choices": [{"text": "I live in New", "logprobs": None}]}, "I live in", " New")
