"""A task of questions: recorded answers, or a live model on the public data, compared and judged."""

from __future__ import annotations

import warnings
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import spex_plugins as spex
from library.measure.machine import machine
from library.measure.result_files import Report as Record
from library.measure.result_files import append, begin_run
from library.paper.claims import judged
from library.paper.levels import level_outcomes
from library.paper.methods import METHODS
from library.paper.questions import Question, own_questions
from library.paper.recovery import RECOVERY, STEADY, add_recovery, known_best
from library.paper.tables import (
    claim_records,
    claims_table,
    knowledge_table,
    score_records,
    scores_table,
)
from spex_plugins import Recording

__all__ = ["OUTPUTS", "recorded", "run_task", "what_the_model_knows"]

OUTPUTS = {"answer": 0, "answer and evidence": 1}
_RECORDINGS = Path(__file__).parents[2] / "recordings"
_METRICS = {
    "r2": "R²",
    "r2_sizes": "R², all sizes",
    "removal": "removal",
    "recovery": "recovery@10",
    RECOVERY: "recovery@k",
    STEADY: "recovery@k, steady",
    "value_error": "error of values",
    "pair_error": "error of pairs",
}
_MEASURED = [name for name in _METRICS if name not in (RECOVERY, STEADY)]
_HELD_OUT = 500
_HALVES = {"both": slice(None), "develop": slice(0, None, 2), "report": slice(1, None, 2)}

Inputs = list[tuple[Question, Any]]
"""Questions, each with its value function."""


def run_task(task: str, read: Callable[[Path], list[Question]], about: str) -> None:
    """Run a task from the command line: print tables, and write records where a file is given."""
    arguments = _arguments(about)
    warnings.simplefilter("ignore")
    inputs = _live(task, read, arguments) if arguments.data else recorded(task, arguments.recordings)
    inputs = inputs[: arguments.items][_HALVES[arguments.half]]
    print(f"{machine()}\n\n{len(inputs)} questions of the task {task!r}\n")
    records = [] if arguments.data else [{"task": task} | row for row in what_the_model_knows(inputs)]
    if records:
        print(knowledge_table(records), "\n")
    for name, output in OUTPUTS.items():
        if all(output < len(game.output_names) for _, game in inputs):
            records += compared(inputs, name, arguments, task)
    if arguments.out:
        with arguments.out.open("w") as file:
            begin_run(file, "paper")
            for record in records:
                append(file, "paper", record)


def _arguments(about: str) -> Namespace:
    parser = ArgumentParser(description=about)
    parser.add_argument("--data", type=Path, help="questions of the public data, asked live; else our own")
    parser.add_argument("--items", type=int, help="only the first ones")
    parser.add_argument("--half", choices=_HALVES, default="both", help="every other question")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--budgets", nargs="+", type=int, default=[16, 32, 64, 128])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--recordings", type=Path, default=_RECORDINGS)
    parser.add_argument("--store", type=Path, default=Path("out/paper.sqlite"), help="live answers")
    parser.add_argument("--out", type=Path, help="FILE.jsonl of results")
    return parser.parse_args()


def recorded(task: str, folder: Path = _RECORDINGS) -> Inputs:
    """Return our own questions of a task whose answers are recorded."""
    paths = [(one, folder / f"paper_{task}-{one.name}_report.npz") for one in own_questions(task)]
    return [(one, Recording.load(path)) for one, path in paths if path.exists()]


def _live(task: str, read: Callable[[Path], list[Question]], arguments: Namespace) -> Inputs:
    from library.paper.answer_game import AnswerGame

    arguments.store.parent.mkdir(parents=True, exist_ok=True)
    return [(one, AnswerGame(one, task)) for one in read(arguments.data)[: arguments.items]]


def what_the_model_knows(inputs: Inputs) -> Iterator[Record]:
    """Yield mean log-probabilities with none, all, only the annotated, and all but one of these sentences."""
    for name, output in OUTPUTS.items():
        values: dict[str, list[float]] = {}
        for question, game in inputs:
            masks = _telling_masks(question)
            for kind, each in masks.items():
                values.setdefault(kind, []).append(float(game(each)[:, output].mean()))
        none = np.array(values["none"])
        for kind, found in values.items():
            yield {
                "output": name,
                "sentences": kind,
                "inputs": len(found),
                "log_prob": float(np.mean(found)),
                "above": int(np.sum(np.array(found) > none)),
            }


def _telling_masks(question: Question) -> dict[str, np.ndarray]:
    full = np.ones((1, len(question.sentences)), dtype=bool)
    annotated = ~full
    annotated[0, list(question.supporting)] = True
    without = np.repeat(full, len(question.supporting), axis=0)
    without[range(len(without)), question.supporting] = False
    return {"all": full, "none": ~full, "the annotated": annotated, "all but one of the annotated": without}


def compared(inputs: Inputs, output: str, arguments: Namespace, task: str) -> list[Record]:
    """Compare the methods on an output, print tables, and return records."""
    annotated = [question.supporting or None for question, _ in inputs]
    report = spex.compare(
        [game for _, game in inputs],
        methods={name: METHODS[name] for name in arguments.methods},
        budgets=arguments.budgets,
        seeds=arguments.seeds,
        held_out=_HELD_OUT,
        metrics=_MEASURED,
        annotations=None if not any(annotated) else annotated if len(annotated) > 1 else annotated[0],
        output=OUTPUTS[output],
        progress=False,
        **({"store": arguments.store} if arguments.data else {}),
    )
    add_recovery(report, annotated)
    about = {"task": task, "output": output}
    scores = list(score_records(report, list(_METRICS), **about))
    if not arguments.data:
        scores.append(about | known_best(inputs, OUTPUTS[output]))
    outcomes = list(judged(report))
    if len(set(inputs[0][0].paragraphs)) > 1 and not arguments.data:
        outcomes += level_outcomes(inputs, OUTPUTS[output], report, arguments.seeds)
    claims = list(claim_records(outcomes, **about))
    print(f"## {output}\n\n{scores_table(scores, _METRICS)}\n\n{claims_table(claims)}\n")
    return scores + claims
