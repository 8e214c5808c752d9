"""Accuracy that is kept when attention heads of a real language model are pruned, by the way they are chosen.

    python benchmarks head_pruning [--calls 300] [--layers 10] [--keep 0.25 0.5 0.75] [--seeds 3] [--out FILE]

SmolLM2-135M continues simple facts; a head that is pruned is replaced by its mean output. Heads are kept by
the best subset of the explained function, by the best of several candidates that the model checks (these
calls are part of the budget), by Shapley values of the explanation, by the effect of removing one head, by
the norm of their output weights, or at random (mean of five). The explanation asks in two rounds: random
masks of the sizes that are kept, with their complements; then the best sets of the function that is fitted
to them, and sets that differ from these in a few heads. No mask is asked twice. Accuracy is the share of
facts whose right word is more probable than a wrong one; the facts that are scored are not those that the
heads are chosen on, and no method was tuned on them. Seeds draw the masks of the explanation and the random
choices.
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
_NEAR = 30  # masks of the second round for every number of heads
_SWAPPED = (2, 4, 8)  # heads in which they differ from the best sets
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


class Asked:
    """A game that is asked every mask once."""

    def __init__(self, game: HeadsGame) -> None:
        self.game, self._known = game, dict[bytes, tuple[np.ndarray, float]]()

    def __call__(self, masks: np.ndarray) -> np.ndarray:
        new = {mask.tobytes(): mask for mask in masks if mask.tobytes() not in self._known}
        if new:
            values = self.game(np.stack([*new.values()]))
            self._known |= {key: (new[key], value) for key, value in zip(new, values, strict=True)}
        return np.array([self._known[mask.tobytes()][1] for mask in masks])

    @property
    def answers(self) -> tuple[np.ndarray, np.ndarray]:
        """All masks and their values."""
        masks, values = zip(*self._known.values(), strict=True)
        return np.stack(masks), np.array(values)


def near_the_best(found: spex.Interactions, size: int, rng: np.random.Generator) -> np.ndarray:
    """Return the best sets of a function at several levels of noise, and others with some heads swapped."""
    levels = np.linspace(0, 0.499, _CANDIDATES)
    best = [found.best_keeping(size, noise=z, seconds=_SECONDS / _CANDIDATES).mask for z in levels]
    distinct = np.unique(best, axis=0)
    masks = [*distinct]
    for number in range(_NEAR - len(distinct)):
        mask = distinct[number % len(distinct)].copy()
        swapped = rng.choice(_SWAPPED)
        heads = [rng.choice(np.flatnonzero(side), swapped, replace=False) for side in (mask, ~mask)]
        mask[np.concatenate(heads)] ^= True
        masks.append(mask)
    return np.stack(masks)


def explained(asked: Asked, sizes: list[int], first: np.ndarray, seed: int) -> spex.Interactions:
    """Ask in two rounds, and fit all answers."""
    rng = np.random.default_rng([seed, 2])
    asked(first)
    found = spex.fit(*asked.answers, index="SV", seed=seed)
    for size in sizes:
        asked(near_the_best(found, size, rng))
    return spex.fit(*asked.answers, index="SV", seed=seed)


def best_asked(found: spex.Interactions, asked: Asked, size: int) -> np.ndarray:
    """Return the set with the highest value, of the candidates and all masks of this size."""
    found.best_keeping(size, value_function=asked, candidates=_CANDIDATES, seconds=_SECONDS)
    masks, values = asked.answers
    return masks[np.where(masks.sum(axis=1) == size, values, -np.inf).argmax()]


def choices(
    found: spex.Interactions, asked: Asked, size: int, values: dict[str, np.ndarray], seed: int
) -> dict[str, np.ndarray]:
    """Return the masks, (1, n) or several, of so many heads by the ways to choose them."""
    rng, n = np.random.default_rng(seed), asked.game.n
    return {
        "best subset": found.best_keeping(size, seconds=_SECONDS).mask[None],
        "best subset, candidates checked": best_asked(found, asked, size)[None],
        **{name: np.isin(np.arange(n), np.argsort(-v)[:size])[None] for name, v in values.items()},
        "random": np.array([rng.permutation(n) < size for _ in range(_RANDOM)]),
    }


def measured(
    chosen_on: HeadsGame, scored: HeadsGame, fixed: dict[str, np.ndarray], arguments: Namespace, seed: int
) -> Iterator[Report]:
    """Yield the records of a seed."""
    n, asked = chosen_on.n, Asked(chosen_on)
    sizes = [round(keep * n) for keep in arguments.keep]
    first = masks_of_sizes(n, arguments.calls - len(sizes) * (_NEAR + _CANDIDATES), arguments.keep, seed)
    found = explained(asked, sizes, first, seed)
    values = {"Shapley values": found.single_values("SV").values} | fixed
    wanted = [
        (keep, choices(found, asked, size, values, seed))
        for keep, size in zip(arguments.keep, sizes, strict=True)
    ]
    assert len(asked.answers[0]) <= arguments.calls
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
