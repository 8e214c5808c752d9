"""Draw how masks become values, values a spectrum, and a spectrum an index, for four words of a review.

The model is SmolLM2-135M; ``examples/language_models/small_llm.py`` says what to install::

    python docs/pictures/spectrum.py
"""

from __future__ import annotations

import sys

import numpy as np
from style import BLUE, HERE, RED, plt, save

import spex_plugins as spex
from spex_plugins.games import MaskedPrompt

sys.path.insert(0, str(HERE.parents[1] / "examples" / "language_models"))
from small_llm import PROMPT, load_small_llm

TEXT = "never fails to charm"


def main() -> None:
    """Ask the model at all 16 masks and draw the four steps."""
    game = MaskedPrompt(
        *load_small_llm(), TEXT, template=PROMPT, answer=" positive", against=" negative", value="log_odds"
    )
    numbers = np.arange(2**game.n)
    masks = ((numbers[:, None] >> np.arange(game.n)) & 1).astype(bool)
    masks = masks[np.lexsort([-numbers, masks.sum(axis=1)])][::-1]
    values = game(masks)
    found = spex.explain(game, progress=False)
    print(found)

    figure, axes = plt.subplots(2, 2, figsize=(7.6, 7.6))
    mask_axes, value_axes, spectrum_axes, index_axes = axes.ravel()
    words = TEXT.split()
    mask_axes.imshow(masks, cmap="Greys", vmin=-0.15, vmax=1.4, aspect="auto")
    for row, mask in enumerate(masks):
        for column in np.flatnonzero(mask):
            mask_axes.text(column, row, words[column], ha="center", va="center", color="white", fontsize=8)
    mask_axes.set(title=f"1  {len(masks)} masks of four words", xticks=range(game.n), yticks=[])
    mask_axes.set_xticklabels(words, rotation=30)
    bars(value_axes, values)
    value_axes.set_title("2  their values (log-odds)")

    spectrum = found.spectrum.as_dict()
    del spectrum[()]
    strongest = sorted(spectrum, key=lambda term: -abs(spectrum[term]))[:10]
    bars(spectrum_axes, [spectrum[term] for term in strongest], named(strongest, words))
    spectrum_axes.set_title("3  spectrum, largest terms")
    table = found.index("FSII", order=2).as_dict()
    terms = sorted(table, key=lambda term: -abs(table[term]))
    bars(index_axes, [table[term] for term in terms], named(terms, words))
    index_axes.set_title("4  FSII of order 2")
    save(figure, "spectrum")


def named(terms, words):
    """Return the sets of features as text."""
    return [" × ".join(words[i] for i in term) for term in terms]


def bars(axes, values, names=()):
    """Draw horizontal bars from the top."""
    places = np.arange(len(values))
    axes.barh(places, values, color=np.where(np.asarray(values) > 0, RED, BLUE))
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set(ylim=(len(values) - 0.5, -0.5), yticks=places[: len(names)])
    axes.set_yticklabels(names, fontsize=9)


if __name__ == "__main__":
    main()
