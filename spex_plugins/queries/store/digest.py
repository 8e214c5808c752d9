"""Digest of texts and arrays, for fingerprints."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["digest_of_data"]


def digest_of_data(*parts: str | NDArray[Any]) -> str:
    """Return a SHA-256 digest of texts and arrays, which does not reveal their content.

    Parameters
    ----------
    *parts : str or ndarray
        Their order matters. The digest of an array depends on its data type, shape and bytes.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    total = sha256()
    for part in parts:
        if isinstance(part, str):
            about, content = "text", part.encode()
        else:
            about, content = f"{part.dtype.str}{part.shape}", np.ascontiguousarray(part).tobytes()
        total.update(f"{about}:{len(content)}:".encode())  # so that different lists of parts differ
        total.update(content)
    return total.hexdigest()
