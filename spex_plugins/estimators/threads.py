"""How many threads the linear algebra of a fit runs on."""

from __future__ import annotations

from contextlib import AbstractContextManager

__all__ = ["fitting_threads"]

_ONE_THREAD = 3000  # masks


def fitting_threads(m: int) -> AbstractContextManager[object]:
    """Use one BLAS thread for few masks.

    Where the processor is busy, threads wait for each other longer than they work on small matrices.
    """
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1 if m <= _ONE_THREAD else None, "blas")
