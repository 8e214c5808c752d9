"""Other libraries: their import, their global random generators, and their warnings."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from typing import Any

import numpy as np

from spex_plugins.errors import MissingExtraError

__all__ = ["library", "quiet", "seeded"]


def library(module: str, name: str, install: str) -> Any:
    """Import a module without its warnings.

    Parameters
    ----------
    module : str
    name : str
        The library's own name.
    install : str
        What ``pip install`` takes.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return import_module(module)
    except ImportError as error:
        raise MissingExtraError(f"{name} is not installed: pip install {install}") from error


@contextmanager
def quiet() -> Iterator[None]:
    """Discard what is printed: LightGBM, as other libraries call it, prints a line for every tree."""
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        yield


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the global generators of NumPy and torch, silence warnings, and restore all of them.

    SHAP's Kernel explainer, Captum and parts of shapiq draw from these generators.
    """
    numpy_state = np.random.get_state()  # noqa: NPY002
    torch = sys.modules.get("torch")
    torch_state = torch.random.get_rng_state() if torch else None
    np.random.seed(seed)  # noqa: NPY002
    if torch:
        torch.random.manual_seed(seed)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        if torch:
            torch.random.set_rng_state(torch_state)
