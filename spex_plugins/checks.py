"""Validation of the arguments of public functions; errors name the argument, its value and the remedy."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from difflib import get_close_matches
from typing import Any

import numpy as np

from spex_plugins.core.basis.feature_sets import count
from spex_plugins.core.basis.indices import INDICES
from spex_plugins.core.basis.masked_entries import unhidden
from spex_plugins.core.basis.masks import as_bool
from spex_plugins.core.basis.real_values import real_values
from spex_plugins.errors import InputError
from spex_plugins.types import BoolArray, FloatArray
from spex_plugins.wording import counted

__all__ = [
    "budget",
    "chosen_names",
    "cost",
    "count",
    "features_of",
    "generator",
    "index",
    "interaction_order",
    "keywords",
    "names_of",
    "names_of_features",
    "names_of_outputs",
    "positive",
    "sampled_masks",
    "sampled_values",
    "share",
    "text",
]

# What SHAP, Captum, shapiq and scikit-learn call the arguments of `explain`.
_ELSEWHERE = {
    "budget": ("max_evals", "n_samples", "nsamples", "num_samples", "max_calls", "n_calls", "npermutations"),
    "n": ("n_features", "num_features", "n_players"),
    "seed": ("random_state", "random_seed", "rng"),
    "estimator": ("algorithm", "approximator", "method"),
    "max_order": ("order", "max_size"),
    "feature_names": ("columns", "names", "player_names"),
    "batch_size": ("perturbations_per_eval", "batch_evals", "max_batch_size"),
    "progress": ("silent", "verbose", "show_progress"),
    "executor": ("n_jobs", "workers", "pool"),
    "store": ("cache", "database"),
}


def keywords(given: Mapping[str, Any], known: Collection[str]) -> None:
    """Raise InputError for an unknown keyword, and suggest the known one that is closest."""
    for name in given:
        if name not in known:
            meant = next((own for own, others in _ELSEWHERE.items() if name in others), None)
            others = {*known, *_ELSEWHERE} - {name}
            meant = meant or next(iter(get_close_matches(name, sorted(others), 1)), None)
            remedy = f"did you mean {meant}=?" if meant else f"the keywords are {', '.join(known)}."
            raise InputError(f"{name}: unknown keyword; {remedy}")


def generator(seed: Any) -> np.random.Generator:
    """Return a generator for a seed; a generator is returned unchanged."""
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise InputError(f"seed: must be an integer ≥ 0 or a numpy Generator, got {seed!r:.80}.") from None


def index(value: Any) -> str:
    """Return the name of an interaction index."""
    if not isinstance(value, str) or value not in INDICES:
        raise InputError(f"index: {value!r:.80} is unknown; choose one of {list(INDICES)}.")
    return value


def budget(value: Any) -> int | None:
    """Return the largest number of model calls, or None for "auto"."""
    if isinstance(value, str) and value == "auto":
        return None
    if isinstance(value, str):
        raise InputError(f'budget: must be an integer ≥ 2 or "auto", got {value!r}.')
    return count("budget", value, 2, "the number of model calls that may be made")


def share(name: str, value: Any) -> float | None:
    """Return a number above 0 and below 1, or None."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 < value < 1:
        raise InputError(f"{name}: must be a number between 0 and 1, got {value!r}.")
    return float(value)


def positive(name: str, value: Any) -> float | None:
    """Return a number above 0, or None."""
    if value is None:
        return None
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not number or not 0 < value < np.inf:
        raise InputError(f"{name}: must be a number > 0, got {value!r:.80}.")
    return float(value)


def cost(name: str, value: Any) -> float:
    """Return a finite number that is at least 0."""
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not number or not 0 <= value < np.inf:
        raise InputError(f"{name}: must be a finite number ≥ 0, got {value!r:.80}.")
    return float(value)


def text(name: str, value: Any) -> str | None:
    """Return a text that is not empty, or None."""
    if value is not None and (not isinstance(value, str) or not value):
        raise InputError(f"{name}: must be a non-empty string, got {value!r:.80}.")
    return value


def interaction_order(max_order: int | None) -> int | None:
    """Return the largest order, or None if the budget decides."""
    if max_order is None:
        return None
    return count("max_order", max_order, 1, "the largest number of features in an interaction")


def names_of_features(names: Sequence[str] | None, n: int) -> tuple[str, ...]:
    """Return n feature names, by default x0, x1, …."""
    return tuple(f"x{i}" for i in range(n)) if names is None else names_of("feature_names", names, n)


def names_of_outputs(names: Sequence[str] | None, shape: tuple[int, ...]) -> tuple[str, ...] | None:
    """Return the names of outputs of a shape () or (K,), or None where there are none."""
    return None if names is None else names_of("output_names", names, shape[0] if shape else 1)


def names_of(argument: str, names: Any, count: int | None = None, kind: str = "name") -> tuple[str, ...]:
    """Return names as text, of the given number if there is one."""
    ordered = hasattr(names, "__len__") and not isinstance(names, str | bytes | Set | Mapping)
    if not ordered or getattr(names, "ndim", 1) != 1 or count not in (None, len(names)):
        expected = f"{kind}s" if count is None else counted(count, kind)
        raise InputError(f"{argument}: expected a sequence of {expected}, got {names!r:.80}.")
    return tuple(map(str, names))


def chosen_names(argument: str, given: Any) -> list[str]:
    """Return one name, or several of any collection, as a list."""
    names = [given] if isinstance(given, str) else list(given) if isinstance(given, Iterable) else [given]
    if not all(isinstance(name, str) for name in names):
        raise InputError(f"{argument}: must be a name or several of them, got {given!r:.80}.")
    return names


def features_of(value_function: Any, n: Any, names: Any) -> tuple[int, tuple[str, ...]]:
    """Return the number of features and their names, by default those of the value function."""
    own = getattr(value_function, "n", None)
    if n is None and own is None:
        raise InputError("n: give the number of features; this value function has no attribute n.")
    given = count("n", own if n is None else n, 1, "the number of features")
    if own is not None and given != own:
        raise InputError(f"n: must be {own}, that of the value function, got {given}; omit it.")
    if names is None:
        names = getattr(value_function, "feature_names", None)
    return given, names_of_features(names, given)


def sampled_masks(masks: Any) -> BoolArray:
    """Return masks (m, n), given as bool or as 0 and 1, as bool."""
    if not hasattr(masks, "__array__") and hasattr(masks, "toarray"):
        raise InputError("masks: is a sparse matrix; give masks.toarray().")
    try:
        array = np.asarray(unhidden(masks))
    except (TypeError, ValueError, RuntimeError):  # of a sparse tensor, or rows of different lengths
        raise InputError(
            f"masks: must have shape (m, n), got {type(masks).__name__} that NumPy cannot read."
        ) from None
    if array.ndim != 2 or array.shape[1] < 1:
        raise InputError(f"masks: must have shape (m, n) with n ≥ 1, got {array.shape}.")
    array = as_bool(array)
    if len(array) < 2:
        raise InputError(f"masks: at least 2 samples are needed, got {len(array)}.")
    return array


def sampled_values(values: Any, m: int) -> FloatArray:
    """Return finite values (m,) or (m, K) as float64."""
    try:
        array = np.asarray(real_values(values), dtype=np.float64)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        remedy = "; give them after .detach().float()" if hasattr(values, "detach") else ""
        raise InputError(f"values: must be real numbers of shape (m,) or (m, K){remedy}.") from None
    if array.ndim not in (1, 2) or len(array) != m or 0 in array.shape:
        raise InputError(f"values: must have shape ({m},) or ({m}, K) to match the masks, got {array.shape}.")
    if not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).reshape(m, -1).any(axis=1).sum())
        raise InputError(f"values: {bad} of {m} samples are NaN or inf; remove these samples.")
    return array
