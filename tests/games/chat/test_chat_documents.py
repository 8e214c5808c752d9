"""`ChatGame.of_documents`: documents of a question for a model behind an API."""

from __future__ import annotations

import os

import numpy as np
import pytest

pytest.importorskip("openai")
from chat_server import ChatServer

from spex_plugins import InputError, explain
from spex_plugins.games import ChatGame

DOCUMENTS = {"letter": "Anna moved.", "atlas": "Rome lies in Italy.", "diary": "A dull film."}


def log_probs(prompt):
    """Return how probable "Rome" is: only both documents together tell it."""
    known = "letter" in prompt and "atlas" in prompt
    return {"Rome": np.log(0.9 if known else 0.2), "Paris": np.log(0.1 if known else 0.8)}


def test_documents_of_a_question(monkeypatch):
    with ChatServer(log_probs) as server:
        monkeypatch.setitem(os.environ, "OPENAI_API_KEY", "none")
        monkeypatch.setitem(os.environ, "OPENAI_BASE_URL", server.base_url)
        settings = {"model": "known", "system": "Be brief.", "top_logprobs": 2}
        game = ChatGame.of_documents("Where?", DOCUMENTS, answer="Rome", **settings)
        assert game.usage.requests == 0
        found = explain(game, progress=False)
        assert found.feature_names == game.group_names == tuple(DOCUMENTS)
        assert found.top(1).names == ["letter × atlas"]
        np.testing.assert_allclose(found.top(1).values, np.log(0.9 / 0.2))
        first, last = server.requests[0]["messages"]
        assert first == {"role": "system", "content": "Be brief."}
        assert last["content"].endswith("\n\nQuestion: Where?")
        assert game.documents == DOCUMENTS
        assert game.groups.tolist() == [0, 1, 2]
        with pytest.raises(InputError, match=r"^answer"):
            ChatGame.of_documents("Where?", DOCUMENTS, model="known", endpoint="completions")


def test_the_request_for_the_answer_is_counted(monkeypatch):
    def reply(prompt):
        return "Rome" if prompt.endswith("Where?") else log_probs(prompt)

    with ChatServer(reply) as server:
        monkeypatch.setitem(os.environ, "OPENAI_API_KEY", "none")
        monkeypatch.setitem(os.environ, "OPENAI_BASE_URL", server.base_url)
        game = ChatGame.of_documents("Where?", DOCUMENTS, model="known")
        assert game.answer == "Rome"
        assert game.usage.requests == len(server.requests) == 1
