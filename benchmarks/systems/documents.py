"""Which two sentences of several documents the answer of a real language model needs.

    python benchmarks documents [--items 20] [--calls 64 128] [--out FILE]

For every item of `library.data.multi_hop`, SmolLM2-135M scores the annotated answer with all 2^8 sets of the
eight sentences of four documents; the methods ask these recorded values. Recovery@2 is the share of the two
annotated sentences among two that a method names: ours names the best pair of the fitted function, alone or
(steady) on average where every sentence is flipped in a tenth of all cases, the marginal methods the two
sentences with the largest values (removal of one, LIME, Shapley and Banzhaf values). Two levels are documents
first, then sentences, with half of the calls. "The model itself" is the same of the recorded values: what a
perfect explanation finds. The bridge sentence hardly changes the answers of so small a model: a recovery
of 1/2 is what to expect.
"""

from __future__ import annotations

import os
import sys
import warnings
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np

import spex_plugins as spex
from library.data.multi_hop import ITEMS, Item
from library.measure.result_files import append, begin_run
from library.methods.additive import lime
from library.report.markdown import table
from spex_plugins.games import ContextGame

os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "language_models"))

READINGS = {"best pair": 0.0, "best pair, steady": 0.1}


def wanted(item: Item, names: tuple[str, ...]) -> set[int]:
    """Return the numbers of the annotated sentences."""
    parts = {name: text.split(". ") for name, text in item.documents.items()}
    texts = [f"{name}: {parts[name][number].rstrip('.')}." for name, number in item.supporting]
    return {names.index(text) for text in texts}


def recorded(item: Item, model: tuple[object, object]) -> tuple[spex.Recording, ContextGame]:
    """Return the values of all masks of an item, and its game."""
    game = ContextGame(
        *model,
        item.question,
        item.documents,
        answer=item.answer,
        features="sentence",
        document="{name}: {text}",
    )
    masks = (np.arange(2**game.n)[:, None] >> np.arange(game.n) & 1).astype(bool)
    return spex.Recording(masks, game(masks), feature_names=game.feature_names), game


def measured(values: spex.Recording, groups: np.ndarray, calls: int) -> Iterator[tuple[str, int, set[int]]]:
    """Yield every method, the calls that it was allowed, and the two sentences that it names."""
    n = values.n
    removed = values(np.concatenate([np.ones((1, n), bool), ~np.eye(n, dtype=bool)]))
    masks = np.random.default_rng(0).random((calls, n)) < 0.5
    found = spex.explain(values, budget=calls, progress=False)
    scores = {
        "removal of one": removed[0] - removed[1:],
        "LIME": lime(masks, values(masks)).values,
        "Shapley values": found.single_values("SV").values,
        "Banzhaf values": found.single_values("BV").values,
    }
    for name, each in scores.items():
        yield name, calls, set(np.argsort(-each)[:2].tolist())
    by_level = spex.explain_levels(values, groups, budget=calls // 2, progress=False)
    for name, noise in READINGS.items():
        yield name, calls, set(found.best_keeping(2, noise=noise).kept)
        parts = [by_level.features[i] for i in by_level.interactions.best_keeping(2, noise=noise).kept]
        yield f"{name}, two levels", calls // 2, {part[0] for part in parts if len(part) == 1}
    exact = spex.explain(values, budget=2**n, progress=False)
    for name, noise in READINGS.items():
        yield f"the model itself: {name}", 2**n, set(exact.best_keeping(2, noise=noise).kept)


def main() -> None:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=len(ITEMS))
    parser.add_argument("--calls", type=int, nargs="+", default=[64, 128])
    parser.add_argument("--out", type=Path, help="FILE.jsonl of results")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    from small_llm import load_small_llm

    model = load_small_llm()
    scores: dict[tuple[str, int], list[float]] = {}
    with arguments.out.open("w") if arguments.out else nullcontext() as file:
        if file:
            begin_run(file, "documents")
        for number, item in enumerate(ITEMS[: arguments.items]):
            values, game = recorded(item, model)
            target, told = wanted(item, game.feature_names), set()
            for calls in arguments.calls:
                for method, asked, named in measured(values, game.groups, calls):
                    recovery = len(target & named) / 2
                    if (method, asked) in told:  # the model itself, whatever the calls
                        continue
                    told.add((method, asked))
                    scores.setdefault((method, asked), []).append(recovery)
                    record = {"input": number, "method": method, "calls": asked, "recovery": recovery}
                    if file:
                        append(file, "documents", record)
    rows = [[method, calls, f"{np.mean(each):.2f}", len(each)] for (method, calls), each in scores.items()]
    print(table(["method", "calls", "recovery@2", "items"], rows))


if __name__ == "__main__":
    main()
