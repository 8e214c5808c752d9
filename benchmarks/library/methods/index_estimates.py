"""Estimates of Shapley values and pairs at a number of calls: ours, and of shapiq's approximators."""

from __future__ import annotations

from itertools import combinations
from time import process_time
from typing import NamedTuple

import numpy as np

import spex_plugins as spex
from library.games.complete.true_indices import INDICES
from library.measure.counted import Counted
from library.methods.peers import Peer

__all__ = ["PEERS", "UNTOLD", "Estimates", "ours", "peers"]

PEERS = {
    "SV": (
        "KernelSHAP",
        "LeverageSHAP",
        "OddSHAP",
        "ProxySHAP",
        "ProxySHAP+adjustment",
        "RegressionMSR",
    ),
    "k-SII": ("KernelSHAPIQ", "ProxySHAP", "ProxySHAP+adjustment", "SVARMIQ"),
    "FSII": ("ProxySHAP", "ProxySHAP+adjustment", "ProxySPEX", "RegressionFSII"),
}
"""Approximators of shapiq for each index, with their settings but for what is named after the +."""


class Estimates(NamedTuple):
    """Estimated indices, and the processor seconds that they took without those of the value function."""

    indices: dict[str, np.ndarray]
    cpu_s: float
    deviations: dict[str, np.ndarray]
    """Standard deviations, of methods that state them."""


UNTOLD = "-untold"
"""Ending of the names of our estimators that are not told what will be read."""


def ours(name: str, value: Counted, n: int, calls: int, seed: int) -> Estimates:
    """Return all indices by one estimator of spex_plugins; its masks are the same for all three of them."""
    start = process_time()
    index, estimator = None if name.endswith(UNTOLD) else "SV", name.removesuffix(UNTOLD)
    found = spex.explain(value, n, budget=calls, estimator=estimator, index=index, seed=seed, progress=False)
    single = found.single_values("SV")
    indices = {"SV": single.values}
    tables = {index: found.index(index, 2) for index in INDICES[1:]}
    for index, table in tables.items():
        values = table.as_dict()
        indices[index] = np.array([values.get(pair, 0.0) for pair in combinations(range(n), 2)])
    seconds = process_time() - start - value.cpu_s
    deviations = {"SV": single.deviations}
    pairs = np.array(list(combinations(range(n), 2)), dtype=np.int32)
    for index in tables:  # of all pairs, those with a value of 0 included
        deviations[index] = found.function.deviations(pairs, index, 2)
    return Estimates(indices, seconds, deviations)


def peers(method: str, value: Counted, n: int, calls: int, seed: int, peer: Peer) -> Estimates:
    """Return the one index that a method "INDEX:NAME" estimates.

    Raises
    ------
    RuntimeError
        If the approximator fails.
    """
    index, _, name = method.partition(":")
    asked, given = (f"shapiq:{name}", "shapley") if index == "SV" else (f"pairs:{method}", "pairs")
    report = peer(asked, n, calls, seed, value)
    if "failed" in report:
        raise RuntimeError(report["failed"])
    return Estimates({index: np.array(report[given])}, report["cpu_s"], {})
