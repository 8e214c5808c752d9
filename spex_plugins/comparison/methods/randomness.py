"""Global random generators and warnings of other libraries, kept inside one run of a method."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

__all__ = ["seeded"]


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
