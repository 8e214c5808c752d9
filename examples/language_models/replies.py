"""Explain a model that returns only texts, and not always the same: a stand-in answers, no network.

Replace ``reply`` by ``ChatReplies("name of a model", temperature=1.0)`` for a model behind an API::

    python examples/language_models/replies.py [--calls 400] [--temperature 0.2]
"""

from __future__ import annotations

import argparse
from random import Random

import spex_plugins as spex
from spex_plugins.games import ReplyGame

REVIEW = "Is it dull? Never. The film is not the disaster that the critics described."
REPLIES = {True: "The reviewer likes the film.", False: "The reviewer does not like the film."}


def stand_in(temperature: float, seed: int):
    """Return a model that judges reviews by its rules, and errs at random."""
    random = Random(seed)

    def reply(prompt: str) -> str:
        words = {word.strip("?.").lower() for word in prompt.split()}
        bad = ("dull" in words and "never" not in words) + ("disaster" in words and "not" not in words)
        return REPLIES[(bad == 0) != (random.random() < temperature)]

    return reply


def main() -> None:
    """Explain the replies, and say how much of their variance is noise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=400, help="replies that may be asked for")
    parser.add_argument("--temperature", type=float, default=0.2, help="how often the stand-in errs")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    game = ReplyGame(
        stand_in(arguments.temperature, arguments.seed),
        REVIEW,
        similarity="exact",
        reference=REPLIES[True],
        concurrency=1,
    )
    found = spex.explain_noisy(game, budget=arguments.calls, seed=arguments.seed)
    print(f"{REVIEW}\n{game.reference}\n\n{found}\n\nWords that act together:")
    top = found.interactions.top(4, "FBII", order=2)
    for name, value in zip(top.names, top.values, strict=True):
        print(f"  {value:+.2f}  {name}")


if __name__ == "__main__":
    main()
