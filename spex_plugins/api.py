"""The two entry points that need no host: `explain` asks a value function, `fit` takes given samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spex_plugins.core.design import Design
from spex_plugins.core.spectrum import Spectrum
from spex_plugins.errors import InputError
from spex_plugins.estimators import resolve
from spex_plugins.estimators.base import Estimator, Fit
from spex_plugins.interactions import Interactions
from spex_plugins.queries.ask import ValueFunction, ask
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["explain", "fit"]


def explain(
    value_function: ValueFunction,
    n: int,
    *,
    budget: int,
    estimator: str | Estimator = "spex",
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
        Name of an estimator ("spex") or an object of one's own.
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
        If the value function fails; carries every answer obtained until then.

    Examples
    --------
    >>> import spex_plugins as spex
    >>> found = spex.explain(lambda m: 2.0 * (m[:, 0] & m[:, 1]) - m[:, 2], 20, budget=500)
    >>> found.index("FSII", order=2).top(2).as_dict()
    {(0, 1): 2.0, (2,): -1.0}
    """
    n = _checked_count("n", n, 1, "the number of features")
    budget = _checked_count("budget", budget, 2, "the number of model calls that may be made")
    names = _checked_names(feature_names, n)
    max_order = _checked_order(max_order)
    if not callable(value_function):
        raise InputError(f"value_function: must be callable, got {type(value_function).__name__}.")
    method, rng = resolve(estimator), _generator(seed)
    design = method.design(n, budget, max_order, rng)
    values = ask(value_function, design.masks, batch_size=batch_size, progress=progress)
    result = _fit(method, design.masks, values, design, max_order, rng)
    return _interactions(result, design.masks, values, names, budget, method.name, design.statement)


def fit(
    masks: BoolArray,
    values: FloatArray,
    *,
    estimator: str | Estimator = "spex",
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
        ``n_calls`` and ``budget`` are the number of samples.

    Raises
    ------
    InputError
        If the arrays do not fit together or contain NaN or inf.
    """
    given = _checked_masks(masks)
    answers = _checked_values(values, len(given))
    names = _checked_names(feature_names, given.shape[1])
    max_order = _checked_order(max_order)
    method, rng = resolve(estimator), _generator(seed)
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
    spectrum = Spectrum(found.spectrum.n, found.spectrum.supports, found.spectrum.coefficients[:, 0].copy())
    return Fit(spectrum, found.r2[0], found.r2_source, found.method)


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
    )


def _averaged(masks: BoolArray, values: FloatArray) -> tuple[BoolArray, FloatArray]:
    _, first, inverse = np.unique(np.packbits(masks, axis=1), axis=0, return_index=True, return_inverse=True)
    if len(first) == len(masks):
        return masks, values
    total = np.zeros((len(first), *values.shape[1:]))
    np.add.at(total, inverse.ravel(), values)
    return masks[first], (total.T / np.bincount(inverse.ravel())).T


def _generator(seed: Any) -> np.random.Generator:
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise InputError(f"seed: must be an integer ≥ 0 or a numpy Generator, got {seed!r:.80}.") from None


def _checked_count(name: str, value: Any, least: int, meaning: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InputError(f"{name}: must be an integer ≥ {least} ({meaning}), got {value!r}.")
    return int(value)


def _checked_order(max_order: int | None) -> int | None:
    if max_order is None:
        return None
    return _checked_count("max_order", max_order, 1, "the largest number of features in an interaction")


def _checked_names(names: Sequence[str] | None, n: int) -> tuple[str, ...]:
    if names is None:
        return tuple(f"x{i}" for i in range(n))
    if isinstance(names, str) or not hasattr(names, "__len__") or len(names) != n:
        raise InputError(f"feature_names: expected a sequence of {n} names, got {names!r:.80}.")
    return tuple(map(str, names))


def _checked_masks(masks: Any) -> BoolArray:
    array = np.asarray(masks)
    if array.ndim != 2 or array.shape[1] < 1:
        raise InputError(f"masks: must have shape (m, n) with n ≥ 1, got {array.shape}.")
    if array.dtype != bool:
        if array.dtype.kind not in "iuf" or not np.isin(array, (0, 1)).all():
            raise InputError("masks: must be bool or hold only 0 (masked) and 1 (kept).")
        array = array.astype(bool)
    if len(array) < 2:
        raise InputError(f"masks: at least 2 samples are needed, got {len(array)}.")
    return array


def _checked_values(values: Any, m: int) -> FloatArray:
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "fiubO":
            raise TypeError(array.dtype)
        array = np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InputError("values: must be real numbers of shape (m,) or (m, K).") from None
    if array.ndim not in (1, 2) or len(array) != m or 0 in array.shape:
        raise InputError(f"values: must have shape ({m},) or ({m}, K) to fit the masks, got {array.shape}.")
    if not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).reshape(m, -1).any(axis=1).sum())
        raise InputError(f"values: {bad} of {m} samples are NaN or inf; leave these masks out.")
    return array
