"""What identifies a row in a store of answers: all that the answers depend on, except for the model."""

from __future__ import annotations

from typing import Any

import numpy as np

from spex_plugins import adapter_tools
from spex_plugins.errors import InputError
from spex_plugins.queries.store.value_digest import digest_of_value

__all__ = ["digest_parts"]

_LINK_INPUTS = np.array([0.1, 0.4, 0.8])  # links differ in their values at these


def digest_parts(
    masker: Any, row: tuple[Any, ...], link: Any, linearize_link: bool, target: Any
) -> list[Any]:
    """Return all that the answers depend on, except for the model, as texts and arrays for a digest.

    The masker is identified by its output at a few masks of the row, whatever its type, background and
    settings.

    Parameters
    ----------
    masker : object
        Of `shap.maskers`, or a function.
    row : tuple
        The inputs of the model, one sample each.
    link : callable
    linearize_link : bool
    target : str or None
        The text that a language model is scored on, if given.

    Returns
    -------
    list of str and ndarray
    """
    inner = getattr(masker, "masker", masker)  # of the composites for language models
    shape = getattr(inner, "shape", None)
    if callable(shape):
        shape = shape(*row)
    n_inputs = sum(map(np.size, row)) if shape is None else shape[1]
    parts = [repr((target, linearize_link)), np.asarray(link(_LINK_INPUTS)), *_flattened(row)]
    for mask in adapter_tools.telling_masks(int(n_inputs)):
        parts += _flattened(inner(mask, *row))
    return parts


def _flattened(value: Any) -> list[Any]:
    """Return nested inputs of a model as a list of texts and arrays with the same content."""
    if isinstance(value, list | tuple):
        return [f"{len(value)}", *(one for part in value for one in _flattened(part))]
    array = np.array(value)  # a copy: maskers may write into what they gave before
    content = _exact(array) if array.dtype.hasobject else array
    return [*map(_exact, map(_described, getattr(value, "dtypes", ()))), content]


def _described(dtype: Any) -> Any:
    """Return the text of a column's type, and its categories, of which the text names some."""
    categories = getattr(dtype, "categories", None)
    return str(dtype), None if categories is None else np.asarray(categories)


def _exact(value: Any) -> str:
    found = digest_of_value(value)
    if found is None:
        raise InputError(
            "queries: a store cannot identify this row, as it holds objects other than numbers, texts, dates "
            "and arrays of these; convert them, or omit store=."
        )
    return found
