"""Explain a real language model's rating of a review: which words matter, and which matter together.

A first answer after 300 model calls, then a better one: the answers are kept in ``out/demo.sqlite``, and only
1,700 more are asked for. Run it again, and the model is not called at all. Everything runs offline, on the
CPU. Pictures and a page are written to ``out/``::

    python examples/demo.py [--first 300] [--calls 2000] [--seed 0] [--out out]
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import numpy as np
import shap
from language_models.small_llm import PROMPT, REVIEW, SentimentScorer, load_small_llm

import spex_plugins as spex
from spex_plugins.plots import save_html, text_arcs, waterfall
from spex_plugins.shap import SpexExplainer

if TYPE_CHECKING:
    from spex_plugins.shap import SpexExplanation

TITLE = "Why SmolLM2-135M calls this review positive"
WORDS, SETS = 5, 8  # that are printed


def main() -> None:
    """Explain the review twice, print what was found and draw it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--first", type=int, default=300, help="model calls of the first answer")
    parser.add_argument("--calls", type=int, default=2000, help="model calls that may be made, in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder of the answers and pictures")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)

    rating = SentimentScorer(*load_small_llm())
    print(f"\n{REVIEW}\n\nlogit(positive) − logit(negative) = {rating([REVIEW])[0]:+.2f}\n")

    # Like any SHAP explainer. The masker splits at white space and removes the words that are masked.
    words = shap.maskers.Text(r"\s", mask_token=" ")
    answers = spex.Queries(store=arguments.out / "demo.sqlite", fingerprint=f"SmolLM2-135M-Instruct {PROMPT}")
    explainer = SpexExplainer(rating, words, seed=arguments.seed, queries=answers)

    first = None
    for calls in sorted({min(arguments.first, arguments.calls), arguments.calls}):
        start = perf_counter()
        explanation = explainer([REVIEW], max_evals=calls)[0]
        tell(explanation, perf_counter() - start)
        draw(explanation, arguments.out)
        if first is not None:
            print(f"\n{changes(first, explanation)}")
        first = explanation


def tell(explanation: SpexExplanation, seconds: float) -> None:
    """Print the explanation, its strongest words, and those that act together."""
    found = explanation.interactions
    print(found)
    print(f"  {'time':<12}{seconds:.0f} s for {found.n_calls:,} model calls and the explanation\n")
    print("Words on their own (Shapley values, they add up to the rating):")
    table = found.index("SV")
    names = dict(zip(table.terms, table.names, strict=True))  # not₂ is the second "not"
    for i in strongest(explanation):
        print(f"  {explanation.values[i]:+.2f}  {names[i,]}")
    print("\nWords that act together (faithful Shapley interactions, with their standard deviations):")
    sets = found.top(SETS)
    for name, value, deviation in zip(sets.names, sets.values, found.deviations(sets), strict=True):
        print(f"  {value:+.2f} ± {deviation:.2f}  {name}")


def strongest(explanation: SpexExplanation) -> list[int]:
    """Return the words with the largest Shapley values."""
    return np.argsort(-np.abs(explanation.values))[:WORDS].tolist()


def changes(first: SpexExplanation, better: SpexExplanation) -> str:
    """Say in one line what the further calls changed."""
    before, after = first.interactions, better.interactions
    words = len({*strongest(first)} & {*strongest(better)})
    sets = len({*before.top(SETS).terms} & {*after.top(SETS).terms})
    r2 = [
        f"{found.r2:.2f} ± {found.r2_error:.2f}" if np.isfinite(found.r2) else "not measured"
        for found in (before, after)
    ]
    return (
        f"From {before.budget:,} to {after.budget:,} calls: R² from {r2[0]} to {r2[1]}; "
        f"{words} of these {WORDS} words and {sets} of these {SETS} sets were already in the first answer."
    )


def draw(explanation: SpexExplanation, out: Path) -> None:
    """Write the pictures and the page."""
    found = explanation.interactions
    picture, bars, page = (out / name for name in ("words.png", "waterfall.png", "page.html"))
    text_arcs(found, title=TITLE).figure.savefig(picture, dpi=150)
    waterfall(found, top=20, title=TITLE).figure.savefig(bars, dpi=150)
    save_html(found, page, title=TITLE)
    print(f"\nWritten: {picture} (words and arcs), {bars} (bars that add up), {page} (open in a browser)\n")


if __name__ == "__main__":
    main()
