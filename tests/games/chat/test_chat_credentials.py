"""Keys and passwords: nowhere in errors, results or files; and errors stay readable."""

from __future__ import annotations

import base64
import json
import logging
import pickle
import traceback
from urllib.parse import quote

import openai
import pytest
from chat_server import TEXT, ChatServer, truth

import spex_plugins as spex
from spex_plugins.games.chat.chat_game import ChatGame
from spex_plugins.games.chat.chat_replies import ChatReplies
from spex_plugins.games.chat.errors.credentials import redacted
from spex_plugins.games.common import background_loop
from spex_plugins.plots import to_html

pytestmark = pytest.mark.usefixtures("short_pauses")

KEY = "sk-proj-0123456789abcdef"


@pytest.mark.parametrize("key", ["", "x", "a", "abc", "token", "EMPTY", "none"])
def test_words_are_no_secrets(key):
    text = "Unsupported parameter: 'max_tokens', a token; use 'x-max_completion_tokens', none is EMPTY, abc"
    assert redacted(text, [key]) == text


@pytest.mark.parametrize("key", ["sk-1", "hunter2", "4o-mini", "tokens-1"])
def test_a_short_key_is_replaced_as_a_whole_only(key):
    text = f"not gpt-{key}, x{key}, {key}x nor {key}_2"
    assert redacted(text, [key]) == text
    for quoted in (f"key: {key}", f"'{key}'", f"({key})", f"{key}.", f"Bearer {key}", f'"{key}"'):
        assert redacted(quoted, [key]) == quoted.replace(key, "…")


@pytest.mark.parametrize("key", [KEY, "a.b*c+d?(e)[f]{g}^$|h", "back\\slash'quote\"s", "käse-und-brot-1"])
def test_a_key_is_found_however_it_is_written(key):
    for text in (key, f"x{key}y" if len(key) > 15 else key, repr(key), json.dumps(key, ensure_ascii=False)):
        said = redacted(f"<{text}>", [key])
        assert "…" in said
        assert key not in said
        assert key[2:-2] not in said
    assert redacted(f"/?k={quote(key, safe='')}", [key]) == "/?k=…"


def test_of_two_keys_the_longer_goes_first():
    assert redacted("abcd-1234-efgh", ["abcd-1234", "abcd-1234-efgh"]) == "…"


def test_addresses_lose_users_and_parameters_that_are_keys():
    text = "for url 'https://me:pw@host:80/v1?api_key=ab&version=2&x-sig=cd' and http://host/a@b"
    said = "for url 'https://…@host:80/v1?api_key=…&version=2&x-sig=…' and http://host/a@b"
    assert redacted(text, []) == said


def quoting(status):
    """A gateway that refuses a third of all masks, and quotes the request in every refusal."""

    def fault(prompt, attempt):
        said = {"error": {"message": f"refused key {KEY} and Bearer {KEY} for {prompt}"}}
        return (status, {}, said) if "dull" not in prompt and "good" not in prompt else None

    return fault


def shown(found):
    return [found.plan, repr(found), found._repr_html_(), to_html(found)]


@pytest.mark.slow
@pytest.mark.parametrize("status", [429, 500, 503, 200])
def test_what_a_gateway_quotes_gets_into_no_result(status, tmp_path, caplog):
    with ChatServer(truth, quoting(status)) as server:
        game = ChatGame(
            TEXT,
            model="m",
            base_url=server.base_url,
            api_key=KEY,
            against=" False",
            max_retries=0,
            timeout=20,
        )
        with caplog.at_level(logging.WARNING):
            found = spex.explain(game, budget=60, on_failure="drop", retries=0, progress=False)
    assert "masks dropped, of which the first raised PartialAnswerError" in found.plan
    found.save(tmp_path / "found.npz")
    saved = spex.Interactions.load(tmp_path / "found.npz")
    for text in [*shown(found), *shown(saved)]:
        assert KEY not in text
        assert "refused key" not in text
    (told,) = [record.getMessage() for record in caplog.records if record.name.startswith("spex_plugins")]
    assert "refused key …" in told
    assert KEY not in told


@pytest.mark.slow
@pytest.mark.parametrize("status", [401, 429, 500, 200])
def test_what_a_gateway_quotes_gets_into_no_error(status):
    with ChatServer(truth, quoting(status)) as server:
        game = ChatGame(TEXT, model="m", base_url=server.base_url, api_key=KEY, max_retries=0, timeout=20)
        with pytest.raises(spex.ValueFunctionError, match="refused key …") as caught:
            spex.explain(game, budget=60, retries=0, progress=False)
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_an_exception_of_any_function_is_not_quoted_in_results(caplog):
    def function(masks):
        if masks[:, 0].any():
            raise RuntimeError(f"401 for {KEY}")
        return masks.sum(axis=1)

    found = spex.explain(
        function,
        8,
        budget=256,
        batch_size=1,
        on_failure="drop",
        progress=False,
        estimator="sparse_regression",
    )
    assert "128 masks dropped, of which the first raised RuntimeError" in found.plan
    assert KEY not in found.plan
    assert "masks are dropped: the value function raised RuntimeError: 401 for" in caplog.text


def test_keys_in_headers_addresses_and_parameters_are_known():
    password, pair = "p4ss-word", base64.b64encode(b"me-myself:p4ss-word").decode()
    secrets = ["header-key-1", "cookie=crumb-1", "parameter-key-1", password, pair, "in-address-1"]
    said = {"error": {"message": " and ".join(secrets)}}
    with ChatServer(truth, lambda *_: (400, {}, said)) as server:
        address = server.base_url.replace("://", f"://me-myself:{password}@") + "?api_key=in-address-1"
        client = openai.AsyncOpenAI(
            base_url=address,
            api_key=KEY,
            default_headers={"X-Api-Key": secrets[0], "Cookie": secrets[1], "X-Trace": "trace-header"},
            default_query={"subscription-key": secrets[2], "api-version": "2026-11-01"},
        )
        game = ChatGame(TEXT, model="m", client=client)
        with pytest.raises(spex.InputError, match="… and … and … and … and … and …"):
            game([[True] * game.n])
        background_loop.run(client.close())


@pytest.mark.parametrize("address", ["https://me:p4ss-word@host/v1", "https://host/v1?api_key=p4ss-word"])
def test_representations_name_model_and_server_but_no_credentials(address):
    game = ChatGame(TEXT, model="m-2026", base_url=address, api_key=KEY)
    replies = ChatReplies("m-2026", base_url=address, api_key=KEY)
    for text in map(repr, (game, replies, [game], {"replies": replies})):
        assert "m-2026" in text
        assert "host/v1" in text
        assert "p4ss-word" not in text
        assert KEY not in text
    assert f"{game.n} features" in repr(game)


def test_credentials_in_an_address_do_not_change_the_digest():
    def digest(base_url):
        return ChatGame(TEXT, model="m", base_url=base_url, api_key="x").fingerprint

    first = digest("http://me:old@host/v1?api_key=1&version=2")
    assert first == digest("http://me:new@host/v1?api_key=22&version=2")
    assert first != digest("http://me:new@host/v1?api_key=22&version=3")


@pytest.mark.parametrize("address", ["https://me:p4ss-word@host/v1", "https://host/v1?api_key=p4ss-word"])
def test_credentials_in_an_address_are_not_pickled(address, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    given = ChatGame(TEXT, model="m", base_url=address)
    with pytest.raises(spex.InputError, match=r"^base_url: .* cannot be pickled; set OPENAI_BASE_URL to it"):
        pickle.dumps(given)
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    pickled = pickle.dumps(ChatGame(TEXT, model="m"))
    assert b"p4ss-word" not in pickled
    assert KEY.encode() not in pickled
    again = pickle.loads(pickled)
    assert again._connection.address == given._connection.address
    assert again.fingerprint == given.fingerprint
    monkeypatch.setenv("OPENAI_BASE_URL", "https://other/v1")
    with pytest.raises(spex.InputError, match=r"^OPENAI_BASE_URL: must be https://") as caught:
        pickle.loads(pickled)
    assert "p4ss-word" not in str(caught.value)
