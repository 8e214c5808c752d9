"""`ChatGame` as a value function: values, endpoints, digests, costs, threads, pickling."""

from __future__ import annotations

import asyncio
import pickle
import signal
import threading
import time

import numpy as np
import openai
import pytest
from chat_server import TEXT, WORDS, ChatServer, truth, words_of

import spex_plugins as spex
from spex_plugins import InputError
from spex_plugins.games.chat.chat_game import ChatGame
from spex_plugins.games.common import background_loop
from spex_plugins.queries import Session, Store
from spex_plugins.queries.scheduling import interruption

MASKS = np.random.default_rng(0).random((12, len(WORDS))) < 0.5


def game_for(server, **options):
    options = {"api_key": "a-secret", "answer": " True"} | options
    return ChatGame(TEXT, model="known", base_url=server.base_url, **options)


@pytest.fixture(scope="module")
def server():
    with ChatServer(truth) as running:
        yield running


@pytest.fixture(scope="module")
def legacy_server():
    with ChatServer(truth, shape="legacy") as running:
        yield running


def true_values(masks, token=" True"):
    return np.array([truth(words_of(mask))[token] for mask in masks])


@pytest.mark.slow
@pytest.mark.parametrize("endpoint", ["chat", "completions"])
def test_both_endpoints(server, endpoint):
    np.testing.assert_allclose(game_for(server, endpoint=endpoint)(MASKS), true_values(MASKS))
    against = game_for(server, endpoint=endpoint, against=" False")(MASKS)
    np.testing.assert_allclose(against, true_values(MASKS) - true_values(MASKS, " False"))


def test_legacy_log_probs(legacy_server):
    game = game_for(legacy_server, endpoint="completions")
    np.testing.assert_allclose(game(MASKS), true_values(MASKS))


def test_what_is_sent(server):
    messages = [{"role": "system", "content": "Judge."}, {"role": "user", "content": "Is {} good? {}"}]
    game_for(server, template=messages, extra={"seed": None, "top_k": 1}, top_logprobs=7)(MASKS[:1])
    sent, text = server.requests[-1], words_of(MASKS[0])
    assert sent.pop("messages") == [messages[0], {"role": "user", "content": f"Is {text} good? {text}"}]
    kept = {"model": "known", "temperature": 0, "max_tokens": 1, "logprobs": True, "top_logprobs": 7}
    assert sent == kept | {"top_k": 1}


def test_masks_that_leave_the_same_text_are_asked_once(server):
    game = game_for(server)
    values = game(np.concatenate([MASKS, MASKS[::-1]]))
    np.testing.assert_array_equal(values[:12], values[:11:-1])
    assert game.usage.requests == 12
    assert len(game(np.zeros((0, len(WORDS)), dtype=bool))) == 0


def told_of_two(mask):
    """The difference where only the two likeliest tokens are told, and whether both are those that count."""
    table = truth(words_of(mask))
    listed = sorted(table, key=table.get)[-2:]
    bound = min(table[listed[0]], np.log1p(-sum(np.exp(table[token]) for token in listed)))
    one, other = (table[token] if token in listed else bound for token in (" True", " False"))
    return one - other, {" True", " False"} == set(listed)


def test_answers_that_are_not_listed_are_counted_and_told(server):
    game = game_for(server, top_logprobs=2, against=" False")
    masks = np.random.default_rng(1).random((40, len(WORDS))) < 0.5
    expected, exact = map(np.array, zip(*map(told_of_two, masks), strict=True))
    bounds = int((~exact).sum())
    with pytest.warns(UserWarning, match=f"{bounds} of 40 values are bounds"):
        values = game(masks)
    np.testing.assert_allclose(values, expected, atol=1e-4)
    assert (game.censored, set(np.sign(values))) == (bounds, {-1, 0, 1})
    assert f"40 values, {bounds} of them bounds" in str(game)
    truths = true_values(masks) - true_values(masks, " False")
    assert (np.abs(values) <= np.abs(truths) + 1e-6).all()  # no difference is made larger than it is
    game(masks)  # told once
    assert game.censored == 2 * bounds


def test_an_answer_of_several_tokens_is_refused(server):
    with pytest.raises(InputError, match=r"answer: ' Truely' seems to be several tokens.*' True'"):
        game_for(server, endpoint="completions", answer=" Truely")(np.ones((3, len(WORDS)), dtype=bool))


def test_an_echo_scores_answers_of_several_tokens():
    """The known function gives the values of the tokens of what was sent; the last one was generated."""

    class EchoServer(ChatServer):
        def reply(self, body, prompt):
            tokens = [word if k == 0 else f" {word}" for k, word in enumerate(prompt.split(" "))]
            values = [None, *(-0.01 * len("".join(tokens[: k + 1])) for k in range(1, len(tokens)))]
            told = {"tokens": [*tokens, " end"], "token_logprobs": [*values, -0.1]}
            return {"choices": [{"text": f"{prompt} end", "logprobs": told}]}

    def log_prob(text, answer):
        ends = np.cumsum([len(f" {word}") for word in answer.split()])
        return float(-0.01 * (len(text) + ends).sum())

    with EchoServer(truth) as server:
        options = {"template": "Film: {} So:", "endpoint": "completions+echo", "answer": " so very good"}
        values = game_for(server, **options)(MASKS)
        differences = game_for(server, **options, against=" bad")(MASKS)
    texts = [f"Film: {words_of(mask)} So:" for mask in MASKS]
    expected = np.array([log_prob(text, " so very good") for text in texts])
    np.testing.assert_allclose(values, expected)
    np.testing.assert_allclose(differences, expected - [log_prob(text, " bad") for text in texts])
    assert all(body["echo"] and body["max_tokens"] == 1 for body in server.requests)


def test_an_endpoint_that_does_not_echo(server):
    with pytest.raises(InputError, match=r"endpoint: .*does not echo"):
        game_for(server, endpoint="completions+echo")(MASKS)


def test_no_more_requests_at_a_time_than_wished():
    def slow(prompt):
        time.sleep(0.01)
        return truth(prompt)

    with ChatServer(slow) as server:
        game = game_for(server, concurrency=3)
        threads = [threading.Thread(target=game, args=(MASKS[k::2],)) for k in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert server.most_at_a_time == 3
    assert sum(server.answered.values()) == 12


def test_inside_a_running_event_loop(server):
    async def cell_of_a_notebook():
        return game_for(server)(MASKS)

    np.testing.assert_allclose(asyncio.run(cell_of_a_notebook()), true_values(MASKS))


def test_an_interrupt_stops_the_requests():
    async def wait():
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            stopped.set()
            raise

    stopped = threading.Event()
    timer = threading.Timer(0.3, signal.pthread_kill, (threading.get_ident(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        background_loop.run(wait())
    assert stopped.wait(5)
    timer.join()


@pytest.mark.parametrize("options", [{}, {"timeout": 60.0}])
def test_an_interrupt_keeps_all_that_the_server_answered(monkeypatch, tmp_path, options):
    """The requests that are under way are waited for, and no others are sent."""
    monkeypatch.setattr(background_loop, "_GRACE", 100.0)
    monkeypatch.setattr(interruption, "_LEAST_GRACE", 60.0)
    main, answers = threading.get_ident(), []

    def interrupt_at_the_thirtieth():
        answers.append(None)
        if len(answers) == 30:
            signal.pthread_kill(main, signal.SIGINT)
        return {}

    store = tmp_path / "s.sqlite"
    with ChatServer(truth, headers=interrupt_at_the_thirtieth) as server:
        game = game_for(server, concurrency=4)
        masks = np.unique(np.random.default_rng(1).random((600, len(WORDS))) < 0.5, axis=0)
        queries = spex.Queries(store=store, progress=False, **options)
        with pytest.raises(KeyboardInterrupt) as caught, Session(game, queries) as session:
            session.ask(masks)
        kept, answered = caught.value.masks, sum(server.answered.values())
    assert 30 <= len(kept) == answered < len(masks)
    np.testing.assert_allclose(caught.value.values, true_values(kept))
    with Store(store) as stored:
        assert stored.info()[0].answers == len(kept)


def test_a_second_interrupt_leaves_requests_that_hang(monkeypatch):
    monkeypatch.setattr(background_loop, "_GRACE", 100.0)
    interrupt = signal.pthread_kill, (threading.get_ident(), signal.SIGINT)
    done = threading.Event()

    def hangs(prompt, attempt):
        if len(server.requests) > 5:
            threading.Timer(0.1, *interrupt).start()
            threading.Timer(0.5, *interrupt).start()
            done.wait(50)

    with ChatServer(truth, fault=hangs) as server:
        start = time.monotonic()
        with pytest.raises(KeyboardInterrupt) as caught:
            game_for(server, concurrency=1)(MASKS)
        assert time.monotonic() - start < 50
        done.set()
    assert caught.value.__cause__.answered.sum() == 5


def test_a_client_of_ones_own(server):
    client = openai.AsyncOpenAI(base_url=server.base_url, api_key="a-secret", default_headers={"x": "y"})
    game = ChatGame(TEXT, model="known", client=client, answer=" True")
    np.testing.assert_allclose(game(MASKS), true_values(MASKS))
    assert game.fingerprint == game_for(server).fingerprint
    with pytest.raises(InputError, match="client: cannot be pickled"):
        pickle.dumps(game)
    background_loop.run(client.close())


def test_pickling_leaves_the_key_behind(server, monkeypatch):
    game = game_for(server)
    data = pickle.dumps(game)
    assert b"a-secret" not in data
    monkeypatch.setenv("OPENAI_API_KEY", "another")
    copy = pickle.loads(data)
    np.testing.assert_array_equal(copy(MASKS), game(MASKS))
    assert copy.fingerprint == game.fingerprint
    assert copy.usage.requests == 12


@pytest.mark.slow
def test_the_environment_names_the_server(server, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "another")
    game = ChatGame(TEXT, model="known")
    np.testing.assert_allclose(game(MASKS), true_values(MASKS))
    assert game.fingerprint == game_for(server).fingerprint


def test_equal_digests_mean_equal_answers(server):
    def digest(text=TEXT, **options):
        options = {"model": "known", "base_url": server.base_url, "api_key": "a"} | options
        return ChatGame(text, **options).fingerprint

    first = digest()
    assert len(first) == 64
    assert digest() == first == digest(api_key="b", concurrency=2, timeout=5, max_retries=0)
    others = [
        digest(TEXT + "!"),
        digest(model="other"),
        digest(base_url=server.base_url + "/x"),
        digest(template="{}?"),
        digest(template=[{"role": "system", "content": "{}"}]),
        digest(answer=" False"),
        digest(against=" False"),
        digest(features="sentence"),
        digest(replacement="_"),
        digest(endpoint="completions"),
        digest(top_logprobs=5),
        digest(extra={"seed": 1}),
    ]
    assert len({first, *others}) == 13


def test_the_work_of_a_mask_grows_with_its_prompt(server):
    game = game_for(server, template="Is this good? {}")
    prompts = ["Is this good? " + words_of(mask) for mask in MASKS]
    np.testing.assert_allclose(game.work(MASKS), [len(prompt) / 4 for prompt in prompts], atol=0.26)
    game(MASKS)
    assert game.usage.prompt_tokens == sum(len(prompt.split()) for prompt in prompts)
    assert game.usage.completion_tokens == 12


@pytest.mark.slow
def test_an_explanation_finds_the_known_function(server):
    game = game_for(server, against=" False")
    found = spex.explain(game, budget=300, progress=False)
    table = found.index("FBII", order=2)
    assert table.names[0] == "never × dull"
    assert found.r2 > 0.99


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"template": "no place"}, "template: needs '{}'"),
        ({"template": [{"role": "user", "content": "x"}]}, "template: needs '{}'"),
        ({"template": [{"content": "{}"}]}, "template: every message"),
        (
            {"template": [{"role": "user", "content": "{}"}], "endpoint": "completions"},
            "template: must be a str",
        ),
        ({"endpoint": "responses"}, "endpoint: must be one of"),
        ({"extra": {"stop": {"x"}}}, "template, extra: must hold only what JSON"),
        ({"extra": 5}, "extra: must be a dict of further fields, got 5"),
        ({"template": 5}, "template: must be a text or a list of messages, got 5"),
        ({"answer": None}, "answer: must be a text, got None"),
        ({"against": 5}, "against: must be a text, got 5"),
        ({"timeout": "1"}, "timeout: must be a number"),
        ({"answer": " "}, "answer: must hold more"),
        ({"against": "True"}, "against: must be another"),
        ({"top_logprobs": 0}, "top_logprobs: must be an integer"),
        ({"concurrency": 0}, "concurrency: must be"),
        ({"max_retries": -1}, "max_retries: must be"),
        ({"timeout": 0}, "timeout: must be"),
        ({"replacement": None}, "text, replacement: must be a text"),
        ({"features": "token"}, "features: 'token' is unknown"),
        ({"features": [(0, 4), (2, 5)]}, "features: .* overlap"),
        ({"client": openai.OpenAI(api_key="x")}, "client: must be an openai.AsyncOpenAI"),
    ],
)
def test_arguments_that_cannot_work(server, options, told):
    with pytest.raises(InputError, match=told):
        game_for(server, **options)


def test_a_model_is_named_by_a_text():
    with pytest.raises(InputError, match="model: must be a text, got None"):
        ChatGame(TEXT, model=None, api_key="x")


def test_no_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(InputError, match="api_key: none is given"):
        ChatGame(TEXT, model="known")
