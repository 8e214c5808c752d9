"""Run by ``mpiexec -n 3 python -m mpi4py.futures``: one process asks, two answer."""

from __future__ import annotations

import os

import numpy as np

from spex_plugins.queries import Queries, Session

if __name__ == "__main__":
    from mpi4py.futures import MPIPoolExecutor

    weights = np.arange(20.0)
    masks = np.unique(np.random.default_rng(0).random((500, 20)) < 0.5, axis=0)
    with MPIPoolExecutor(2) as pool:
        queries = Queries(executor=pool, batch_size=5, progress=False)
        with Session(
            lambda m: np.column_stack([m @ weights, np.full(len(m), os.getpid())]), queries
        ) as session:
            values = session.ask(masks).values
    np.testing.assert_array_equal(values[:, 0], masks @ weights)
    print("workers", len(set(values[:, 1]) - {os.getpid()}))
