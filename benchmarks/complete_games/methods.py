"""Estimates of a game's indices at a number of calls: ours, and those of shapiq's approximators."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

import spex_plugins as spex
from complete_games.truth import INDICES

__all__ = ["PEERS", "ours", "peers"]

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


def ours(estimator: str, value: Any, n: int, calls: int, seed: int) -> dict[str, np.ndarray]:
    """Return all indices by one estimator of spex_plugins."""
    found = spex.explain(value, n, budget=calls, estimator=estimator, seed=seed, progress=False)
    estimates = {"SV": found.single_values("SV").values}
    for index in INDICES[1:]:
        table = found.index(index, 2).as_dict()
        estimates[index] = np.array([table.get(pair, 0.0) for pair in combinations(range(n), 2)])
    return estimates


def peers(method: str, value: Any, n: int, calls: int, seed: int, peer: Any) -> dict[str, np.ndarray]:
    """Return the one index that a method "INDEX:NAME" estimates; `peer` is a `Peer`.

    Raises
    ------
    RuntimeError
        If the approximator fails.
    """
    index, _, name = method.partition(":")
    if index == "SV":
        report = peer(f"shapiq:{name}", n, calls, seed, value)
    else:
        report = peer(f"pairs:{method}", n, calls, seed, value)
    if "failed" in report:
        raise RuntimeError(report["failed"])
    return {index: np.array(report["shapley" if index == "SV" else "pairs"])}
