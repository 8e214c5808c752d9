"""`ChatReplies`: whole replies of a model behind an API, asked once each, with their limits."""

from __future__ import annotations

import os
import pickle
from importlib.util import find_spec

import numpy as np
import pytest
from film_rating import TEXT, rating
from oracles import all_masks

from spex_plugins import (
    InputError,
    MissingReplyWarning,
    TruncatedReplyWarning,
)
from spex_plugins.games import ChatReplies, ReplyGame


@pytest.mark.skipif(find_spec("openai") is None, reason="pip install openai")
class TestChatReplies:
    @pytest.fixture
    def server(self, short_pauses, monkeypatch):
        from chat_server import ChatServer

        monkeypatch.setitem(os.environ, "OPENAI_API_KEY", "none")
        faults = {"429": 0, "malformed": 1}
        with ChatServer(
            lambda prompt: rating(prompt),
            fault=lambda prompt, attempt: next((f for f, at in faults.items() if at == attempt), None)
            if prompt == "was film" else None,
        ) as server:  # fmt: skip
            monkeypatch.setitem(os.environ, "OPENAI_BASE_URL", server.base_url)
            yield server

    def test_every_prompt_is_asked_once_and_faults_pass(self, server):
        replies = ChatReplies("known", temperature=0.7, max_tokens=9)
        game = ReplyGame(replies, TEXT, similarity="exact")
        masks = all_masks(6)
        np.testing.assert_array_equal(game(masks), (masks[:, 0] & masks[:, 5]) * 1.0)
        assert set(server.answered.values()) == {1}  # the whole text was asked beforehand
        assert sum(server.answered.values()) == 64
        sent = server.requests[0]
        assert (sent["temperature"], sent["max_tokens"], sent["model"], sent["seed"]) == (0.7, 9, "known", 0)
        assert "logprobs" not in sent
        game.sample(masks[:1], np.array([5]))
        assert server.requests[-1]["seed"] == 5
        assert replies.usage.requests == len(server.requests)

    def test_fingerprint_and_pickle(self, server):
        one, same, other = (ChatReplies("known", temperature=t) for t in (0.0, 0.0, 1.0))
        assert one.fingerprint == same.fingerprint != other.fingerprint
        assert pickle.loads(pickle.dumps(one))("never dull") == "The film is good."
        assert one([{"role": "user", "content": "dull"}]) == "The film is awful."

    @pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
    def test_truncated_replies_are_counted_and_the_first_is_told(self, server, name):
        replies = ChatReplies("known", extra={"max_tokens": None, name: 3})
        with pytest.warns(
            TruncatedReplyWarning, match=rf"^max_tokens: .*\b{name}=3\).*'The film is'"
        ) as told:
            game = ReplyGame(replies, TEXT, similarity="exact")
        assert len(told) == 1
        game(all_masks(6))  # warnings are errors
        assert replies.truncated == 64  # one of them beforehand

    def test_whole_replies_and_first_tokens_are_none(self, server):
        for limit, expected in [(4, "The film is good."), (1, "The")]:
            replies = ChatReplies("known", max_tokens=limit)  # warnings are errors
            assert replies("never dull") == expected
        assert replies.truncated == 1

    @pytest.mark.parametrize("message", [{"content": None}, {"content": None, "refusal": "I cannot."}])
    def test_a_reply_without_a_text_is_told(self, server, message):
        choice = {"finish_reason": "content_filter", "message": message}
        server.fault = lambda prompt, attempt: (200, {}, {"choices": [choice]})
        replies = ChatReplies("known")
        if "refusal" in message:
            assert replies("never") == "I cannot."
            return
        with pytest.warns(MissingReplyWarning, match="finish_reason 'content_filter'"):
            assert replies("never") == ""
        assert replies("never") == ""  # warnings are errors
        assert replies.missing == 2

    @pytest.mark.parametrize("stated", ["many", None, float("inf"), [3]])
    def test_tokens_that_are_no_numbers_cost_no_reply(self, server, stated):
        choice = {"message": {"content": "yes"}}
        usage = {"prompt_tokens": stated, "completion_tokens": 2}
        server.fault = lambda prompt, attempt: (200, {}, {"choices": [choice], "usage": usage})
        replies = ChatReplies("known")
        assert replies("never") == "yes"
        assert (replies.usage.prompt_tokens, replies.usage.completion_tokens) == (0, 2)

    def test_a_reply_without_a_message(self, server):
        with pytest.raises(InputError, match="extra"):
            ChatReplies("known", extra={"x": object()})
