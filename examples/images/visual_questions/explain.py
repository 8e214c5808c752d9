"""Explain the answer to a question about a picture: which cells and which words decide, and which together.

The model is a network with trained weights (`network.py`), made by `train.py` in four minutes on one core of
a CPU. A mask covers cells of the picture with grey and replaces words by "…"; the value is the log-odds of
"yes".

    pip install "spex-plugins[llm,plots]" pillow
    python examples/images/visual_questions/explain.py [--question "…"] [--calls 1500] [--out out]
"""

from __future__ import annotations

import argparse
import os
import sys
from base64 import b64encode
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "Agg")
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import scenes
from image_text_page import page
from network import VisualQuestions

import spex_plugins as spex
from spex_plugins.games import MultimodalGame
from spex_plugins.plots import image_regions, to_html
from spex_plugins.regions import Grid

SHOWN = {"red circle": (1, 0), "blue square": (2, 2), "green triangle": (0, 3), "yellow circle": (3, 1)}
QUESTION = "Is there a red circle left of the blue square?"
INDEX = "BII"  # mean effects over all masks: FSII's single values are those of a cell or word nearly alone


def picture() -> np.ndarray:
    """Return a scene with the shapes of `SHOWN` in their rows and columns, uint8 of shape (64, 64, 3)."""
    kinds = [f"{colour} {shape}" for colour in scenes.COLOURS for shape in scenes.SHAPES]
    numbers = np.array([[kinds.index(kind) for kind in SHOWN]])
    cells = np.array([[row * scenes.BOARD + column for row, column in SHOWN.values()]])
    return scenes.drawn(numbers, cells, np.array([len(SHOWN)]), np.random.default_rng(0))[0]


def feature_names(game: MultimodalGame) -> list[str]:
    """Return the names of the features, those of cells by what they show."""
    names = list(game.feature_names)
    for kind, (row, column) in SHOWN.items():
        names[row * scenes.BOARD + column] = f"[{kind}]"
    return names


def main() -> None:
    """Explain the answer, print what was found, and write it as an image and as a page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--question", default=QUESTION)
    parser.add_argument("--calls", type=int, default=1500, help="masked pictures and questions")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder of the results")
    arguments = parser.parse_args()

    game = MultimodalGame(
        VisualQuestions(),
        picture(),
        arguments.question,
        image_features=Grid(scenes.BOARD, scenes.BOARD),
        image_replacement=scenes.GREY,
        text_replacement=scenes.MASKED,
    )
    found = spex.explain(game, budget=arguments.calls, feature_names=feature_names(game))
    odds = float(game(np.ones((1, game.n), dtype=bool))[0])
    title = f"{arguments.question} {'Yes' if odds > 0 else 'No'} (log-odds of yes: {odds:+.1f})"
    print(f"{title}\n{found}\n")
    print(found.top(12, INDEX, order=2))
    pairs = found.top(game.n**2, INDEX, order=2)
    print(f"\nCells and words together ({INDEX}, the strongest first):")
    mixed = [i for i, sets in enumerate(pairs.terms) if min(sets) < game.n_regions <= max(sets)]
    for i in mixed[:8]:
        print(f"  {pairs.values[i]:+.2f}  {pairs.names[i]}")

    arguments.out.mkdir(parents=True, exist_ok=True)
    drawn = arguments.out / "visual_question.png"
    settings = {"index": INDEX, "order": 2, "title": title}
    figure = image_regions(*page(game, scale=10), found, **settings).figure
    beside = figure.add_axes((0.64, 0.05, 0.28, 0.28))
    beside.imshow(game.image)
    beside.set_title("the picture", fontsize=9, loc="left")
    beside.set_axis_off()
    figure.savefig(drawn, dpi=130)
    shown = f'<img alt="" width="100%" src="data:image/png;base64,{b64encode(drawn.read_bytes()).decode()}">'
    written = arguments.out / "visual_question.html"
    written.write_text(to_html(found, **settings).replace("</h1>", f"</h1>{shown}", 1), encoding="utf-8")
    print(f"Written: {drawn}, {written}")


if __name__ == "__main__":
    main()
