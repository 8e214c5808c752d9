"""Explanations in files: arrays and a JSON header in one .npz, no pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from os import PathLike
from typing import Any

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.files import replacing
from spex_plugins.result.function_arrays import arrays_of, function_of

__all__ = ["read", "write"]

_FORMAT = 5
_READABLE = (1, 2, 3, 4, 5)
# 1 had no n_stored and no r2_error, 2 no process, 3 no exact, 4 one plan in words and no ids.
_TEXTS = (
    *("feature_names", "feature_ids", "n_calls", "n_stored", "budget"),
    *("r2_source", "estimator", "design", "method", "exact"),
)
_ARRAYS = ("r2", "r2_error", "empty_value", "full_value")


def write(path: str | PathLike[str], fields: Mapping[str, Any]) -> None:
    """Write an explanation to one file; what was there stays until the new file is complete.

    Parameters
    ----------
    path : path-like
    fields : mapping from str
        The fields of an `Interactions`.
    """
    function = fields["function"]
    header = {"format": _FORMAT, "n": function.n} | {name: fields[name] for name in _TEXTS}
    with replacing(path) as file:
        np.savez_compressed(
            file,
            header=np.frombuffer(json.dumps(header).encode(), dtype=np.uint8),
            **{name: fields[name] for name in _ARRAYS},
            **arrays_of(function),
        )


def read(path: str | PathLike[str]) -> dict[str, Any]:
    """Read a file written by `write`.

    Returns
    -------
    dict
        The fields of an `Interactions`.

    Raises
    ------
    InputError
        If the file was written by a newer version.
    """
    with np.load(path, allow_pickle=False) as data:
        header: dict[str, Any] = json.loads(data["header"].tobytes())
        if header.pop("format") not in _READABLE:
            raise InputError(f"path: {path!s} was written by a newer version; upgrade spex-plugins.")
        n = header.pop("n")
        arrays = {name: data[name] for name in _ARRAYS if name in data}
        function = function_of(n, data)
    header.pop("singles", None)  # formats up to 4 listed what their arrays say as well
    header["feature_names"] = tuple(header["feature_names"])
    if header.get("feature_ids") is not None:
        header["feature_ids"] = tuple(header["feature_ids"])
    header.setdefault("exact", header["n_calls"] + header.get("n_stored", 0) == 2**n)
    if "plan" in header:
        header["design"] = header.pop("plan")
    return {"function": function, **header, **arrays}
