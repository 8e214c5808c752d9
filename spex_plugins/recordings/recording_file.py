"""Files of recordings: arrays and a JSON header in one .npz file, no pickle.

header       JSON as bytes: format, n, feature_names, output_names, kinds (their names), about
masks        uint8 (m, ⌈n / 8⌉), as `numpy.packbits` packs them; missing where all 2^n masks were recorded
values       float32 or float64, (m,) or (m, K); of all masks, in the order of their numbers Σ 2^i
kind_0, …    int32 (k,), the rows of the masks of a kind
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from os import PathLike
from typing import Any

import numpy as np

from spex_plugins.core.basis.masks import masks_of_numbers
from spex_plugins.errors import InputError
from spex_plugins.files import replacing
from spex_plugins.result.files.npz_reading import reading
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["read", "write"]

_FORMAT = 1
_TEXTS = ("feature_names", "output_names", "about")


def write(
    path: str | PathLike[str],
    n: int,
    header: Mapping[str, Any],
    packed: Any,
    values: FloatArray,
    kinds: Mapping[str, IntArray],
) -> None:
    """Write a recording; an existing file is replaced once the new one is complete.

    Parameters
    ----------
    path : path-like
    n : int
        Number of features.
    header : mapping
        feature_names, output_names, about.
    packed : ndarray of uint8, shape (m, ⌈n / 8⌉), or None
        None where all masks were recorded.
    values : ndarray of float32 or float64, shape (m,) or (m, K)
    kinds : mapping from str to ndarray of int
        Rows of the masks of a kind.
    """
    text = json.dumps({"format": _FORMAT, "n": n, "kinds": list(kinds), **header})
    arrays: dict[str, Any] = {f"kind_{i}": rows.astype(np.int32) for i, rows in enumerate(kinds.values())}
    if packed is not None:
        arrays["masks"] = packed
    with replacing(path) as file:
        np.savez_compressed(
            file, header=np.frombuffer(text.encode(), dtype=np.uint8), values=values, **arrays
        )


def read(path: str | PathLike[str]) -> tuple[dict[str, Any], BoolArray, FloatArray, dict[str, IntArray]]:
    """Read a file written by `write`.

    Returns
    -------
    header : dict
        feature_names, output_names, about.
    masks : ndarray of bool, shape (m, n)
    values : ndarray of float32 or float64, shape (m,) or (m, K)
    kinds : dict from str to ndarray of int
        Rows of the masks of a kind.

    Raises
    ------
    InputError
        If the file is not a recording, is damaged, or was written by a newer version.
    """
    with reading(path, "a recording") as data:
        header = json.loads(data["header"].tobytes())
        if not {"kinds", "about"} <= header.keys():  # an explanation, whose formats are others
            raise ValueError("it has no recorded masks")
        if header["format"] != _FORMAT:
            raise InputError(f"path: {path!s} was written by a newer version; upgrade spex-plugins.")
        values, n = data["values"], header["n"]
        masks = _masks(data.get("masks"), len(values), n)
        kinds = {name: data[f"kind_{i}"] for i, name in enumerate(header["kinds"])}
        about = {name: header[name] for name in _TEXTS}
    return about, masks, values, kinds


def _masks(packed: Any, m: int, n: int) -> BoolArray:
    if packed is None:
        if m != 2**n:
            raise ValueError(f"{m} values of 2^{n} masks")
        return masks_of_numbers(np.arange(m), n)
    if packed.shape != (m, -(-n // 8)):
        raise ValueError(f"masks of shape {packed.shape} for {m} values of {n} features")
    return np.unpackbits(packed, axis=1, count=n).astype(bool)
