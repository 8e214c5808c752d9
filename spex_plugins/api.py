"""The entry points that need no host: `explain` asks a value function, `fit` takes given samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import numpy as np

from spex_plugins import validation as check
from spex_plugins.core.design import Design
from spex_plugins.errors import InputError
from spex_plugins.estimators import resolve
from spex_plugins.estimators.base import Estimator, Fit, SingleValues
from spex_plugins.interactions import Interactions
from spex_plugins.queries.ask import ValueFunction, ask, keep_answers
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["explain", "explain_each", "fit"]


def explain(
    value_function: ValueFunction,
    n: int,
    *,
    budget: int,
    estimator: str | Estimator = "auto",
    max_order: int | None = None,
    seed: int | np.random.Generator = 0,
    feature_names: Sequence[str] | None = None,
    progress: bool = True,
    batch_size: int | None = None,
) -> Interactions:
    """Explain a value function by its sparse Fourier spectrum.

    Parameters
    ----------
    value_function : callable
        Takes masks, bool (m, n), True = feature kept, and returns (m,) or (m, K) real numbers.
    n : int
        Number of features.
    budget : int
        Largest number of masks that may be asked for; never exceeded, never more than 2^n.
    estimator : str or Estimator
        "auto" (the most faithful for the calls), "gaussian_process", "sparse_regression", "spex", "shapley"
        (the best Shapley values), "proxyspex", "boosted_residual" and "stacking" (these three need the
        extra ``trees``), or an object of one's own.
    max_order : int, optional
        Largest number of features in an interaction; by default as many as the budget allows.
    seed : int or numpy Generator
        Same seed, same masks, same answer.
    feature_names : sequence of str, optional
        Names of the n features, by default x0, x1, …; names may repeat.
    progress : bool
        Show a bar while the model is called (only when it takes longer than a second).
    batch_size : int, optional
        Masks per call of the value function; by default 16, and more while a call takes less than half a
        second.

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

    Examples
    --------
    >>> import spex_plugins as spex
    >>> found = spex.explain(lambda m: 2.0 * (m[:, 0] & m[:, 1]) - m[:, 2], 20, budget=500)
    >>> found.index("FSII", order=2).top(2)
    FSII, order ≤ 2: 2 sets
              +2  x0 × x1
              -1  x2
    """
    settings: dict[str, Any] = {"estimator": estimator, "max_order": max_order, "seed": seed}
    settings |= {"feature_names": feature_names, "progress": progress, "batch_size": batch_size}
    return explain_each(value_function, n, lambda values: [values], budget=budget, **settings)[0]


def explain_each(
    value_function: ValueFunction,
    n: int,
    split: Callable[[FloatArray], Sequence[FloatArray]],
    *,
    budget: int,
    estimator: str | Estimator = "auto",
    max_order: int | None = None,
    seed: int | np.random.Generator = 0,
    feature_names: Sequence[str] | None = None,
    progress: bool = True,
    batch_size: int | None = None,
) -> list[Interactions]:
    """Explain several functions that one value function answers together, such as the rows of a batch.

    All are asked at the same masks; each is fitted as if it were alone, so that its explanation does not
    depend on its neighbours.

    Parameters
    ----------
    value_function : callable
        Masks (m, n) to the answers of all functions, (m, K).
    split : callable
        From these answers, float64, to those of every function, each (m,) or (m, K').
    n, budget, estimator, max_order, seed, feature_names, progress, batch_size
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
    n = check.count("n", n, 1, "the number of features")
    budget = check.count("budget", budget, 2, "the number of model calls that may be made")
    names = check.names_of_features(feature_names, n)
    max_order = check.interaction_order(max_order)
    if not callable(value_function):
        raise InputError(f"value_function: must be callable, got {type(value_function).__name__}.")
    method, rng = resolve(estimator), check.generator(seed)
    design = method.design(n, budget, max_order, rng)
    answers = ask(value_function, design.masks, batch_size=batch_size, progress=progress)
    found = []
    try:
        for values in split(answers):
            result = _fit(method, design.masks, values, design, max_order, deepcopy(rng))
            about = (names, budget, method.name, design.statement)
            found.append(_interactions(result, design.masks, values, *about))
    except BaseException as error:  # also when the user loses patience: everything has been paid for
        keep_answers(error, design.masks, answers)
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
    """
    given = check.sampled_masks(masks)
    answers = check.sampled_values(values, len(given))
    names = check.names_of_features(feature_names, given.shape[1])
    max_order = check.interaction_order(max_order)
    method, rng = resolve(estimator), check.generator(seed)
    distinct, mean = _averaged(given, answers)
    result = _fit(method, distinct, mean, None, max_order, rng)
    statement = f"{len(given)} given samples, {len(distinct)} distinct masks"
    return _interactions(result, distinct, mean, names, len(given), method.name, statement)


def _fit(
    method: Estimator,
    masks: BoolArray,
    values: FloatArray,
    design: Design | None,
    max_order: int | None,
    rng: np.random.Generator,
) -> Fit:
    """Run an estimator on values (m,) or (m, K)."""
    found = method.fit(masks, values.reshape(len(masks), -1), design=design, max_order=max_order, rng=rng)
    if values.ndim == 2:
        return found
    singles = {
        index: SingleValues(single.values[:, 0], single.deviations[:, 0])
        for index, single in found.singles.items()
    }
    return Fit(found.spectrum.output(0), found.r2[0], found.r2_source, found.method, singles)


def _interactions(
    result: Fit,
    masks: BoolArray,
    values: FloatArray,
    names: tuple[str, ...],
    budget: int,
    estimator: str,
    statement: str,
) -> Interactions:
    kept = masks.sum(axis=1)
    missing = np.full(values.shape[1:], np.nan)

    def measured(count: int) -> FloatArray:
        return values[np.argmax(kept == count)] if (kept == count).any() else missing

    return Interactions(
        spectrum=result.spectrum,
        feature_names=names,
        n_calls=len(masks),
        budget=budget,
        r2=np.asarray(result.r2),
        r2_source=result.r2_source,
        estimator=estimator,
        plan=f"{statement}; {result.method}",
        empty_value=np.asarray(measured(0)),
        full_value=np.asarray(measured(masks.shape[1])),
        singles=result.singles,
    )


def _averaged(masks: BoolArray, values: FloatArray) -> tuple[BoolArray, FloatArray]:
    _, first, inverse = np.unique(np.packbits(masks, axis=1), axis=0, return_index=True, return_inverse=True)
    if len(first) == len(masks):
        return masks, values
    total = np.zeros((len(first), *values.shape[1:]))
    np.add.at(total, inverse.ravel(), values)
    return masks[first], (total.T / np.bincount(inverse.ravel())).T
