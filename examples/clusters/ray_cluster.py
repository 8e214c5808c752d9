"""Explain a function in a Ray cluster; on this machine, or with ``--gpus 100`` on as many GPUs.

Each GPU gets one task at a time, which loads the model when it is first called. All answers are in a file::

    pip install "spex-plugins[ray]"
    python examples/clusters/ray_cluster.py [--calls 2000]
    python examples/clusters/ray_cluster.py --address auto --gpus 100 --calls 20000
"""

from __future__ import annotations

import argparse

import numpy as np
import ray

import spex_plugins as spex
from spex_plugins.queries import RayExecutor


class Game:
    """A function of masks whose model is loaded by every worker."""

    n, fingerprint = 32, "ray example 1"
    _model = None

    def __call__(self, masks: np.ndarray) -> np.ndarray:
        if self._model is None:  # on the worker: load the weights onto its GPU
            self._model = np.linspace(0.0, 1.0, self.n)
        return masks @ self._model + 2.0 * (masks[:, 3] & masks[:, 17])


def main() -> None:
    """Explain the function by the tasks of a cluster."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", help="of a running cluster; by default, one is started here")
    parser.add_argument("--gpus", type=int, default=0, help="GPUs to use; 0 for processors")
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--store", default="ray_cluster.sqlite", help="file of the answers")
    arguments = parser.parse_args()
    ray.init(address=arguments.address, include_dashboard=False, logging_level="ERROR")
    executor = RayExecutor(arguments.gpus or None, num_gpus=1 if arguments.gpus else 0)
    found = spex.explain(Game(), budget=arguments.calls, executor=executor, store=arguments.store)
    print(f"{found}\n\n{executor.workers} workers")
    ray.shutdown()


if __name__ == "__main__":
    main()
