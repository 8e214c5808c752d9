"""Number of threads for the linear algebra of a fit."""

from __future__ import annotations

from contextlib import AbstractContextManager

from spex_plugins.core.kernels.threads import blas_threads

__all__ = ["fitting_threads"]

_ONE_THREAD = 3000  # masks


def fitting_threads(m: int) -> AbstractContextManager[object]:
    """Use one BLAS thread for few masks.

    On a busy processor, threads that share small matrices spend most of their time waiting for each other.
    """
    return blas_threads(1 if m <= _ONE_THREAD else None)
