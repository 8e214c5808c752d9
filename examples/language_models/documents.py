"""Which documents, and which of their sentences, made a language model give its answer.

Everything runs offline, on the CPU::

    python examples/language_models/documents.py [--calls 60] [--out sources.html]
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from small_llm import load_small_llm

import spex_plugins as spex
from spex_plugins.games import ContextGame
from spex_plugins.plots import save_sources_html

QUESTION = "How much does a ticket for the museum of Skarholm cost?"
DOCUMENTS = {
    "guide": "The lighthouse of Skarholm was built in 1871. Today it is a museum.",
    "prices": "The museum is open from May to September. A ticket costs nine crowns.",
    "history": "The keeper lived there with two goats. In winter the mail boat came once a month.",
    "weather": "It rains on most days of October.",
}


def main() -> None:
    """Explain the model's own answer and write a page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=60, help="prompts that may be asked")
    parser.add_argument("--answer", help="answer to explain; by default the model's own")
    parser.add_argument("--out", default="sources.html", help="page to write")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    game = ContextGame(*load_small_llm(), QUESTION, DOCUMENTS, answer=arguments.answer, features="sentence")
    found = spex.explain_levels(game, budget=arguments.calls, seed=arguments.seed)
    print(f"{QUESTION}\n{game.answer}\n\n{found}\n\nDocuments alone and together:")
    for table in (found.groups.index("FSII", order=2), found.interactions.index("FSII", order=2)):
        top = table.top(6)
        for name, value in zip(top.names, top.values, strict=True):
            print(f"  {value:+.2f}  {name}")
        print()
    save_sources_html(found, arguments.out, game)
    print(f"the answer beside its sources: {arguments.out}")


if __name__ == "__main__":
    main()
