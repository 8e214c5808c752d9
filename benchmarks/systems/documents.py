"""Which two sentences of several documents the answer of a real language model needs.

    python benchmarks documents [--items 20] [--calls 128] [--levels 64]

For every item of `library.data.multi_hop`, SmolLM2-135M scores the annotated answer with some of the eight
sentences of four documents. Recovery@2 is the share of the two annotated sentences among two that a method
names: ours names the best pair of the fitted function, alone or (steady) on average where every sentence is
flipped in a tenth of all cases, the marginal methods the two sentences with the
largest values (removal of one, LIME, Shapley and Banzhaf values). ``--levels`` is the budget of documents
first, then sentences. The bridge sentence hardly changes the answers of so small a model: a recovery of 1/2
is what to expect.
"""

from __future__ import annotations

import os
import sys
import warnings
from argparse import ArgumentParser
from pathlib import Path

import numpy as np

import spex_plugins as spex
from library.data.multi_hop import ITEMS, Item
from library.methods.additive import lime
from library.report.markdown import table
from spex_plugins.games import ContextGame

os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "language_models"))


def wanted(item: Item, names: tuple[str, ...]) -> set[int]:
    """Return the numbers of the annotated sentences."""
    parts = {name: text.split(". ") for name, text in item.documents.items()}
    texts = [f"{name}: {parts[name][number].rstrip('.')}." for name, number in item.supporting]
    return {names.index(text) for text in texts}


def measured(item: Item, model: tuple[object, object], calls: int, levels: int) -> dict[str, float]:
    """Return the recovery of every method for an item."""
    game = ContextGame(
        *model,
        item.question,
        item.documents,
        answer=item.answer,
        features="sentence",
        document="{name}: {text}",
    )
    target = wanted(item, game.feature_names)
    full = np.ones((1, game.n), dtype=bool)
    removed = game(np.concatenate([full, ~np.eye(game.n, dtype=bool)]))
    masks = np.random.default_rng(0).random((calls, game.n)) < 0.5
    found = spex.explain(game, budget=calls, progress=False)
    scores = {
        "remove one": removed[0] - removed[1:],
        "LIME": lime(masks, game(masks)).values,
        "Shapley values": found.single_values("SV").values,
        "Banzhaf values": found.single_values("BV").values,
    }
    chosen = {name: set(np.argsort(-values)[:2].tolist()) for name, values in scores.items()}
    chosen["best pair"] = set(found.best_keeping(2).kept)
    chosen["best pair, steady"] = set(found.best_keeping(2, noise=0.1).kept)
    by_level = spex.explain_levels(game, budget=levels, progress=False)
    kept = by_level.interactions.best_keeping(2).kept
    chosen["best pair, two levels"] = {
        by_level.features[i][0] for i in kept if len(by_level.features[i]) == 1
    }
    return {name: len(target & both) / 2 for name, both in chosen.items()}


def main() -> None:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=len(ITEMS))
    parser.add_argument("--calls", type=int, default=128)
    parser.add_argument("--levels", type=int, default=64)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    from small_llm import load_small_llm

    model = load_small_llm()
    rows: dict[str, list[float]] = {}
    for item in ITEMS[: arguments.items]:
        for name, value in measured(item, model, arguments.calls, arguments.levels).items():
            rows.setdefault(name, []).append(value)
    print(
        table(["method", "recovery@2", "items"], [[k, f"{np.mean(v):.2f}", len(v)] for k, v in rows.items()])
    )


if __name__ == "__main__":
    main()
