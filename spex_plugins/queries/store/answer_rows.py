"""Answers as rows of a store: float64 with a checksum that detects damaged rows."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any
from zlib import crc32

import numpy as np

from spex_plugins.types import BoolArray, FloatArray

__all__ = ["as_bytes", "decoded", "encoded", "shape_of"]

_CHECKSUM = 4  # bytes of the CRC-32 of mask and answer, which rows of the first version lack


def as_bytes(rows: Any) -> list[bytes]:
    """Return every row of an array (m, b) of uint8 as bytes."""
    rows = np.ascontiguousarray(rows)
    return rows.view(f"V{rows.shape[1]}").ravel().tolist() if rows.size else []


def shape_of(outputs: int | None) -> tuple[int, ...] | None:
    """Return the shape of a value from its entry in the table of runs: K, 0 for a scalar, None if unknown."""
    return None if outputs is None else (outputs,) if outputs else ()


def encoded(packed: Any, values: FloatArray) -> list[tuple[bytes, bytes]]:
    """Return packed masks (m, b) and their values, (m,) or (m, K), as rows of the table."""
    answers = np.ascontiguousarray(values, dtype="<f8").reshape(len(values), -1).view(np.uint8)
    checked = np.concatenate([packed, answers], axis=1)
    sums = np.fromiter(map(crc32, as_bytes(checked)), dtype="<u4", count=len(values))
    answers = np.concatenate([answers, sums.view(np.uint8).reshape(len(values), -1)], axis=1)
    return list(zip(as_bytes(packed), as_bytes(answers), strict=True))


def decoded(rows: Sequence[tuple[Any, Any]], outputs: tuple[int, ...] | None) -> tuple[FloatArray, BoolArray]:
    """Read rows of the table.

    Parameters
    ----------
    rows : sequence of (mask, answer)
    outputs : tuple or None
        () or (K,), the shape of a value; None if it is not known.

    Returns
    -------
    values : ndarray of float64, shape (i,) or (i, K)
        Values of the intact rows.
    intact : ndarray of bool, shape (m,)
    """
    size = 8 * prod(outputs or ())
    intact = [outputs is not None and _is_intact(mask, answer, size) for mask, answer in rows]
    content = b"".join(answer[:size] for (_, answer), whole in zip(rows, intact, strict=True) if whole)
    values = np.frombuffer(content, dtype="<f8").astype(np.float64)
    return values.reshape(sum(intact), *(outputs or ())), np.array(intact, dtype=bool)


def _is_intact(mask: Any, answer: Any, size: int) -> bool:
    if not isinstance(mask, bytes) or not isinstance(answer, bytes):
        return False
    return len(answer) == size or answer[size:] == crc32(mask + answer[:size]).to_bytes(_CHECKSUM, "little")
