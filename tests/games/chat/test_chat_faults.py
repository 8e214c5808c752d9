"""`ChatGame` against a server that fails in every way that servers do; the truth is known exactly."""

from __future__ import annotations

import hashlib
import time
from collections import Counter

import numpy as np
import openai
import pytest
from chat_server import FAULTS, SLOW, TEXT, WORDS, ChatServer, truth, words_of

import spex_plugins as spex
from spex_plugins import InputError, PartialAnswerError, ValueFunctionError, explain
from spex_plugins.games import ChatReplies, ReplyGame
from spex_plugins.games.chat import requests as chat_requests
from spex_plugins.games.chat.chat_game import ChatGame
from spex_plugins.games.common import background_loop

pytestmark = pytest.mark.usefixtures("short_pauses")


def game_for(server, **options):
    options = {"timeout": SLOW / 2, "api_key": "a-secret", "answer": " True", "against": " False"} | options
    return ChatGame(TEXT, model="known", base_url=server.base_url, **options)


def true_values(masks):
    tables = [truth(words_of(mask)) for mask in masks]
    return np.array([table[" True"] - table[" False"] for table in tables])


def some_masks(count, seed=0):
    numbers = np.random.default_rng(seed).choice(2 ** len(WORDS), count, replace=False)
    return (numbers[:, None] >> np.arange(len(WORDS)) & 1).astype(bool)


def ten_percent(prompt, attempt):
    """Fail at a tenth of all attempts, in every way, the same ones every time."""
    draw = int.from_bytes(hashlib.sha256(f"{attempt} {prompt}".encode()).digest()[:8])
    return FAULTS[draw // 10 % len(FAULTS)] if draw % 10 == 0 else None


@pytest.mark.slow
def test_a_thousand_masks_with_ten_percent_faults():
    masks = some_masks(1000)
    with ChatServer(truth, ten_percent) as server:
        game = game_for(server)
        values = game(masks)
    np.testing.assert_allclose(values, true_values(masks), atol=1e-9)
    assert len(server.answered) == 1000
    assert set(server.answered.values()) == {1}  # none paid twice
    assert set(server.faults) - {"None"} == set(FAULTS)
    assert 80 < sum(server.faults.values()) < 140
    assert game.usage.requests == 1000 + sum(server.faults.values())


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_lasts_costs_only_its_own_masks(fault):
    masks = np.ones((20, len(WORDS)), dtype=bool)
    masks[np.arange(14), np.arange(14)] = False  # the other six are all alike
    with ChatServer(truth, lambda prompt, _: fault if "good" not in prompt else None) as server:
        game = game_for(server, max_retries=1)
        with pytest.raises(PartialAnswerError, match="1 of 20 masks") as caught:
            game(masks)
        error = caught.value
        assert error.answered.tolist() == [words_of(mask) != words_of(masks[10]) for mask in masks]
        np.testing.assert_allclose(error.values[error.answered], true_values(masks)[error.answered])
        server.fault = lambda prompt, _: None
        rest = game(masks[~error.answered])
    np.testing.assert_allclose(rest, true_values(masks[~error.answered]))
    assert set(server.answered.values()) == {1}
    assert len(server.answered) == 15


@pytest.mark.slow
def test_one_refusal_makes_all_requests_wait():
    seconds = 1
    refusal = 429, {"Retry-After": str(seconds)}, {"error": {"message": "slow down"}}
    refused = []

    def fault(prompt, attempt):
        if len(server.answered) < 20 or refused:
            return None
        refused.append(prompt)
        return refusal

    sent, heard = [], []

    async def sending(request):
        sent.append(time.monotonic())

    async def hearing(response):
        if response.status_code == 429:
            heard.append(time.monotonic())

    hooks = {"request": [sending], "response": [hearing]}
    with ChatServer(truth, fault) as server:
        client = openai.AsyncOpenAI(
            base_url=server.base_url,
            api_key="x",
            http_client=openai.DefaultAsyncHttpxClient(event_hooks=hooks),
        )
        game_for(server, client=client)(some_masks(60))
        background_loop.run(client.close())
    (moment,) = heard  # not when it was said: a busy machine is late
    after = [t - moment for t in sent if t > moment]
    early = [t for t in after if t < seconds]
    assert all(t < 0.3 for t in early)  # had been on their way
    assert len(early) < 20
    assert len(after) > 30


def test_a_long_limit_is_not_waited_for():
    masks = some_masks(60)
    refusal = 429, {"retry-after": "3600"}, {"error": {"message": "come back tomorrow"}}
    with ChatServer(truth, lambda *_: refusal if len(server.answered) >= 30 else None) as server:
        start = time.monotonic()
        with pytest.raises(PartialAnswerError) as caught:
            game_for(server)(masks)
        assert time.monotonic() - start < 10
    assert 30 <= caught.value.answered.sum() < 60
    assert caught.value.answered.sum() == sum(server.answered.values())
    assert caught.value.retry_after == pytest.approx(3600, abs=10)


@pytest.mark.slow
def test_the_remaining_requests_are_not_exceeded():
    """A server that allows 12 requests in any window of 0.4 s, and says so, never has to refuse one."""
    allowed, window = 12, 0.4
    state = {"start": -1.0, "used": 0}

    def fault(prompt, attempt):
        now = time.monotonic()
        if now >= state["start"] + window:
            state.update(start=now, used=0)
        state["used"] += 1
        return (429, headers(), {"error": {"message": "too many"}}) if state["used"] > allowed else None

    def headers():
        left = state["start"] + window - time.monotonic()
        said = {
            "limit": allowed,
            "remaining": max(allowed - state["used"], 0),
            "reset": f"{left * 1e3:.0f}ms",
        }
        return {f"x-ratelimit-{name}-requests": str(value) for name, value in said.items()}

    masks = some_masks(50)
    with ChatServer(truth, fault, headers=headers) as server:
        start = time.monotonic()
        np.testing.assert_allclose(game_for(server)(masks), true_values(masks), atol=1e-9)
        assert time.monotonic() - start > 3.5 * window
    refused = sum(server.faults.values())
    assert refused <= 2  # a window may begin anew while requests are on their way


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (401, {"message": "Incorrect API key provided: a-secret"}, "api_key: .*OPENAI_API_KEY"),
        (403, {"message": "no access"}, "api_key: .*use another"),
        (404, {"message": "The model does not exist"}, "model, base_url: .*does not exist"),
        (400, {"message": "top_logprobs must be at most 5"}, "top_logprobs, extra: .*at most 5"),
        (429, {"message": "pay first", "code": "insufficient_quota"}, "api_key: .*credit"),
    ],
)
def test_what_only_the_user_can_help_is_raised_at_once(status, body, told):
    server = ChatServer(truth, lambda *_: (status, {}, {"error": body}))
    with server, pytest.raises(InputError, match=told) as caught:
        game_for(server)(some_masks(100))
    assert "a-secret" not in str(caught.value)
    assert len(server.requests) == 1


def test_what_was_answered_before_a_refusal_is_kept():
    refusal = 429, {}, {"error": {"message": "pay first", "code": "insufficient_quota"}}
    masks = some_masks(100)
    with ChatServer(truth, lambda *_: refusal if len(server.answered) >= 40 else None) as server:
        game = game_for(server)
        with pytest.raises(PartialAnswerError, match="credit") as caught:
            game(masks)
        answered = caught.value.answered
        assert answered.sum() == sum(server.answered.values()) >= 40
        np.testing.assert_allclose(caught.value.values[answered], true_values(masks[answered]))
        with pytest.raises(InputError, match="credit"):
            game(masks[~answered])


def test_a_server_that_never_gives_log_probs():
    server = ChatServer(truth, lambda *_: "no log-probs")
    with server, pytest.raises(InputError, match=r"model, endpoint: .*top_logprobs"):
        game_for(server)(some_masks(100))
    assert len(server.requests) == 3


def test_a_dead_server_is_given_up_soon():
    masks = some_masks(1000)
    with ChatServer(truth) as server:
        game = game_for(server, max_retries=1)
        game(masks[:10])
    before = game.usage.requests
    with pytest.raises(PartialAnswerError, match=r"1,000 of 1,000.*APIConnectionError") as caught:
        game(masks)
    assert not caught.value.answered.any()
    assert game.usage.requests - before < 50


GATEWAY = 502, {}, {"error": {"message": "no upstream"}}


def test_a_gateway_without_a_server_is_given_up(monkeypatch):
    monkeypatch.setattr(chat_requests, "_LONGEST_OUTAGE", 0.0)
    with ChatServer(truth, lambda *_: GATEWAY) as server:
        game = game_for(server)
        with pytest.raises(
            spex.ValueFunctionError, match=r"base_url: a gateway answers.*no upstream.*for 0 s"
        ):
            spex.explain(game, budget=100, progress=False)
    assert game.usage.requests == 1


def test_answers_before_an_outage_are_kept(monkeypatch):
    monkeypatch.setattr(chat_requests, "_LONGEST_OUTAGE", 0.0)
    masks = some_masks(100)
    with ChatServer(truth, lambda *_: GATEWAY if len(server.answered) >= 40 else None) as server:
        game = game_for(server)
        with pytest.raises(
            PartialAnswerError, match=r"InternalServerError at http.*no further request"
        ) as caught:
            game(masks)
        answered = caught.value.answered
        assert answered.sum() == sum(server.answered.values()) >= 40
        np.testing.assert_allclose(caught.value.values[answered], true_values(masks[answered]))
        assert sum(server.faults.values()) <= 8  # one for every connection
        before = game.usage.requests
        with pytest.raises(PartialAnswerError, match="no further request"):
            game(masks[~answered])
        assert game.usage.requests - before <= 8
        server.fault = lambda *_: None
        np.testing.assert_allclose(game(masks[~answered]), true_values(masks[~answered]))
    assert set(server.answered.values()) == {1}


@pytest.mark.parametrize(
    ("fault", "lasts"),
    [(GATEWAY, True), ((503, {}, {"error": {"message": "loading"}}), True), ("500", False), ("429", False)],
)
def test_only_a_server_out_of_reach_counts_as_an_outage(monkeypatch, fault, lasts):
    monkeypatch.setattr(chat_requests, "_LONGEST_OUTAGE", 0.0)
    with ChatServer(truth, lambda *_: fault) as server:
        game = game_for(server, max_retries=1)
        with pytest.raises(InputError if lasts else PartialAnswerError):
            game(some_masks(3))
    assert game.usage.requests == (1 if lasts else 2)


def test_an_error_of_ones_own_is_not_taken_for_a_fault():
    with ChatServer(truth) as server:
        game = game_for(server)
        game._connection.requests._post = lambda request: undefined  # noqa: F821
        with pytest.raises(NameError):
            game(some_masks(3))
    assert game.usage.requests == 1


@pytest.mark.parametrize("retries", [None, 0, 3])
def test_only_prompts_that_are_refused_are_dropped(retries):
    def refused(prompt):
        return {"never", "so", "dull"} <= set(prompt.split())

    fault = (400, {}, {"error": {"message": "content management policy", "code": "content_filter"}})
    with ChatServer(truth, lambda prompt, _: fault if refused(prompt) else None) as server:
        game = game_for(server)
        game(np.zeros((1, game.n), dtype=bool))  # the server has answered
        server.attempts.clear()
        found = explain(game, budget=60, on_failure="drop", retries=retries, progress=False)
        times = Counter(server.attempts.values())
        failing = sum(map(refused, server.attempts))
    assert failing > 3
    assert found.n_calls + failing == 60
    assert f"{failing} masks dropped" in found.plan
    assert set(times) == {1}


def test_replies_that_are_refused_are_dropped():
    def fault(prompt, _):
        return (400, {}, {"error": {"message": "filtered"}}) if {"a", "b"} <= set(prompt.split()) else None

    with ChatServer(lambda prompt: "yes" if "c" in prompt else "no", fault) as server:
        replies = ChatReplies("m", base_url=server.base_url, api_key="k")
        replies("c")
        game = ReplyGame(replies, "a b c d e f", similarity="exact", reference="yes")
        found = explain(game, on_failure="drop", progress=False)
        asked = Counter(prompt for prompt in server.attempts.elements())
    assert found.n_calls == 64 - 16
    assert asked["c"] == 2  # once beforehand
    assert all(times == 1 for prompt, times in asked.items() if prompt != "c")


def test_refused_replies_beside_failing_ones_are_asked_once():
    """In one batch the prompts with a and b are refused, and those with f fail for a while."""

    def fault(prompt, attempt):
        if {"a", "b"} <= set(prompt.split()):
            return 400, {}, {"error": {"message": "filtered"}}
        return "500" if "f" in prompt.split() and attempt < 2 else None

    with ChatServer(lambda prompt: "yes" if "c" in prompt else "no", fault) as server:
        replies = ChatReplies("m", base_url=server.base_url, api_key="k", max_retries=0)
        replies("c")
        game = ReplyGame(replies, "a b c d e f", similarity="exact", reference="yes")
        found = explain(game, on_failure="drop", progress=False)
        asked = dict(server.attempts)
    assert found.n_calls == 64 - 16
    assert all(asked[prompt] == 1 for prompt in asked if {"a", "b"} <= set(prompt.split()))
    assert set(server.answered.values()) <= {1, 2}


def test_a_server_that_refuses_everything_is_left_soon():
    with ChatServer(truth, lambda prompt, _: server.refusal) as server:
        server.refusal = None
        game = game_for(server)
        game(np.zeros((1, game.n), dtype=bool))
        server.refusal, before = (422, {}, {"error": {"message": "no"}}), len(server.requests)
        with pytest.raises(ValueFunctionError, match="refuses"):
            explain(game, budget=400, progress=False)
        assert len(server.requests) - before <= 2 * game._connection.concurrency


@pytest.mark.parametrize("wait", ["retry-after", "backoff"])
def test_no_wait_exceeds_the_time_limit_of_a_run(wait, monkeypatch):
    if wait == "backoff":
        monkeypatch.setattr(chat_requests, "_FIRST_DELAY", 50.0)
        monkeypatch.setattr(chat_requests, "_LONGEST_DELAY", 50.0)
    headers = {"retry-after": "50"} if wait == "retry-after" else {}
    busy = (429, headers, {"error": {"message": "slow down"}})
    with ChatServer(truth, lambda *_: busy if len(server.requests) == 30 else None) as server:
        start = time.monotonic()
        game = game_for(server)
        found = explain(game, budget=400, max_seconds=20, progress=False)
        assert time.monotonic() - start < 45
        if wait == "retry-after":
            assert "ended early by max_seconds" in found.plan
        assert found.n_calls == len(server.answered) > 20
        assert game._connection.requests.deadline == np.inf


def test_replies_know_the_time_limit():
    class Reply:
        limits: list = []  # noqa: RUF012

        def __call__(self, prompt):
            return "yes"

        def limit_time(self, seconds):
            self.limits.append(seconds)

    game = ReplyGame(Reply(), "a b c", similarity="exact", reference="yes")
    explain(game, progress=False)
    assert Reply.limits == []
    explain(game, max_seconds=100, progress=False)
    spex.explain_noisy(game, budget=40, max_seconds=50, progress=False)
    assert Reply.limits == [100, None, 50, None]
