"""Explain on a cluster: batches go to Dask workers, the model goes there once, answers go into a store.

    pip install ".[distributed]" && python examples/clusters/dask_cluster.py

Here the cluster is two processes of this machine. On a real one only the line that makes the client changes:

    # 100 GPUs on SLURM, every GPU one worker with one thread (dask-jobqueue):
    cluster = SLURMCluster(cores=1, processes=1, memory="64GB", job_extra_directives=["--gpus=1"])
    cluster.scale(100)
    client = Client(cluster)
    client.wait_for_workers(100)

    # or all GPUs of one machine (dask-cuda):
    client = Client(LocalCUDACluster())

Stop the script half-way and start it again: it goes on where it was.
"""

from __future__ import annotations

import numpy as np
from distributed import Client, LocalCluster

import spex_plugins as spex


class Game:
    """A value function that travels light: every worker makes the model once, when it is first asked."""

    n = 64
    fingerprint = "toy model 2"  # changes with whatever changes the answers

    def __init__(self) -> None:
        self._model: np.ndarray | None = None

    def __call__(self, masks: np.ndarray) -> np.ndarray:
        if self._model is None:  # a real game would load its weights onto the GPU of the worker
            self._model = np.random.default_rng(0).normal(size=self.n) ** 3  # few are large
        return masks @ self._model + 3.0 * masks[:, 3] * masks[:, 17]


def main() -> None:
    """Explain the toy on two workers."""
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        asked = {"executor": client, "store": "dask_cluster.sqlite", "retries": 3}
        print(spex.explain(Game(), budget=2000, **asked))


if __name__ == "__main__":
    main()
