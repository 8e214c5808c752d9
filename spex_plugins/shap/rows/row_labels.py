"""Labels of the rows of a SHAP explanation: names of outputs and features, the hierarchy of the features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spex_plugins.types import FloatArray, IntArray

__all__ = ["clustering_of_row", "feature_names_of_row", "name_of_single_output", "output_labels"]


def output_labels(
    indices: IntArray | None, given: Sequence[str] | None, model: Any, row: tuple[Any, ...]
) -> dict[str, Any]:
    """Label the outputs for SHAP.

    Parameters
    ----------
    indices : ndarray of int, shape (K,), or None
        The outputs that are explained; None for a model with one output.
    given : sequence of str, optional
        Names from the user.
    model : shap.models.Model
        Perhaps with ``output_names``, which a language model only knows after it was called.
    row : tuple
        The inputs of the model, one sample each; names may be a function of them.
    """
    if given is not None:
        _check_names("output_names", given, indices)
    if indices is None:
        return {}
    names = _names_of_model(model, row) if given is None else given
    if names is not None and given is None:
        _check_names("model.output_names", names, indices)
    # Without a name an output has its number, as SHAP would count the chosen ones from 0.
    chosen = [f"Output {k}" if names is None else str(names[k]) for k in indices]
    return {"output_indices": np.arange(len(indices)), "output_names": chosen}


def name_of_single_output(given: Sequence[str] | None, model: Any, row: tuple[Any, ...]) -> str | None:
    """Return the name of the output of a model with one; None without one name."""
    names = _names_of_model(model, row) if given is None else given
    return str(names[0]) if names is not None and len(names) == 1 else None


def _names_of_model(model: Any, row: tuple[Any, ...]) -> Sequence[Any] | None:
    """Return the names of a model's outputs, which may depend on the row; a text is one name."""
    names = getattr(model, "output_names", None)
    names = names(*row) if callable(names) else names
    return [names] if isinstance(names, str) else names


def clustering_of_row(masker: Any, row: tuple[Any, ...]) -> FloatArray | None:
    """Return the hierarchy of the features for SHAP's plots: that of the masker, or of a text."""
    clustering = getattr(masker, "clustering", None)
    if callable(clustering) and getattr(masker, "text_data", False):
        return clustering(*row) if masker.shape(*row)[1] > 1 else np.zeros((0, 4))
    return clustering if isinstance(clustering, np.ndarray) else None


def feature_names_of_row(
    masker: Any, columns: Sequence[list[str] | None], row: tuple[Any, ...], shapes: Sequence[tuple[int, ...]]
) -> list[str]:
    """Return the names as SHAP has them, over all model inputs: columns, or the tokens of this row.

    Parameters
    ----------
    masker : object
        If its ``feature_names`` is a method, as that of a Text masker is, it names the features of a row.
    columns : sequence of list of str or None
        Names of the columns of every model input; SHAP numbers those that have none.
    row : tuple
        The inputs of the model, one sample each.
    shapes : sequence of tuple of int
        Shape of the mask of every model input.
    """
    method = getattr(masker, "feature_names", None)
    parts = method(*row) if callable(method) else columns
    names: list[str] = []
    for part, shape in zip(parts, shapes, strict=True):
        size = int(np.prod(shape))
        has_names = part is not None and len(part) == size
        names += map(str, part) if has_names else (f"Feature {i}" for i in range(size))
    return names


def _check_names(where: str, names: Sequence[Any], indices: IntArray | None) -> None:
    if indices is None and len(names) != 1:
        raise InputError(f"{where}: the model has a single output, got the names {list(names)!r:.80}.")
    if indices is not None and (max(indices) >= len(names) or min(indices) < -len(names)):
        count = max(max(indices) + 1, -min(indices))
        raise InputError(f"{where}: expected a list of {counted(count, 'name')} or more, got {names!r:.80}.")
