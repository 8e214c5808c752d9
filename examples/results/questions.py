"""Which words decide? Answers from the fitted function, each checked by one call (seconds, no model needed).

A lexicon stands for a model; of the 2^32 masks of 32 words, 600 are evaluated::

    pip install ".[plots]"
    python examples/results/questions.py [--out out]
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "Agg")

import numpy as np

import spex_plugins as spex
from spex_plugins.plots import network, waterfall

_TEXT = (
    "the plot is thin and the jokes are hardly new but the two leads are not dull at all and "
    "their last scene is never less than moving so go see it"
)
REVIEW = _TEXT.split()
LEXICON = {"thin": -1.0, "new": 0.8, "dull": -1.5, "moving": 1.5, "see": 0.5, "less": -0.5}
TURNS = {"hardly": "new", "not": "dull", "never": "less"}


def rating(masks: np.ndarray) -> np.ndarray:
    """Add up the words of the lexicon that are kept; a negation that is kept turns its word around."""
    total = np.zeros(len(masks))
    for word, weight in LEXICON.items():
        sign = np.ones(len(masks))
        for turn in (turn for turn, turned in TURNS.items() if turned == word):
            sign = np.where(masks[:, REVIEW.index(turn)], -1.0, 1.0)
        total += weight * sign * masks[:, REVIEW.index(word)]
    return total


def main() -> None:
    """Explain the review and ask."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder of the pictures")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)

    found = spex.explain(rating, n=len(REVIEW), feature_names=REVIEW, budget=600, progress=False)
    print(found, "\n")
    for answer in (
        found.smallest_keeping(value_function=rating),
        found.smallest_flipping(value_function=rating),
        found.best_removal(2, value_function=rating),
        found.what_if(["not", "never"], value_function=rating),
    ):
        print(answer, "\n")
    waterfall(found, title="What makes the rating").figure.savefig(out / "waterfall.png", dpi=150)
    network(found, title="Which words act together").figure.savefig(out / "network.png", dpi=150)
    print(f"Written: {out / 'waterfall.png'}, {out / 'network.png'}")


if __name__ == "__main__":
    main()
