"""All methods, budgets and seeds on one input."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.comparison.calls.shared_answers import SharedAnswers
from spex_plugins.comparison.judging.held_out import (
    HeldOut,
    evaluate_held_out,
    masks_of_all_sizes,
    set_aside,
    uniform_masks,
)
from spex_plugins.comparison.judging.judge import Judge
from spex_plugins.comparison.metrics.agreement import agreement
from spex_plugins.comparison.run import Cell, Run, in_short, of_one_kind, run_method
from spex_plugins.errors import SpexError
from spex_plugins.recordings.recording import Recording

if TYPE_CHECKING:
    from spex_plugins.comparison.inputs import Input
    from spex_plugins.comparison.methods.method import Method
    from spex_plugins.comparison.report import Report
    from spex_plugins.types import BoolArray

__all__ = ["InputReport", "Settings", "compare_input"]


@dataclass(frozen=True, eq=False)
class Settings:
    """What is compared.

    Attributes
    ----------
    methods : dict of str to Method
        By their names in the report.
    budgets, seeds : list of int
    held_out : int or ndarray of bool, shape (m, n)
    metrics : frozenset of str
    output : int or None
    """

    methods: dict[str, Method]
    budgets: list[int]
    seeds: list[int]
    held_out: int | BoolArray
    metrics: frozenset[str]
    output: int | None


@dataclass(frozen=True, eq=False)
class InputReport:
    """What is known about one input.

    Attributes
    ----------
    value_function : callable
    feature_names : tuple of str
    held_out : HeldOut or None
        None where the value function gave no values.
    output : int or None
        Which of several outputs was explained.
    output_name : str or None
        Its name, of a value function with ``output_names``.
    n_calls : int
        Masks that were evaluated, by all methods and for the judgement.
    n_held_out : int
        Those of them that were evaluated before the first method ran, to judge by.
    n_stored : int
        Values that came from the store.
    statement : str
        What went wrong with the value function.
    """

    value_function: object
    feature_names: tuple[str, ...]
    held_out: HeldOut | None = None
    output: int | None = None
    output_name: str | None = None
    n_calls: int = 0
    n_held_out: int = 0
    n_stored: int = 0
    statement: str = ""

    @property
    def output_label(self) -> str:
        """Number and name of the output; "" where there is only one."""
        if self.output is None:
            return ""
        return f"output {self.output}" + (f" ({self.output_name})" if self.output_name else "")


def compare_input(
    about: Input, number: int, settings: Settings, annotated: Collection[int] | None, report: Report
) -> None:
    """Run all methods on an input, and add the runs to the report as they end.

    Parameters
    ----------
    about : Input
    number : int
        Its number.
    settings : Settings
    annotated : collection of int or None
        The features that matter.
    report : Report
        Gets the runs, and what is known about the input.

    Raises
    ------
    StoreError, ValueFunctionError
        If the answers fail; of a value function only where ``on_failure`` is "raise".
    """
    known = InputReport(about.value_function, about.feature_names)
    report.inputs.append(known)
    function, output = about.value_function, settings.output
    with SharedAnswers(function, about.n, about.feature_names, about.queries, output) as answers:
        problem = ""
        try:
            answers.check_output()
            held_out = _held_out(answers, settings.held_out, number)
            known = replace(known, held_out=held_out, n_held_out=answers.n_calls)
            judge = Judge(held_out, answers.known, settings.metrics, annotated)
            for group in _groups(settings, number):
                _run_group(group, answers, judge, report, "agreement" in settings.metrics)
        except Exception as error:
            if answers.failure is not None or known.held_out is not None:
                raise
            problem = in_short(error)
            cells = (cell for group in _groups(settings, number) for _, cell in group)
            report.runs.extend(Run(cell, problem=f"no held-out values: {problem}") for cell in cells)
        finally:
            report.inputs[number] = replace(
                known,
                output=answers.output,
                output_name=answers.output_name,
                statement=problem or answers.statement,
                n_calls=answers.n_calls,
                n_stored=answers.n_stored,
            )


def _run_group(
    group: list[tuple[Method, Cell]], answers: SharedAnswers, judge: Judge, report: Report, agree: bool
) -> None:
    """Add the runs of all seeds to the report, each as it ends: an interruption loses none of them."""
    start = len(report.runs)
    try:
        for method, cell in group:
            report.runs.append(run_method(method, cell, answers, judge))
    finally:
        if agree:
            report.runs[start:] = _with_agreement(report.runs[start:])
        report.runs[:] = of_one_kind(report.runs)


def _held_out(answers: SharedAnswers, given: int | BoolArray, number: int) -> HeldOut:
    function = answers.value_function
    if isinstance(function, Recording) and not function.complete:
        answers.recording, uniform, sizes = set_aside(function, given, number)
    else:
        uniform = uniform_masks(answers.n, given, number) if isinstance(given, int) else given
        sizes = masks_of_all_sizes(uniform, number)
    found = evaluate_held_out(answers, uniform, sizes)
    if len(found.uniform.values) < 2:
        raise SpexError(f"the value function gave {len(found.uniform.values)} values ({answers.statement})")
    return found


def _groups(settings: Settings, number: int) -> list[list[tuple[Method, Cell]]]:
    """Return the runs by method and budget, which differ in the seed; small budgets first."""
    groups: list[list[tuple[Method, Cell]]] = []
    for name, method in settings.methods.items():
        if not method.asks:
            groups.append([(method, Cell(number, name, method.kind))])
    for budget in settings.budgets:
        for name, method in settings.methods.items():
            if method.asks:
                cells = [Cell(number, name, method.kind, budget, seed) for seed in settings.seeds]
                groups.append([(method, cell) for cell in cells])
    return groups


def _with_agreement(runs: list[Run]) -> list[Run]:
    """Add the agreement of the single values between seeds to the scores of every seed."""
    scored = [run for run in runs if run.surrogate is not None]
    if len(scored) < 2:
        return runs
    index = {"BV": "BV", "FBII": "BV"}.get(scored[0].index or "", "SV")
    found = agreement([run.surrogate.function.single_values(index).values for run in scored if run.surrogate])
    values = {} if np.isnan(found) else {"agreement": found}
    return [
        run
        if run.surrogate is None
        else replace(run, scores=replace(run.scores, values=run.scores.values | values))
        for run in runs
    ]
