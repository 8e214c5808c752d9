"""Number of threads of the linear algebra libraries."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

__all__ = ["blas_threads"]


def blas_threads(limit: int | None) -> AbstractContextManager[object]:
    """Limit the number of threads in a ``with`` statement; None: no limit."""
    found: AbstractContextManager[object] = _libraries().limit(limits=limit, user_api="blas")
    return found


@cache
def _libraries() -> Any:
    """Return the libraries that NumPy and SciPy have loaded; looking for them takes some milliseconds."""
    import scipy.linalg  # noqa: F401  loads its own
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
