"""Replies that cannot be read may be charged: no prompt is sent more often than `max_retries` allows."""

from __future__ import annotations

import pytest
from chat_server import TEXT, ChatServer, truth

from spex_plugins import ValueFunctionError, explain
from spex_plugins.games import ChatGame, ChatReplies, ReplyGame

pytestmark = pytest.mark.usefixtures("short_pauses")


@pytest.mark.parametrize("fault", ["no log-probs", "malformed"])
@pytest.mark.parametrize("max_retries", [0, 2])
def test_a_prompt_without_a_readable_reply_is_sent_max_retries_times_more(fault, max_retries):
    def broken(prompt, _):
        return fault if {"never", "so", "dull"} <= set(prompt.split()) else None

    with ChatServer(truth, broken) as server:
        options = {"answer": " True", "max_retries": max_retries, "api_key": "k"}
        game = ChatGame(TEXT, model="known", base_url=server.base_url, **options)
        game([[False] * game.n])  # the server has answered
        found = explain(game, budget=60, on_failure="drop", progress=False)
        times = {prompt: count for prompt, count in server.attempts.items() if broken(prompt, 0)}
    assert len(times) > 3
    assert set(times.values()) == {1 + max_retries}
    assert found.n_calls + len(times) == 60
    assert f"{len(times)} masks dropped" in found.plan


def test_a_server_whose_replies_become_unreadable_is_left_soon():
    with ChatServer(truth, lambda *_: server.fault_of_all) as server:
        server.fault_of_all = None
        options = {"answer": " True", "max_retries": 1, "api_key": "k", "concurrency": 4}
        game = ChatGame(TEXT, model="known", base_url=server.base_url, **options)
        game([[False] * game.n])
        server.fault_of_all = "no log-probs"
        with pytest.raises(ValueFunctionError, match="the reply has no log-probs"):
            explain(game, budget=100, progress=False)
    assert game.usage.requests <= 1 + 2 * (2 * 4)  # two attempts, at most two rounds of four requests


def test_a_reply_without_a_message_is_not_asked_for_by_the_session_again():
    def broken(prompt, _):
        return (200, {}, {"choices": []}) if {"a", "b"} <= set(prompt.split()) else None

    with ChatServer(lambda prompt: "yes" if "c" in prompt else "no", broken) as server:
        replies = ChatReplies("m", base_url=server.base_url, api_key="k", max_retries=1)
        replies("c")
        game = ReplyGame(replies, "a b c d e f", similarity="exact", reference="yes")
        found = explain(game, on_failure="drop", progress=False)
        times = {prompt: count for prompt, count in server.attempts.items() if broken(prompt, 0)}
    assert found.n_calls == 64 - 16
    assert set(times.values()) == {2}
