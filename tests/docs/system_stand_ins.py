"""Stand-ins for what documents, replies, agents, heads and training data need."""

from __future__ import annotations

import os
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import pytest

DOCUMENTS = {
    "letter": "Anna moved to Rome. Her sister lives there.",
    "diary": "The film is boring. It is not the disaster.",
    "atlas": "Rome lies in Italy.",
}


def _from_tests(path):
    from stand_ins import from_tests

    return from_tests(path)


def _games():
    import spex_plugins
    from spex_plugins import games
    from spex_plugins.plots import save_sources_html

    found = {name: getattr(games, name) for name in games.__all__}
    return found | {"spex": spex_plugins, "save_sources_html": save_sources_html}


def documents(_):
    """Return a model with random weights; a question and documents that it cannot understand."""
    pytest.importorskip("transformers")
    models = _from_tests("games/prompt_models.py")
    names = {"model": models.llama(), "tokenizer": models.tokenizer(), "documents": DOCUMENTS}
    return _games() | names | {"letter": DOCUMENTS["letter"], "diary": DOCUMENTS["diary"]}


def replying_server(stack):
    """Let the client of an API talk to a server on this machine: a review is good unless it is dull."""
    pytest.importorskip("openai")

    def reply(prompt):
        words = prompt.replace(".", "").split()
        bad = "dull" in words and "never" not in words
        return "The reviewer is bored." if bad else "The reviewer likes the film."

    server = stack.enter_context(_from_tests("games/chat_server.py").ChatServer(reply))
    settings = {"OPENAI_API_KEY": "none", "OPENAI_BASE_URL": server.base_url}
    stack.enter_context(patch.dict(os.environ, settings))
    encoder = SimpleNamespace(encode=lambda texts: np.array([[len(text), text.count("b")] for text in texts]))
    return _games() | {
        "review": "never was a film so dull and good",
        "text": "never so dull",
        "reply": reply,
        "encoder": encoder,
        "question": "How was it?",
        "documents": {"first review": "It was dull.", "second review": "It was good. I liked it."},
    }


def agent(_):
    """Return an agent that solves its task if it may search and calculate."""

    async def run(task, tools):
        steps = [getattr(tool, "__name__", str(tool)) for tool in tools]
        return SimpleNamespace(answer="ask" in task and len(steps), dollars=0.01 * len(steps), steps=steps)

    def tool(name):
        def used(*_):
            return name

        used.__name__ = name
        return used

    return _games() | {
        "agent": run,
        "task": "a task",
        "grade": float,
        "search": tool("search"),
        "calculator": tool("calculator"),
        "calendar": tool("calendar"),
    }


def heads(_):
    pytest.importorskip("transformers")
    models = _from_tests("games/prompt_models.py")
    return _games() | {
        "model": models.llama(num_hidden_layers=4),
        "tokenizer": models.tokenizer(),
        "prompts": ["Anna moved from Paris to", "The film is not the", "Charming and"],
        "answers": [" Rome", " disaster", " beautifully"],
        "wrong": [" film", " Paris", " boring"],
    }


def training_data(_):
    linear = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 220)
    X = rng.normal(size=(220, 3)) + 1.5 * y[:, None]
    labels = y.copy()
    labels[:4] = 1 - labels[:4]
    return _games() | {
        "LogisticRegression": linear.LogisticRegression,
        "X": X[:20],
        "y": labels[:20],
        "X_test": X[20:],
        "y_test": y[20:],
    }
