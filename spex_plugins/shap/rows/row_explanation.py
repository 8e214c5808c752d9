"""From the value function of a row to what SHAP shows of it: interactions over its columns, labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins import adapter_tools as hosts
from spex_plugins.api import explain_each
from spex_plugins.errors import InputError
from spex_plugins.estimators.size_limits import check_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spex_plugins.estimators.base import Estimator
    from spex_plugins.result.few_samples import FewSamples
    from spex_plugins.result.interactions import Interactions
    from spex_plugins.shap.models.masked_value_function import MaskedValueFunction
    from spex_plugins.types import FloatArray, IntArray

__all__ = [
    "check_row",
    "clustering_of_row",
    "feature_names_of_row",
    "find_interactions",
    "output_labels",
    "what_is_asked",
]

_PROBES = np.array([0.1, 0.4, 0.8])  # telling links apart


def find_interactions(
    f: MaskedValueFunction, max_evals: int | None, few: FewSamples, **settings: Any
) -> Interactions:
    """Explain f and number the features like SHAP's columns.

    Inputs that do not vary are features without effect.

    Parameters
    ----------
    f : MaskedValueFunction
    max_evals : int, optional
        By default `spex_plugins.adapter_tools.default_budget`.
    few : FewSamples
        Sees the explanation.
    **settings
        Further arguments of `spex_plugins.explain`.
    """
    n = len(f.varying)
    budget = hosts.default_budget(n, f.most_listed) if max_evals is None else max_evals
    if n == 0:
        return hosts.constant(f.empty, _numbered(f.n_inputs), budget)
    (found,) = explain_each(f, n, lambda values: [values], budget=budget, **settings)
    return hosts.widened(few.see(found), f.varying, _numbered(f.n_inputs))


def check_row(estimator: str | Estimator, max_evals: int | None, n: int) -> None:
    """Refuse a row of n features that cannot be explained; see `check_size`."""
    check_size(estimator, n, min(hosts.default_budget(n) if max_evals is None else max_evals, 2**n))


def output_labels(indices: IntArray | None, given: Sequence[str] | None, model: Any) -> dict[str, Any]:
    """Label the outputs for SHAP.

    Parameters
    ----------
    indices : ndarray of int, shape (K,), or None
        The outputs that are explained; None for a model with one output.
    given : sequence of str, optional
        Names from the user.
    model : shap.models.Model
        Perhaps with ``output_names``, which a language model only knows after it was called.
    """
    if given is not None:
        _check_names(given, indices)
    if indices is None:
        return {}
    names = getattr(model, "output_names", None) if given is None else given
    chosen = None if names is None else [str(names[k]) for k in indices]
    return {"output_indices": np.arange(len(indices)), "output_names": chosen}


def clustering_of_row(masker: Any, row: tuple[Any, ...]) -> FloatArray | None:
    """Return the hierarchy of the features for SHAP's plots: that of the masker, or of a text."""
    clustering = getattr(masker, "clustering", None)
    if callable(clustering) and getattr(masker, "text_data", False):
        return clustering(*row) if masker.shape(*row)[1] > 1 else np.zeros((0, 4))
    return clustering if isinstance(clustering, np.ndarray) else None


def feature_names_of_row(masker: Any, explanations: Sequence[Any], row: int) -> list[str]:
    """Return the names as SHAP has them, over all model inputs: columns, or the tokens of this row."""
    per_row = callable(getattr(masker, "feature_names", None))
    parts = [one.feature_names[row] if per_row else one.feature_names for one in explanations]
    return [str(name) for part in parts for name in part]


def what_is_asked(
    masker: Any, row: tuple[Any, ...], link: Any, linearize_link: bool, target: Any
) -> list[Any]:
    """Return all that answers depend on but the model, as texts and arrays for a digest.

    The masker is told by what it makes of the row at a few masks, whatever its background, groups and
    settings are.
    """
    maker = getattr(masker, "masker", masker)  # of the composites for language models
    shape = getattr(maker, "shape", None)
    if callable(shape):
        shape = shape(*row)
    size = sum(map(np.size, row)) if shape is None else shape[1]
    parts = [repr((target, linearize_link)), np.asarray(link(_PROBES)), *_digestible(row)]
    for mask in hosts.telling_masks(int(size)):
        parts += _digestible(maker(mask, *row))
    return parts


def _digestible(value: Any) -> list[Any]:
    """Return texts and arrays that say the same as nested inputs of a model."""
    if isinstance(value, list | tuple):
        return [f"{len(value)}", *(one for part in value for one in _digestible(part))]
    kinds = [repr(list(value.dtypes))] if hasattr(value, "dtypes") else []
    array = np.array(value)  # a copy: maskers may write into what they gave before
    return [*kinds, repr(array.tolist()) if array.dtype == object else array]


def _check_names(given: Sequence[str], indices: IntArray | None) -> None:
    if indices is None and len(given) != 1:
        raise InputError(f"output_names: the model has a single output, got the names {list(given)!r:.80}.")
    if indices is not None and (max(indices) >= len(given) or min(indices) < -len(given)):
        count = max(max(indices) + 1, -min(indices))
        raise InputError(f"output_names: expected a list of {count} names or more, got {given!r:.80}.")


def _numbered(n: int) -> tuple[str, ...]:
    return tuple(f"x{i}" for i in range(n))
