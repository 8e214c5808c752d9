"""Headers and arrays as JSON text that loses nothing: numbers are written with all their digits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["dumps", "loads"]


def dumps(header: Mapping[str, Any], arrays: Mapping[str, Any]) -> str:
    """Write a header and named arrays; NaN becomes null, true and false become 1 and 0."""
    written = {name: _written(np.asarray(array)) for name, array in arrays.items()}
    return json.dumps({**header, "arrays": written}, allow_nan=False)


def loads(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the header and the arrays."""
    header: dict[str, Any] = json.loads(text)
    arrays = header.pop("arrays")
    return header, {name: _read(array) for name, array in arrays.items()}


def _written(array: np.ndarray) -> dict[str, Any]:
    flat = array.ravel()
    values = (flat.astype(np.uint8) if array.dtype == bool else flat).tolist()
    if array.dtype.kind == "f":
        values = [
            value if np.isfinite(value) else None if np.isnan(value) else str(value) for value in values
        ]
    return {"dtype": array.dtype.name, "shape": list(array.shape), "values": values}


def _read(written: Mapping[str, Any]) -> np.ndarray:
    values = written["values"]
    if written["dtype"].startswith("float"):
        values = [np.nan if value is None else float(value) for value in values]
    return np.array(values, dtype=written["dtype"]).reshape(written["shape"])
