"""Our own questions: SmolLM2-135M's log-probabilities of answers with all subsets of their sentences."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from library.paper.questions import Question, own_questions
from library.recorded.inputs import Asked, Input

__all__ = ["INPUTS"]


def _asked(question: Question, task: str, _: Path) -> Asked:
    from library.paper.answer_game import MODEL, AnswerGame

    game = AnswerGame(question, task)
    about = {
        "model": MODEL,
        "asked": "log-probabilities of the answer, and of answer and evidence; hidden sentences are removed",
        "prompt": game.template,
        "answer": question.answer,
        "evidence": question.evidence,
        "source": f"benchmarks/library/paper/{task}.json, {question.name}",
    }
    return Asked(game, about)


INPUTS = [
    Input("paper", f"{task}-{one.name}", "report", partial(_asked, one, task))
    for task in ("multihop", "numeric")
    for one in own_questions(task)
]
