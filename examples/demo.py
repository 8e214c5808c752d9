"""Explain a real language model's verdict on a review: which words matter, and which matter together.

Everything runs offline, on the CPU. Pictures and a page are written to ``out/``::

    python examples/demo.py [--calls 2000] [--seed 0] [--out out]
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from time import perf_counter

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import numpy as np
import shap
from small_llm import REVIEW, SentimentScorer, load_small_llm

from spex_plugins.plots import save_html, text_arcs, waterfall
from spex_plugins.shap import SpexExplainer

TITLE = "Why SmolLM2-135M calls this review positive"


def main() -> None:
    """Explain the review, print what was found and draw it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=2000, help="model calls that may be made")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder of the pictures")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)

    verdict = SentimentScorer(*load_small_llm())
    print(f"\n{REVIEW}\n\nlogit(positive) − logit(negative) = {verdict([REVIEW])[0]:+.2f}\n")

    # Like any SHAP explainer. The masker splits at white space and removes the words that are masked.
    words = shap.maskers.Text(r"\s", mask_token=" ")
    explainer = SpexExplainer(verdict, words, seed=arguments.seed)
    start = perf_counter()
    explanation = explainer([REVIEW], max_evals=arguments.calls)[0]
    seconds = perf_counter() - start

    found = explanation.interactions
    print(found)
    print(f"  {'time':<12}{seconds:.0f} s for {found.n_calls} model calls and the explanation\n")
    print("Words on their own (Shapley values, they add up to the verdict):")
    for i in np.argsort(-np.abs(explanation.values))[:5]:
        print(f"  {explanation.values[i]:+.2f}  {explanation.data[i].strip()}")
    print("\nWords that act together (faithful Shapley interactions):")
    for name, value in zip(found.top(8).names, found.top(8).values, strict=True):
        print(f"  {value:+.2f}  {name}")

    picture, bars, page = (arguments.out / f for f in ("words.png", "waterfall.png", "page.html"))
    text_arcs(found, title=TITLE).figure.savefig(picture, dpi=150)
    save_html(found, page, title=TITLE)
    waterfall(found, title=TITLE).figure.savefig(bars, dpi=150)
    print(f"\nWritten: {picture} (words and arcs), {bars} (bars that add up), {page} (open in a browser)")


if __name__ == "__main__":
    main()
