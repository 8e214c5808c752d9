"""Accuracy that is kept when attention heads of a real language model are pruned, by the way they are chosen.

    python benchmarks head_pruning [--calls 300] [--layers 10] [--keep 0.25 0.5 0.75] [--seeds 3] [--out FILE]

SmolLM2-135M continues simple facts; a head that is pruned is replaced by its mean output. Heads are kept by
the best subset of the explained function, by the best of several candidates that the model checks (these
calls are part of the budget), by Shapley values of the explanation, by the effect of removing one head, by
the norm of their output weights, or at random (mean of five). The explanation asks for random masks of the
sizes that are kept, with their complements. Accuracy is the share of facts whose right word is more probable
than a wrong one; the facts that are scored are not those that the heads are chosen on, and no method was
tuned on them. Seeds draw the masks of the explanation and the random choices.
"""

from __future__ import annotations

import os
import sys
import warnings
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np

import spex_plugins as spex
from library.data.facts import CHOOSE, SCORE, Fact
from library.measure.result_files import Report, append, begin_run
from library.report.markdown import table
from spex_plugins.games import HeadsGame

os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "language_models"))

_CANDIDATES = 6  # sets that the model decides among
_SECONDS = 5.0  # of a search
_RANDOM = 5
_SCORES = ("accuracy", "log_odds", "log_odds_chosen_on")


def magnitudes(game: HeadsGame, model: object, heads: int) -> np.ndarray:
    """Return the norm of the output weights of every head."""
    layers = model.model.layers[: game.n // heads]
    weights = [layer.self_attn.o_proj.weight.detach().numpy() for layer in layers]
    return np.concatenate([np.linalg.norm(np.split(w, heads, axis=1), axis=(1, 2)) for w in weights])


def masks_of_sizes(n: int, calls: int, kept: list[float], seed: int) -> np.ndarray:
    """Return random masks, (calls, n), that keep from the smallest to the largest share, and complements."""
    rng = np.random.default_rng([seed, 1])
    smallest = min(*kept, 1 - max(kept))
    sizes = np.linspace(smallest * n, n / 2, -(-calls // 2)).round()
    masks = rng.random((len(sizes), n)).argsort(axis=1) < sizes[:, None]
    return np.stack([masks, ~masks], axis=1).reshape(-1, n)[:calls]


def choices(
    found: spex.Interactions, game: HeadsGame, size: int, values: dict[str, np.ndarray], seed: int
) -> dict[str, np.ndarray]:
    """Return the masks, (1, n) or several, of so many heads by the ways to choose them."""
    rng = np.random.default_rng(seed)
    checked = found.best_keeping(size, value_function=game, candidates=_CANDIDATES, seconds=_SECONDS)
    return {
        "best subset": found.best_keeping(size, seconds=_SECONDS).mask[None],
        "best subset, candidates checked": checked.mask[None],
        **{name: np.isin(np.arange(game.n), np.argsort(-v)[:size])[None] for name, v in values.items()},
        "random": np.array([rng.permutation(game.n) < size for _ in range(_RANDOM)]),
    }


def measured(
    chosen_on: HeadsGame, scored: HeadsGame, fixed: dict[str, np.ndarray], arguments: Namespace, seed: int
) -> Iterator[Report]:
    """Yield the records of a seed."""
    n, calls = chosen_on.n, arguments.calls - len(arguments.keep) * _CANDIDATES
    asked = masks_of_sizes(n, calls, arguments.keep, seed)
    found = spex.fit(asked, chosen_on(asked), index="SV", seed=seed)
    values = {"Shapley values": found.single_values("SV").values} | fixed
    wanted = [(keep, choices(found, chosen_on, round(keep * n), values, seed)) for keep in arguments.keep]
    wanted.append((1.0, {"all": np.ones((1, n), dtype=bool)}))
    for keep, masks_of in wanted:
        for method, masks in masks_of.items():
            odds = scored.scores(masks)
            yield {
                "kept": keep,
                "method": method,
                "seed": seed,
                "calls": arguments.calls,
                "accuracy": float((odds > 0).mean()),
                "log_odds": float(odds.mean()),
                "log_odds_chosen_on": float(chosen_on(masks).mean()),
                "stated_r2": float(found.r2),
            }


def means(records: list[Report]) -> Iterator[list[str]]:
    """Yield the rows of the table: means over seeds."""
    for kept, method in dict.fromkeys((record["kept"], record["method"]) for record in records):
        some = [record for record in records if (record["kept"], record["method"]) == (kept, method)]
        scores = [f"{np.mean([one[name] for one in some]):.2f}" for name in _SCORES]
        yield [f"{kept:.0%}", method, *scores, str(len(some))]


def main() -> None:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=300, help="of an explanation with its checks")
    parser.add_argument("--layers", type=int, default=10, help="first layers whose heads are pruned")
    parser.add_argument("--facts", type=int, default=len(CHOOSE), help="facts to choose the heads on")
    parser.add_argument("--keep", type=float, nargs="+", default=[0.25, 0.5, 0.75])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="FILE.jsonl of results")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    from small_llm import load_small_llm

    model, tokenizer = load_small_llm()
    layers = range(arguments.layers)

    def game(facts: list[Fact]) -> HeadsGame:
        prompts, right, wrong = zip(*facts, strict=True)
        return HeadsGame(model, tokenizer, prompts, right, against=wrong, value="log_odds", layers=layers)

    chosen_on, scored = game(CHOOSE[: arguments.facts]), game(SCORE)
    alone = chosen_on(np.concatenate([np.ones((1, chosen_on.n), bool), ~np.eye(chosen_on.n, dtype=bool)]))
    fixed = {
        "removal of one": alone[0] - alone[1:],
        "magnitude": magnitudes(chosen_on, model, model.config.num_attention_heads),
    }
    records = []
    with arguments.out.open("w") if arguments.out else nullcontext() as file:
        if file:
            begin_run(file, "head_pruning")
        for seed in range(arguments.seeds):
            for record in measured(chosen_on, scored, fixed, arguments, seed):
                records.append(record)
                if file:
                    append(file, "head_pruning", record)
    print(f"{chosen_on.n} heads, {arguments.calls} calls\n")
    print(
        table(["kept", "chosen by", "accuracy", "log-odds", "log-odds, chosen on", "seeds"], means(records))
    )


if __name__ == "__main__":
    main()
