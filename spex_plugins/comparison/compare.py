"""`compare`: several methods explain the same inputs from the same counted calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Unpack

import numpy as np

from spex_plugins import checks as check
from spex_plugins.comparison.annotations import read_annotations
from spex_plugins.comparison.compare_input import Settings, compare_input
from spex_plugins.comparison.inputs import read_inputs
from spex_plugins.comparison.judging.held_out import checked_masks
from spex_plugins.comparison.methods import resolve_methods
from spex_plugins.comparison.methods.warm_up import warm_up
from spex_plugins.comparison.metrics.table import chosen_metrics
from spex_plugins.comparison.report import Report
from spex_plugins.comparison.report.describe import describe
from spex_plugins.errors import InputError
from spex_plugins.queries import Queries, QueryOptions
from spex_plugins.queries.options import queries_of
from spex_plugins.types import BoolArray
from spex_plugins.wording import counted

__all__ = ["DEFAULT_METHODS", "compare"]

DEFAULT_METHODS = ("auto", "lasso", "shap:permutation", "shapiq:FBII")
"""Ours, two marginal methods, and one of interactions, all of which take seconds."""


def compare(
    game: Any,
    n: int | None = None,
    *,
    methods: Any = DEFAULT_METHODS,
    budgets: int | Sequence[int] = (250, 500, 1000),
    seeds: int | Sequence[int] = 1,
    held_out: int | BoolArray = 500,
    metrics: Sequence[str] | Literal["all"] | None = None,
    annotations: Any = None,
    output: int | None = None,
    feature_names: Sequence[str] | None = None,
    queries: Queries | None = None,
    **options: Unpack[QueryOptions],
) -> Report:
    """Compare explanation methods on a model: the same inputs, counted calls and held-out masks for all.

    Every method is called through its own library and may evaluate ``budget`` distinct masks. No mask is
    evaluated twice, whatever asks for it: the methods share the answers, and with a store, so do later runs.
    A method that fails, asks for more than it may or is not installed has a row that says so.

    Parameters
    ----------
    game : callable, tuple, or list of those
        What is explained: a value function of masks, a game of `spex_plugins.games`, ``(model, masker, row)``
        as SHAP has them, or ``(forward, inputs)`` or ``(forward, inputs, settings)`` as Captum has them, with
        a dict of ``target``, ``baselines``, ``additional_forward_args`` or ``feature_mask``. A list holds
        several inputs; differences between methods mean most over many.
    n : int, optional
        Number of features; by default that of the value function.
    methods : sequence, or mapping of names to methods
        Each is a name of `spex_plugins.comparison.METHODS`; an `Estimator`; a class of SHAP's explainers, or
        a function of ``model, masker`` (and ``seed``) that returns one; a class or an object of Captum's
        perturbation methods, or a function of ``forward_func`` that returns one; a class, a partial one or an
        object of shapiq's approximators; a function of ``value_function, n, budget, seed`` that returns an
        explanation; an object with the attributes of `spex_plugins.comparison.Method`; or an explanation that
        exists: an array (n,), a dict of sets and values, `Interactions`, a `shap.Explanation`, a
        `shapiq.InteractionValues`, or a list of one for each input.
    budgets : int or sequence of int
        Largest numbers of distinct masks that a method may evaluate.
    seeds : int or sequence of int
        Number of seeds, or the seeds, with which every method runs.
    held_out : int or array of bool, shape (m, n)
        Number of uniform masks to judge by; half as many of all sizes are added. Each run is judged on those
        that it has not asked for itself, or on all of them if it asked for all 2^n masks. If the number
        allows all 2^n masks, they are used, and the errors of values and pairs are measured too. An array
        holds the uniform masks themselves.
    metrics : sequence of str or "all", optional
        Names of `spex_plugins.comparison.METRICS`. By default all that evaluate no further masks: "removal",
        "insertion" and "deletion", which evaluate up to 30 masks of every explanation, are left out.
    annotations : sequence, or list of sequences for several inputs, optional
        The features that matter by a person's judgement: their numbers, their names, or a bool for each.
    output : int, optional
        Which output of a value function with several; by default the largest at the whole input. That the
        value function has it is checked with its first call.
    feature_names : sequence of str, optional
        As in `spex_plugins.explain`; for a single value function.
    queries : Queries, optional
        Options of the model calls, as one object.
    **options
        The same options as single keywords, see `spex_plugins.queries.Queries`: with ``store="run.sqlite"``
        the same call after a crash evaluates the missing masks only; in a list with one ``fingerprint``, each
        value function needs a fingerprint of its own. ``on_failure`` is "drop" by default: masks without a
        value are left out and counted; with "raise" they end the comparison. ``max_cost`` and ``max_seconds``
        hold for each input; the row of a run that they cut short says so, and has no scores.

    Returns
    -------
    Report
        Its ``table``, ``summary()``, ``plot()``, ``save_html(path)``, ``to_markdown()``, ``to_json()`` and
        ``recommend()`` show the result.

    Raises
    ------
    InputError
        If an argument is invalid; raised before any method is called.
    KeyboardInterrupt
        If the user stops the comparison; its attribute ``report`` has the finished runs.
    ValueFunctionError
        If the value function fails and ``on_failure`` is "raise"; it has the same attribute.
    StoreError
        If the store fails; it has the same attribute.

    Examples
    --------
    >>> import spex_plugins as spex
    >>> def game(masks):
    ...     return 2.0 * (masks[:, 0] & masks[:, 1]) - masks[:, 2]
    >>> report = spex.compare(game, 20, methods=["auto", "banzhaf"], budgets=200, progress=False)
    >>> report.recommend()  # doctest: +ELLIPSIS
    '...'
    """
    check.keywords(options, QueryOptions.__annotations__)
    how = _queries(queries, dict(options))
    if isinstance(game, list) and len(game) > 1 and (n is not None or feature_names is not None):
        raise InputError("n, feature_names: belong to a single value function; give every game its own.")
    if np.ndim(seeds) == 0:
        seeds = range(check.count("seeds", seeds, 1, "the number of seeds"))
    inputs = read_inputs(game, n, feature_names, how)
    found, names = resolve_methods(methods, len(inputs))
    settings = Settings(
        methods=dict(zip(names, found, strict=True)),
        budgets=_numbers("budgets", budgets, 2),
        seeds=_numbers("seeds", seeds, 0),
        held_out=checked_masks(held_out, inputs),
        metrics=chosen_metrics(metrics),
        output=_output(output),
    )
    annotated = read_annotations(annotations, inputs)
    for method in found:
        warm_up(method)
    report = Report([], [], describe(settings))
    try:
        for number, one in enumerate(inputs):
            compare_input(one, number, settings, annotated[number], report)
    except BaseException as error:
        vars(error)["report"] = report
        error.add_note(f"error.report has {counted(len(report.runs), 'finished run')}.")
        raise
    return report


def _queries(queries: Queries | None, options: dict[str, Any]) -> Queries:
    """Return the options of model calls; by default, masks without a value are dropped."""
    if queries is None:
        return queries_of(None, {"on_failure": "drop"} | options)
    return queries_of(queries, options)


def _output(output: Any) -> int | None:
    """Return the number of an output; how many there are is known with the first mask only."""
    if output is None:
        return None
    if isinstance(output, bool) or not isinstance(output, int | np.integer):
        raise InputError(f"output: must be the number of an output, from 0, got {output!r:.80}.")
    return int(output)


def _numbers(name: str, values: Any, least: int) -> list[int]:
    """Return distinct integers in the order given."""
    given = [values] if np.ndim(values) == 0 else list(values)
    if not given:
        raise InputError(f"{name}: is empty; give at least one integer.")
    return list(dict.fromkeys(check.count(name, one, least, "each of them") for one in given))
