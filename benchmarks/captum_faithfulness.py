"""Captum's perturbation methods and `Spex` at equal model calls, judged on masks that none has seen.

A small real language model judges three reviews; features are their words. Needs the packages of
``examples/small_llm.py``, Captum and scikit-learn::

    python benchmarks/captum_faithfulness.py [--budgets 500 1000] [--seeds 2] [--out out/captum.json]
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.append(str(Path(__file__).parents[1] / "examples"))

import numpy as np
import numpy.typing as npt
import torch
from _harness import machine, save, table
from _masked_text import MaskedText
from captum.attr import FeatureAblation, KernelShap, Lime, ShapleyValueSampling

from spex_plugins import Interactions
from spex_plugins.captum import Spex

TEXTS = (
    "I did not expect much from this film, and I was wrong. The plot is never dull, the acting is hardly "
    "ever less than superb, and nobody near me could stop laughing for one moment. You will not regret it.",
    "The trailer promised a thrilling adventure, but nothing here is thrilling. The jokes are not funny, the "
    "hero is far from charming, and even the lovely music cannot save it. Only the late ending made me "
    "happy, at long last.",
    "Critics called it a failure, yet I would not agree. It is slow, and it is not perfect, but the dialogue "
    "is clever, the photography is gorgeous, and without the last scene it is a rare masterpiece, at least "
    "for me.",
)
HELD_OUT = 200  # of each kind
AT_ONCE = 100
METHODS = {
    "FeatureAblation": FeatureAblation,
    "Lime": Lime,
    "KernelShap": KernelShap,
    "ShapleyValueSampling": ShapleyValueSampling,
    "Spex": Spex,
}
COLUMNS = {
    "infidelity_uniform": "infidelity, uniform masks",
    "infidelity_sizes": "infidelity, all sizes",
    "r2_uniform": "R², uniform masks",
    "r2_sizes": "R², all sizes",
}

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Predict = Callable[[Bools], Floats]


class Game:
    """A text as Captum sees it: an input of n ones, with a baseline of zeros."""

    def __init__(self, text: MaskedText) -> None:
        self.text = text
        self.inputs = torch.ones(1, text.n)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the scores of perturbed inputs (m, n)."""
        return torch.from_numpy(self.text(inputs.numpy() > 0.5))

    def explain(self, method: str, budget: int, seed: int) -> dict[str, Predict]:
        """Explain with at most ``budget`` masks; return predictions of the score, by reading."""
        torch.manual_seed(seed)
        settings = {"perturbations_per_eval": AT_ONCE}
        if method == "Spex":
            settings |= {"n_samples": budget, "seed": seed, "return_interactions": True}
            values, (found,) = Spex(self.forward).attribute(self.inputs, **settings)
            return {
                "Spex": linear(values[0]),
                'Spex, index="BV"': linear(found.single_values("BV").values),
                "Spex, with interactions": with_interactions(found),
            }
        if method == "ShapleyValueSampling":
            settings["n_samples"] = (budget - 1) // self.text.n  # permutations, and the baseline once
        elif method != "FeatureAblation":
            settings["n_samples"] = budget
        return {method: linear(METHODS[method](self.forward).attribute(self.inputs, **settings)[0])}


def linear(values: npt.ArrayLike) -> Predict:
    """Return the additive prediction; its constant cancels or is fitted, for every method."""
    array = np.asarray(values, dtype=np.float64)
    return lambda masks: masks @ array


def with_interactions(found: Interactions) -> Predict:
    """Return the prediction of everything that was found; at the input itself, the answer is known."""
    return lambda masks: np.where(masks.all(axis=1), found.full_value, found.predict(masks))


def held_out(n: int) -> dict[str, Bools]:
    """Draw masks of two kinds: every word with chance 1/2; sizes from 2 to n − 2 equally often."""
    rng = np.random.default_rng([1000, n])  # no method is seeded like this
    sizes = rng.integers(2, n - 1, size=(HELD_OUT, 1))
    ranks = rng.random((HELD_OUT, n)).argsort(axis=1).argsort(axis=1)
    return {"uniform": rng.random((HELD_OUT, n)) < 0.5, "sizes": ranks < sizes}


def judged(predict: Predict, text: MaskedText, masks: dict[str, Bools]) -> dict[str, float]:
    """Measure on masks that no method had seen."""
    everything = np.ones((1, text.n), dtype=bool)
    out: dict[str, float] = {}
    for kind, every in masks.items():
        unseen = every[[key not in text.seen for key in text.keys(every)]]
        truth, predicted = text.values(unseen), predict(unseen)
        # Yeh et al. 2019; the perturbation removes the masked words. In units of the variance.
        drop, predicted_drop = text.values(everything) - truth, predict(everything) - predicted
        out[f"infidelity_{kind}"] = float(np.mean((predicted_drop - drop) ** 2) / truth.var())
        out[f"r2_{kind}"] = float(1 - (truth - predicted).var() / truth.var())  # all may shift
        out[f"masks_{kind}"] = len(unseen)
    return out


def measured(texts: list[MaskedText], budgets: list[int], seeds: int) -> list[dict[str, object]]:
    """Explain everything first, so that the masks of all methods are known, then judge."""
    masks = [held_out(text.n) for text in texts]
    for text, one in zip(texts, masks, strict=True):
        text.values(np.concatenate(list(one.values())))
    done: list[tuple[int, dict[str, object], Predict]] = []
    # The seeds are the outer loop: a run that is stopped has finished some of them for all texts.
    for seed in range(seeds):
        for k, text in enumerate(texts):
            for budget in budgets:
                for method in METHODS:
                    if method == "FeatureAblation" and (budget, seed) != (budgets[0], 0):
                        continue  # takes no budget and no seed
                    text.calls, start = 0, perf_counter()
                    readings = Game(text).explain(method, budget, seed)
                    if text.calls > budget:
                        raise RuntimeError(f"{method} took {text.calls} calls of {budget}")
                    spent = {"text": k, "n": text.n, "seed": seed, "budget": budget, "calls": text.calls}
                    spent["seconds"] = perf_counter() - start
                    print(f"{method}: {spent}", file=sys.stderr, flush=True)
                    done.extend((k, {"method": name, **spent}, one) for name, one in readings.items())
    return [{**about, **judged(predict, texts[k], masks[k])} for k, about, predict in done]


def summary(records: list[dict[str, object]], budget: int) -> str:
    """Return a table of means and standard deviations over texts and seeds."""
    rows = []
    for method in dict.fromkeys(str(r["method"]) for r in records):
        own = [r for r in records if r["method"] == method and r["budget"] == budget]
        own = own or [r for r in records if r["method"] == method]
        cells = [[r[c] for r in own] for c in COLUMNS]
        shown = [f"{np.mean(cell):.2f} ± {np.std(cell):.2f}" for cell in cells]
        rows.append([method, f"{np.mean([r['calls'] for r in own]):.0f}", *shown])
    return f"Budget {budget}\n\n" + table(["", "calls", *COLUMNS.values()], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budgets", type=int, nargs="+", default=[500, 1000])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("out/captum_faithfulness.json"))
    arguments = parser.parse_args()
    from small_llm import SentimentScorer, load_small_llm

    model, tokenizer = load_small_llm()
    # Half the time of float32 where the processor knows bfloat16, and a score that differs by 0.3 % of its
    # variance: the same function for every method, as each mask is scored once.
    scorer = SentimentScorer(model.to(torch.bfloat16), tokenizer)
    texts = [MaskedText(text, scorer, arguments.out.parent / "scores") for text in TEXTS]
    print(machine() + f" torch {torch.__version__}; words: {[text.n for text in texts]}\n")
    records = measured(texts, arguments.budgets, arguments.seeds)
    for budget in arguments.budgets:
        print(summary(records, budget) + "\n")
    save(arguments.out, records)


if __name__ == "__main__":
    main()
