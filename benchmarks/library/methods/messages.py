"""Masks and values as text, for messages between interpreters. Needs NumPy only."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np

__all__ = ["pack_masks", "pack_values", "unpack_masks", "unpack_values"]


def pack_masks(masks: np.ndarray) -> str:
    """Return the bits of masks (m, n)."""
    return base64.b64encode(np.packbits(masks, axis=1).tobytes()).decode()


def unpack_masks(text: str, shape: Sequence[int]) -> np.ndarray:
    """Return masks of a shape."""
    rows = np.frombuffer(base64.b64decode(text), np.uint8).reshape(shape[0], -1)
    return np.unpackbits(rows, axis=1, count=shape[1]).astype(bool)


def pack_values(values: np.ndarray) -> str:
    """Return the bytes of float64 values."""
    return base64.b64encode(np.asarray(values, dtype=np.float64).tobytes()).decode()


def unpack_values(text: str) -> np.ndarray:
    """Return values (m,)."""
    return np.frombuffer(base64.b64decode(text), np.float64).copy()
