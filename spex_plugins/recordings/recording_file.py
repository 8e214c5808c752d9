"""Files of recordings: arrays and a JSON header in one .npz file, no pickle.

header       JSON as bytes: format, n, feature_names, output_names, kinds (their names), about
masks        uint8 (m, ⌈n / 8⌉), as `numpy.packbits` packs them; missing where all 2^n masks were recorded
values       float32 or float64, (m,) or (m, K); of all masks, in the order of their numbers Σ 2^i
kind_0, …    int32 (k,), the rows of the masks of a kind
"""

from __future__ import annotations

import json
from os import PathLike
from typing import Any
from zipfile import BadZipFile

import numpy as np

from spex_plugins.core.basis.masks import masks_of_numbers
from spex_plugins.errors import InputError
from spex_plugins.files import replacing
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["read", "write"]

_FORMAT = 1


def write(
    path: str | PathLike[str],
    header: dict[str, Any],
    packed: Any,
    values: FloatArray,
    kinds: dict[str, IntArray],
) -> None:
    """Write a recording; an existing file is replaced once the new one is complete.

    Parameters
    ----------
    path : path-like
    header : dict
        n, feature_names, output_names, about.
    packed : ndarray of uint8, shape (m, ⌈n / 8⌉), or None
        None where all masks were recorded.
    values : ndarray of float32 or float64, shape (m,) or (m, K)
    kinds : dict from str to ndarray of int
        Rows of the masks of a kind.
    """
    text = json.dumps({"format": _FORMAT, "kinds": list(kinds), **header}, ensure_ascii=False)
    arrays = {f"kind_{i}": rows.astype(np.int32) for i, rows in enumerate(kinds.values())}
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
        n, feature_names, output_names, about.
    masks : ndarray of bool, shape (m, n)
    values : ndarray of float32 or float64, shape (m,) or (m, K)
    kinds : dict from str to ndarray of int
        Rows of the masks of a kind.

    Raises
    ------
    InputError
        If the file is not a recording, is damaged, or was written by a newer version.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            header = json.loads(data["header"].tobytes())
            arrays = {name: data[name] for name in data.files}
        if header["format"] != _FORMAT:
            raise InputError(f"path: {path!s} was written by a newer version; upgrade spex-plugins.")
        n, names = header["n"], header["kinds"]
        if "masks" in arrays:
            masks = np.unpackbits(arrays["masks"], axis=1, count=n).astype(bool)
        else:
            masks = masks_of_numbers(np.arange(len(arrays["values"])), n)
        kinds = {name: arrays[f"kind_{i}"].astype(np.intp) for i, name in enumerate(names)}
        about = {name: header[name] for name in ("n", "feature_names", "output_names", "about")}
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, EOFError, BadZipFile) as error:
        raise InputError(f"path: {path!s} is not a recording, or is damaged: {error}.") from error
    return about, masks, arrays["values"], kinds
