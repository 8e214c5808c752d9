"""Files of explanations: arrays and a JSON header in one .npz file, no pickle."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any, TypeVar

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.files import replacing
from spex_plugins.result.files.function_arrays import arrays_of, function_of
from spex_plugins.result.files.npz_reading import reading

__all__ = ["fields_of", "header_and_arrays", "read", "write"]

T = TypeVar("T")

_FORMAT = 9
_READABLE = (1, 2, 3, 4, 5, 6, 7, 8, 9)
# 1 had no n_stored and no r2_error, 2 no process, 3 no exact, 4 one plan in words and no ids, 5 no sums of
# functions and no independent errors, 6 no growth of errors, 7 no noise of the values, 8 no waves.
_TEXTS = (
    *("feature_names", "feature_ids", "n_calls", "n_stored", "budget"),
    *("r2_source", "estimator", "design", "method", "exact"),
)
_ARRAYS = ("r2", "r2_error", "empty_value", "full_value")


def header_and_arrays(fields: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a file holds of the fields of an `Interactions`: values of JSON, and arrays by name."""
    function = fields["function"]
    header = {"format": _FORMAT, "n": function.n} | {name: fields[name] for name in _TEXTS}
    return header, {name: fields[name] for name in _ARRAYS} | arrays_of(function)


def fields_of(header: Mapping[str, Any], data: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Return the fields of an `Interactions`; ``source`` is what holds them, for the error message.

    Raises
    ------
    InputError
        If they were written by a newer version.
    """
    fields = dict(header)
    if fields.pop("format") not in _READABLE:
        raise InputError(f"{source} was written by a newer version; upgrade spex-plugins.")
    n = fields.pop("n")
    arrays = {name: data[name] for name in _ARRAYS if name in data}
    function = function_of(n, data)
    fields.pop("singles", None)  # redundant in formats up to 4
    fields["feature_names"] = tuple(fields["feature_names"])
    if fields.get("feature_ids") is not None:
        fields["feature_ids"] = tuple(fields["feature_ids"])
    fields.setdefault("exact", fields["n_calls"] + fields.get("n_stored", 0) == 2**n)
    if "plan" in fields:
        fields["design"] = fields.pop("plan")
    return {"function": function, **fields, **arrays}


def write(path: str | PathLike[str], fields: Mapping[str, Any]) -> None:
    """Write an explanation to one file; an existing file is replaced once the new one is complete.

    Parameters
    ----------
    path : path-like
        Path of the file.
    fields : mapping from str
        The fields of an `Interactions`.
    """
    header, arrays = header_and_arrays(fields)
    with replacing(path) as file:
        np.savez_compressed(file, header=np.frombuffer(json.dumps(header).encode(), dtype=np.uint8), **arrays)


def read(path: str | PathLike[str], make: Callable[..., T]) -> T:
    """Read a file written by `write`.

    Parameters
    ----------
    path : path-like
        Path of the file.
    make : callable
        Makes an `Interactions` of its fields, given as keywords.

    Returns
    -------
    object
        What ``make`` returns.

    Raises
    ------
    InputError
        If the file is not an explanation, is damaged, or was written by a newer version.
    """
    with reading(path, "a saved explanation") as data:
        header = json.loads(data["header"].tobytes())
        return make(**fields_of(header, data, f"path: {path!s}"))
