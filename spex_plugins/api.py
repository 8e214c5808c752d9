"""The entry points that need no host: `explain` asks a value function, `fit` takes given samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, Literal, Unpack

import numpy as np

from spex_plugins import checks as check
from spex_plugins.core.basis.identifiability import identify
from spex_plugins.core.designs.all_masks import CHEAP_FEATURES
from spex_plugins.errors import InputError
from spex_plugins.estimators import resolve
from spex_plugins.estimators.base import Estimator
from spex_plugins.estimators.size_limits import check_size
from spex_plugins.queries import Queries, QueryOptions, Session, keep_answers
from spex_plugins.queries.calls.function_call import ValueFunction
from spex_plugins.queries.options import queries_of
from spex_plugins.result.assemble import averaged, fitted, interactions, usable
from spex_plugins.result.few_samples import FewSamples
from spex_plugins.result.interactions import Interactions
from spex_plugins.result.unidentifiable_features import of_all_features, warn_of_unidentifiable
from spex_plugins.rounds import MOST_CALLS, explain_until
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["explain", "explain_each", "fit"]


def explain(
    value_function: ValueFunction,
    n: int | None = None,
    *,
    budget: int | Literal["auto"] = "auto",
    target_r2: float | None = None,
    estimator: str | Estimator = "auto",
    max_order: int | None = None,
    seed: int | np.random.Generator = 0,
    feature_names: Sequence[str] | None = None,
    queries: Queries | None = None,
    **options: Unpack[QueryOptions],
) -> Interactions:
    """Explain a value function by its sparse Fourier spectrum.

    By default (``estimator="auto"``) sparse regression and a Gaussian process are fitted to the values at
    nearly orthogonal and uniform masks, or at those of a coded design, and stacked, and R² is cross-validated
    on uniform masks, or on groups of the coded ones; where ``budget`` allows all 2^n masks the values are
    exact. The result, printed, tells what ran.

    Parameters
    ----------
    value_function : callable
        Takes masks, bool (m, n), True = feature kept, and returns (m,) or (m, K) real numbers.
    n : int, optional
        Number of features, by default ``value_function.n``, which the games of `spex_plugins.games` have.
    budget : int or "auto"
        Largest number of masks that may be asked for; never exceeded, never more than 2^n. With "auto", all
        2^n masks of up to 12 features are asked; with more features the run asks in rounds and ends when R²
        no longer improves, or at 20,000 masks. `spex_plugins.plan` tells beforehand what that may cost.
    target_r2 : float, optional
        Ask in rounds, however few the features, and end when the R² of left-out masks, less its standard
        error, reaches this value.
    estimator : str or Estimator
        "auto" (the most faithful for the calls), "gaussian_process", "sparse_regression", "spex", "shapley"
        (the best Shapley values), "proxyspex", "boosted_residual" and "stacking" (these three need the
        extra ``trees``), or an `Estimator` of your own.
    max_order : int, optional
        Largest number of features in an interaction; by default as many as the budget allows.
    seed : int or numpy Generator
        Same seed, same masks, same answer.
    feature_names : sequence of str, optional
        Names of the n features, by default ``value_function.feature_names``, or else x0, x1, …; names may
        repeat.
    queries : Queries, optional
        How the model is asked, as one object.
    **options
        The same by single keywords: ``store``, ``fingerprint``, ``executor``, ``batch_size``, ``retries``,
        ``on_failure``, ``timeout``, ``max_seconds``, ``max_cost``, ``progress`` and others, see
        `spex_plugins.queries.Queries`. With ``store="run.sqlite"`` every answer is kept in that file, and
        the same call after a crash asks only for what is missing.

    Returns
    -------
    Interactions

    Raises
    ------
    InputError
        If an argument is unusable; before any model call.
    ValueFunctionError
        If the value function fails; carries every answer obtained until then (``masks``, ``values``). So do
        the KeyboardInterrupt when the user stops the run, and any error of the estimator.

    Warns
    -----
    FewSamplesWarning
        If the masks were fewer than two for each feature or too few to measure R², or if R² is below 0.2.

    Examples
    --------
    >>> import spex_plugins as spex
    >>> found = spex.explain(lambda m: 2.0 * (m[:, 0] & m[:, 1]) - m[:, 2], 20, budget=500)
    >>> found.index("FSII", order=2).top(2)
    FSII, order ≤ 2: 2 sets
              +2  x0 × x1
              -1  x2
    """
    check.keywords(options, QueryOptions.__annotations__)
    most, target = check.budget(budget), check.share("target_r2", target_r2)
    _callable(value_function)
    n, names = check.features_of(value_function, n, feature_names)
    if most is None and target is None and n <= CHEAP_FEATURES:
        most = 2**n
    if most is None or target is not None:
        most = most or MOST_CALLS
        check_size(estimator, n, most)
        found = explain_until(
            value_function,
            n,
            most=most,
            target_r2=target,
            method=resolve(estimator),
            max_order=check.interaction_order(max_order),
            rng=check.generator(seed),
            names=names,
            how=queries_of(queries, options),
        )
    else:
        settings: dict[str, Any] = {"estimator": estimator, "max_order": max_order, "seed": seed}
        settings |= {"feature_names": names, "queries": queries, **options}
        found = explain_each(value_function, n, lambda values: [values], budget=most, **settings)[0]
    few = FewSamples(f"budget={budget!r}", "allow more model calls")
    few.see(found)
    few.warn(stacklevel=2)
    return found


def explain_each(
    value_function: ValueFunction,
    n: int | None,
    split: Callable[[FloatArray], Sequence[FloatArray]],
    *,
    budget: int,
    estimator: str | Estimator = "auto",
    max_order: int | None = None,
    seed: int | np.random.Generator = 0,
    feature_names: Sequence[str] | None = None,
    queries: Queries | None = None,
    **options: Unpack[QueryOptions],
) -> list[Interactions]:
    """Explain several functions that one value function answers together, such as the rows of a batch.

    All are asked at the same masks; each is fitted as if it were alone, so that its explanation does not
    depend on its neighbours. Nothing is said of too few samples: the caller knows what to call them.

    Parameters
    ----------
    value_function : callable
        Masks (m, n) to the answers of all functions, (m, K).
    split : callable
        From these answers, float64, to those of every function, each (m,) or (m, K').
    n, budget, estimator, max_order, seed, feature_names, queries, **options
        As in `explain`.

    Returns
    -------
    list of Interactions
        One for each function.

    Raises
    ------
    InputError, ValueFunctionError
        As `explain` does.
    """
    _callable(value_function)
    n, names = check.features_of(value_function, n, feature_names)
    budget = check.count("budget", budget, 2, "the number of model calls that may be made")
    check_size(estimator, n, min(budget, 2**n))
    max_order = check.interaction_order(max_order)
    how = queries_of(queries, options)
    method, rng = resolve(estimator), check.generator(seed)
    design = method.design(n, budget, max_order, rng)
    with Session(value_function, how, total=len(design.masks)) as session:
        answers = session.ask(design.masks)
    masks, everything = usable(design, answers, session.statement)
    complete = len(masks) == len(design.masks)
    statement = design.statement if complete else f"{len(masks)} of {design.statement}; {session.statement}"
    found = []
    try:
        for part in split(everything):
            values = np.ascontiguousarray(part)  # sums of strided numbers may be rounded otherwise
            result = fitted(method, masks, values, design if complete else None, max_order, deepcopy(rng))
            about = (names, budget, method.name, statement)
            found.append(interactions(result, masks, values, *about, n_stored=answers.n_stored))
    except BaseException as error:  # also when the user loses patience: everything has been paid for
        keep_answers(error, masks, everything)
        raise
    return found


def fit(
    masks: BoolArray,
    values: FloatArray,
    *,
    estimator: str | Estimator = "auto",
    max_order: int | None = None,
    seed: int | np.random.Generator = 0,
    feature_names: Sequence[str] | None = None,
) -> Interactions:
    """Explain from samples that exist already (logged calls, retrained models).

    A feature that is never masked, or always, has no effect that could be seen: its values are 0. Features
    that are always masked together, or each whenever the other is kept, share the effect of both equally.

    Parameters
    ----------
    masks : array of bool or of 0 and 1, shape (m, n)
        True = feature kept. Best drawn uniformly; repeated masks are averaged.
    values : array of float, shape (m,) or (m, K)
    estimator, max_order, seed, feature_names
        As in `explain`.

    Returns
    -------
    Interactions
        ``budget`` is the number of samples, ``n_calls`` that of distinct masks.

    Raises
    ------
    InputError
        If the arrays do not fit together or contain NaN or inf.

    Warns
    -----
    UnidentifiableWarning
        If there are such features.
    FewSamplesWarning
        If the samples are fewer than two for each feature or too few to measure R², or if R² is below 0.2.
    """
    given = check.sampled_masks(masks)
    answers = check.sampled_values(values, len(given))
    check_size(estimator, given.shape[1], len(given))
    names = check.names_of_features(feature_names, given.shape[1])
    max_order = check.interaction_order(max_order)
    method, rng = resolve(estimator), check.generator(seed)
    distinct, mean = averaged(given, answers)
    known = identify(distinct)
    warn_of_unidentifiable(known, names, stacklevel=2)
    result = fitted(method, distinct[:, known.features], mean, None, max_order, rng)
    statement = f"{len(given)} given samples, {len(distinct)} distinct masks"
    about = (names, len(given), method.name, statement)
    few = FewSamples("masks", "give more samples")
    found = few.see(interactions(of_all_features(result, known), distinct, mean, *about))
    few.warn(stacklevel=2)
    return found


def _callable(value_function: object) -> None:
    if not callable(value_function):
        raise InputError(f"value_function: must be callable, got {type(value_function).__name__}.")
