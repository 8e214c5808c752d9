"""Accuracy that is kept when attention heads of a real language model are pruned, by the way they are chosen.

    python benchmarks head_pruning [--calls 400] [--layers 10] [--keep 0.25 0.5 0.75]

SmolLM2-135M continues simple facts; a head that is pruned is replaced by its mean output. Heads are kept by
the best subset of the explained function, by its Shapley values, by the effect of removing one head, by the
norm of their output weights, or at random (mean of five). As few and many heads are kept, the masks are of
all sizes. Accuracy is the share of facts whose right word is more probable than a wrong one; the facts that
are scored are not those that the heads are chosen on.
"""

from __future__ import annotations

import os
import sys
import warnings
from argparse import ArgumentParser
from pathlib import Path

import numpy as np

import spex_plugins as spex
from library.report.markdown import table
from spex_plugins.games import HeadsGame

os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "language_models"))

_FACTS = [
    ("The capital of France is", " Paris", " London"), ("The capital of Italy is", " Rome", " Berlin"),
    ("The opposite of hot is", " cold", " warm"), ("The opposite of big is", " small", " large"),
    ("Two plus two is", " four", " nine"), ("A dog has four", " legs", " wings"),
    ("The sky is", " blue", " green"), ("Snow is", " white", " black"),
    ("Fish live in the", " water", " trees"), ("Birds can", " fly", " read"),
    ("The sun rises in the", " east", " west"), ("Bees make", " honey", " milk"),
    ("Cows give", " milk", " eggs"), ("In winter it is", " cold", " hot"),
    ("A week has seven", " days", " years"), ("The capital of Spain is", " Madrid", " Vienna"),
    ("She is a girl and he is a", " boy", " girl"), ("The opposite of up is", " down", " left"),
    ("A king and a", " queen", " prince"), ("Bread and", " butter", " stone"),
    ("The capital of Japan is", " Tokyo", " Paris"), ("The opposite of good is", " bad", " nice"),
    ("Three plus one is", " four", " seven"), ("A car has four", " wheels", " legs"),
    ("Grass is", " green", " red"), ("Coal is", " black", " white"),
    ("At night we see the", " moon", " desk"), ("A cat likes to drink", " milk", " sand"),
    ("In summer it is", " hot", " cold"), ("A year has twelve", " months", " hours"),
    ("Ice is frozen", " water", " wood"), ("The capital of Germany is", " Berlin", " Rome"),
    ("He is a man and she is a", " woman", " man"), ("The opposite of left is", " right", " up"),
    ("Salt and", " pepper", " moon"), ("Read a", " book", " tree"),
]  # fmt: skip


def magnitudes(game: HeadsGame, model: object, heads: int) -> np.ndarray:
    """Return the norm of the output weights of every head."""
    layers = model.model.layers[: game.n // heads]
    weights = [layer.self_attn.o_proj.weight.detach().numpy() for layer in layers]
    return np.concatenate([np.linalg.norm(np.split(w, heads, axis=1), axis=(1, 2)) for w in weights])


def main() -> None:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--layers", type=int, default=10, help="first layers whose heads are pruned")
    parser.add_argument(
        "--facts", type=int, default=10, help="facts to choose the heads on; the rest is scored"
    )
    parser.add_argument("--keep", type=float, nargs="+", default=[0.25, 0.5, 0.75])
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    from small_llm import load_small_llm

    model, tokenizer = load_small_llm()
    layers = range(arguments.layers)

    def game(facts: list[tuple[str, str, str]]) -> HeadsGame:
        prompts, right, wrong = zip(*facts, strict=True)
        return HeadsGame(model, tokenizer, prompts, right, against=wrong, value="log_odds", layers=layers)

    chosen_on, scored = game(_FACTS[: arguments.facts]), game(_FACTS[arguments.facts :])
    n, heads = chosen_on.n, model.config.num_attention_heads
    found = spex.explain(chosen_on, budget=arguments.calls, index="SV", progress=False)
    removed = chosen_on(np.concatenate([np.ones((1, n), bool), ~np.eye(n, dtype=bool)]))
    values = {
        "Shapley values": found.single_values("SV").values,
        "removal of one": removed[0] - removed[1:],
        "magnitude": magnitudes(chosen_on, model, heads),
    }
    rng = np.random.default_rng(0)
    rows = []
    for keep in arguments.keep:
        size = round(keep * n)
        masks = {"best subset": found.best_keeping(size).mask[None]}
        for name, value in values.items():
            masks[name] = np.isin(np.arange(n), np.argsort(-value)[:size])[None]
        masks["random"] = np.array([rng.permutation(n) < size for _ in range(5)])
        for name, mask in masks.items():
            odds, accuracy = scored(mask).mean(), scored.accuracy(mask).mean()
            rows.append(
                [f"{keep:.0%}", name, f"{accuracy:.2f}", f"{odds:.2f}", f"{chosen_on(mask).mean():.2f}"]
            )
    full = np.ones((1, n), dtype=bool)
    rows.append(
        ["100%", "all", f"{scored.accuracy(full)[0]:.2f}", f"{scored(full)[0]:.2f}", f"{removed[0]:.2f}"]
    )
    print(f"{n} heads, {arguments.calls} calls, R² {float(found.r2):.2f}\n")
    print(table(["kept", "chosen by", "accuracy", "log-odds", "log-odds, chosen on"], rows))


if __name__ == "__main__":
    main()
