"""What the first request shows is told before a second one is paid for."""

from __future__ import annotations

import socket
import threading

import numpy as np
import pytest
from chat_server import TEXT, WORDS, ChatServer, truth

import spex_plugins as spex
from spex_plugins import InputError
from spex_plugins.games.chat import requests as chat_requests
from spex_plugins.games.chat.chat_game import ChatGame

pytestmark = pytest.mark.usefixtures("short_pauses")

MASKS = np.random.default_rng(0).random((40, len(WORDS))) < 0.5


def game_at(base_url, **options):
    options = {"api_key": "x", "timeout": 20.0, "max_retries": 6} | options
    return ChatGame(TEXT, model="known", base_url=base_url, **options)


@pytest.fixture
def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]  # bound, and nobody listens


def test_a_server_that_does_not_run(free_port):
    game = game_at(f"http://127.0.0.1:{free_port}/v1")
    with pytest.raises(
        spex.ValueFunctionError, match=rf"base_url: no server answers.*127.0.0.1:{free_port}/v1"
    ):
        spex.explain(game, budget=8, progress=False)
    assert game.usage.requests == 2


def test_a_name_that_no_server_has():
    game = game_at("http://no-such-host.invalid/v1")
    with pytest.raises(InputError, match=r"base_url: no server answers.*http://no-such-host.invalid/v1"):
        game(MASKS)
    assert game.usage.requests == 2


def test_a_server_that_takes_no_connections(monkeypatch):
    monkeypatch.setattr(chat_requests, "_CONNECT", 0.2)
    with socket.socket() as deaf, socket.socket() as first, socket.socket() as second:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for client in (first, second):  # the queue is full
            client.setblocking(False)
            client.connect_ex(deaf.getsockname())
        game = game_at(f"http://127.0.0.1:{deaf.getsockname()[1]}/v1")
        with pytest.raises(InputError, match=r"base_url: no server answers.*ConnectTimeout"):
            game(MASKS)
    assert game.usage.requests == 2


def test_a_server_that_never_answers():
    with ChatServer(truth, lambda *_: "slow") as server:
        game = game_at(server.base_url, timeout=0.2)
        with pytest.raises(InputError, match=r"base_url, timeout: .*allow more seconds"):
            game(MASKS)
    assert game.usage.requests == 3


def test_a_service_of_another_kind():
    def greet():
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                connection.sendall(b"SSH-2.0-OpenSSH_9.9\r\n")

    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=greet)
    thread.start()
    try:
        with pytest.raises(InputError, match="base_url: no server answers"):
            game_at(f"http://127.0.0.1:{listening.getsockname()[1]}/v1")(MASKS)
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def test_a_web_page_in_place_of_an_api():
    with ChatServer(truth, lambda *_: "malformed") as server:
        game = game_at(server.base_url)
        with pytest.raises(InputError, match=r"base_url: .*often ends in /v1.*http://127.0.0.1"):
            game(MASKS)
    assert game.usage.requests == 3


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1:9/v1",
        "localhost:8000",
        "//host/v1",
        "ftp://host/v1",
        "http://",
        "http:/host/v1",
        "http://host:99999/v1",
        "http://host:0/v1",
        "http://[::1/v1",
        "http://a host/v1",
        "",
    ],
)
def test_addresses_that_are_none(address, monkeypatch):
    with pytest.raises(InputError, match=r"base_url: must be an address with http:// or https://"):
        game_at(address)
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    with pytest.raises(InputError, match=r"base_url: must be an address"):
        game_at(None)


def test_a_server_that_answered_before_is_waited_for():
    """It is being restarted, perhaps: nothing is given up at once."""
    with ChatServer(truth) as server:
        game = game_at(server.base_url, max_retries=3)
        game(MASKS[:2])
        before = game.usage.requests
    with pytest.raises(spex.PartialAnswerError, match=r"APIConnectionError at http://127.0.0.1:\d+/v1/"):
        game(MASKS[2:3])
    assert game.usage.requests == before + 4


def table(*tokens):
    """A model that gives these tokens, the likeliest first, whatever it reads."""
    return lambda prompt: {token: -0.5 - k for k, token in enumerate(tokens)}


@pytest.mark.parametrize(
    ("answer", "tokens", "begun"),
    [
        (" Truely", (" True", " No"), "' True'"),  # generated
        (" wonderful", (" good", " wonder"), "' wonder'"),  # listed
        (" In full", (" No", " Yes"), None),  # two words
        ("非常好", ("不", "非常"), "'非常'"),
    ],
)
def test_an_answer_of_several_tokens_costs_one_request(answer, tokens, begun):
    with ChatServer(table(*tokens)) as server:
        game = game_at(server.base_url, answer=answer, endpoint="completions")
        with pytest.raises(InputError, match=f"answer: '{answer}' seems to be several tokens") as caught:
            game(MASKS)
    assert game.usage.requests == 1
    assert begun is None or f"begins it with {begun}" in str(caught.value)


def test_the_alternative_may_be_several_tokens_too():
    with ChatServer(table(" True", " Fal")) as server:
        game = game_at(server.base_url, against=" False")
        with pytest.raises(InputError, match="against: ' False' seems to be several tokens"):
            game(MASKS)
    assert game.usage.requests == 1


@pytest.mark.parametrize("against", [None, " Terrible"])
def test_an_answer_that_is_not_listed_is_told_after_one_request(against):
    """ "In" begins many words: whether " Incredible" is one token or two is not known."""
    with ChatServer(table(" True", " In")) as server:
        game = game_at(server.base_url, answer=" Incredible", against=against)
        with pytest.raises(UserWarning, match=r"' Incredible'.*' True', ' In'"):  # warnings are errors here
            game(MASKS)
        assert game.usage.requests == 1
        with pytest.warns(UserWarning, match="of 40 values are bounds"):  # and nothing else
            game(MASKS)


@pytest.mark.slow
def test_nothing_is_told_where_one_answer_is_listed():
    with ChatServer(table(" True", " No")) as server:
        game = game_at(server.base_url, against=" False")
        game(MASKS[:10])
    assert game.censored == 10
