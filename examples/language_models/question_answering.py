"""Which sentences of a text made a language model give its answer, alone and together.

Everything runs offline, on the CPU::

    python examples/language_models/question_answering.py [--calls 128] [--seed 0]
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from small_llm import load_small_llm

import spex_plugins as spex
from spex_plugins.games import MaskedPrompt

TEXT = (
    "The lighthouse of Skarholm was built in 1871. Its keeper lived there with two goats and a piano. "
    "In winter the mail boat came once a month.\n\n"
    "Today the lighthouse is a museum, open from May to September. A ticket costs nine crowns. "
    "The piano is still there. Who has paid nine crowns for a ticket may play it."
)
QUESTION = "How much does a ticket for the museum cost?"
ANSWER = " nine crowns"


def main() -> None:
    """Explain the answer and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=128, help="masks that may be asked")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()

    game = MaskedPrompt(
        *load_small_llm(),
        TEXT,
        template=f"{{}}\n\nQuestion: {QUESTION}\nAnswer: A ticket costs",
        features="sentence",
        answer=ANSWER,
    )
    found = spex.explain(game, budget=arguments.calls, seed=arguments.seed)
    print(f"{TEXT}\n\n{QUESTION} A ticket costs{ANSWER}.\n")
    print(
        f"log-probability of the answer: {found.full_value:.2f}; without the text {found.empty_value:.2f}\n"
    )
    print(f"{found}\n")
    print("Sentences, and pairs of them that act together (faithful Shapley interactions):")
    top = found.index("FSII", order=2).top(8)
    for name, value in zip(top.names, top.values, strict=True):
        print(f"  {value:+.2f}  {name}")


if __name__ == "__main__":
    main()
