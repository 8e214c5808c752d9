"""`compare`: several methods explain the same inputs from the same counted calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from spex_plugins import checks as check
from spex_plugins.comparison.held_out import evaluate_held_out, masks_of_all_sizes, uniform_masks
from spex_plugins.comparison.judge import Judge
from spex_plugins.comparison.methods import resolve_method
from spex_plugins.comparison.report import Report
from spex_plugins.comparison.run import Run, run_method
from spex_plugins.comparison.shared_answers import SharedAnswers
from spex_plugins.queries import Queries, QueryOptions
from spex_plugins.queries.options import queries_of

__all__ = ["compare"]


def compare(
    game: Any,
    n: int | None = None,
    *,
    methods: Sequence[Any],
    budgets: Sequence[int] = (250, 500, 1000),
    seeds: int = 1,
    held_out: int = 500,
    queries: Queries | None = None,
    **options: Unpack[QueryOptions],
) -> Report:
    n, names = check.features_of(game, n, None)
    how = queries_of(queries, options)
    runs: list[Run] = []
    with SharedAnswers(game, n, names, how, None) as answers:
        known = evaluate_held_out(answers, uniform_masks(n, held_out, 0), masks_of_all_sizes(n, held_out // 2, 0))
        judge = Judge(known)
        for method in map(resolve_method, methods):
            if not method.asks:
                runs.append(run_method(method, answers, 0, None, None, judge))
                continue
            for budget in budgets:
                runs += [run_method(method, answers, 0, budget, seed, judge) for seed in range(seeds)]
        return Report(runs, answers.n_calls)
