# %% [markdown]
# # A closed model behind an API
#
# `ChatGame` asks any OpenAI-compatible API for the log-probability of "True" against "False". So that this
# page runs without a key, the requests of OpenAI's client end in a function here, which knows that a word
# before a bad one can turn it round. Leave `client=` out, and they go to the model.

# %%
import json

import openai
from language_models.closed_model import QUESTION, REVIEW

import spex_plugins as spex
from spex_plugins.games.chat.chat_game import ChatGame
from spex_plugins.plots import text_arcs

try:  # what the client of OpenAI makes its requests with
    import httpx2 as httpx
except ImportError:
    import httpx

TURNS = {"dull": "Never", "disaster": "not", "boring": "far", "hate": "did"}


def answer(request):
    prompt = json.loads(request.content)["messages"][-1]["content"]
    words = {word.strip("?.,") for word in prompt.split("Review: ")[1].split()}
    logit = sum(1.0 if turn in words else -1.0 for bad, turn in TURNS.items() if bad in words)
    tokens = sorted([("True", logit / 2), ("False", -logit / 2)], key=lambda token: -token[1])
    top = [{"token": token, "logprob": value, "bytes": None} for token, value in tokens]
    choice = {
        "index": 0,
        "finish_reason": "length",
        "message": {"role": "assistant", "content": top[0]["token"]},
        "logprobs": {"content": [{**top[0], "top_logprobs": top}]},
    }
    usage = {"prompt_tokens": len(prompt.split()), "completion_tokens": 1}
    reply = {"object": "chat.completion", "model": "stand-in", "choices": [choice], "usage": usage}
    return httpx.Response(200, json=reply)


stand_in = openai.AsyncOpenAI(
    api_key="none", http_client=httpx.AsyncClient(transport=httpx.MockTransport(answer))
)
game = ChatGame(
    REVIEW, model="stand-in", template=QUESTION, answer=" True", against=" False", client=stand_in
)
found = spex.explain(game, budget=300, progress=False)
print(game)

# %% [markdown]
# Every bad word is turned round by another one: the arcs carry the rating, the words alone speak against
# it. The blue arc says that for "disaster" one of two "not" is enough.

# %%
ax = text_arcs(found, top=6, title="Why the model behind the API says True")
