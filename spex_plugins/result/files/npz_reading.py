"""Opening of .npz files: nothing in them is executed, and whatever is wrong with them is an `InputError`."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from typing import Any
from zipfile import BadZipFile, is_zipfile

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.files import checked_path

__all__ = ["reading"]

# What NumPy, JSON and the conversion of the content raise where bytes are missing or others than expected.
_DAMAGE = (LookupError, TypeError, AttributeError, ValueError, EOFError, BadZipFile, zlib.error)


@contextmanager
def reading(path: str | PathLike[str], content: str) -> Iterator[Mapping[str, Any]]:
    """Open an .npz file to convert its content.

    Parameters
    ----------
    path : path-like
        Path of the file.
    content : str
        What the file should be, with its article, for the error message.

    Yields
    ------
    mapping of str to ndarray
        The arrays.

    Raises
    ------
    InputError
        If the file has another content, or the statements inside fail on it.
    OSError
        If the file cannot be read.
    """
    try:
        with open(checked_path("path", path), "rb") as file:
            if not is_zipfile(file):  # NumPy would call it a pickle, and advise to load it unsafely
                raise ValueError("it is no .npz file")
            file.seek(0)
            with np.load(file, allow_pickle=False) as data:
                yield data
    except InputError:
        raise
    except _DAMAGE as error:
        raise InputError(f"path: {path!s} is not {content}, or is damaged: {error}.") from error
