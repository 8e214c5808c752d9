"""Explain a model behind an OpenAI-compatible API: which words of a review decide, and which decide together.

It needs a model that gives the log-probs of its alternatives, and the key of its API. What was answered is in
a file: run it again after a break, or with a larger budget, and only what is missing is asked and paid::

    pip install "spex-plugins[api]"
    export OPENAI_API_KEY=…                            # a local server takes any text
    export OPENAI_BASE_URL=http://localhost:8080/v1    # only for other servers than OpenAI's
    python examples/language_models/closed_model.py --model gpt-4.1-mini-2025-04-14 [--calls 500]

Models that only complete texts answer ``--endpoint completions``.
"""

from __future__ import annotations

import argparse

import spex_plugins as spex
from spex_plugins.games.chat.chat_game import ChatGame

REVIEW = (
    "Is it perfect? No. Is it dull? Never. The film is not the disaster that the critics described, "
    "and its hero is far from boring. I did not hate a single scene."
)
QUESTION = "Is this review of a film positive? Answer with one word, True or False.\n\nReview: {}"


def main() -> None:
    """Explain the review, and say what that cost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="name of the model; better one with a date")
    parser.add_argument("--calls", type=int, default=500, help="model calls that may be made")
    parser.add_argument("--endpoint", default="chat", choices=["chat", "completions"])
    parser.add_argument("--store", default="run.sqlite", help="file of the answers")
    arguments = parser.parse_args()

    game = ChatGame(
        REVIEW,
        model=arguments.model,
        template=QUESTION if arguments.endpoint == "chat" else f"{QUESTION}\nAnswer:",
        answer=" True",
        against=" False",
        endpoint=arguments.endpoint,
    )
    found = spex.explain(game, budget=arguments.calls, store=arguments.store)
    print(found)
    print("\nWords that act together (log-odds of True against False):")
    table = found.index("FSII", order=2).top(10)
    for name, value in zip(table.names, table.values, strict=True):
        print(f"  {value:+.2f}  {name}")
    print(f"\n{game}")


if __name__ == "__main__":
    main()
