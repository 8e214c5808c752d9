"""Indices of a complete table, from its Möbius coefficients (discrete derivatives at the empty set)."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np

__all__ = ["INDICES", "relative_error", "true_indices", "within_two"]

INDICES = ("SV", "k-SII", "FSII")
"""Shapley values, and all pairs of k-SII and FSII of order 2."""


def true_indices(n: int, values: np.ndarray) -> dict[str, np.ndarray]:
    """Return the Shapley values (n,), and k-SII and FSII of all pairs in the order of combinations.

    The Shapley value of i is Σ a(S)/|S| over the sets S that hold i (Harsanyi 1959). A pair T has in k-SII of
    order 2, where it is the SII, Σ a(S)/(|S| − 1) over the sets that hold T (Grabisch 1997), and in FSII
    a(T) + Σ C(s − 1, 2)/(2 C(s + 1, 4)) a(S) over those of s > 2 features (Tsai, Yeh and Ravikumar 2023).
    """
    coefficients, numbers = _moebius(values), np.arange(2**n)
    sizes = np.bitwise_count(numbers).astype(int)
    holds = [numbers >> i & 1 == 1 for i in range(n)]
    pairs = [np.flatnonzero(holds[i] & holds[j]) for i, j in combinations(range(n), 2)]
    faith = np.array([0.0, 0.0, 1.0] + [comb(s - 1, 2) / (2 * comb(s + 1, 4)) for s in range(3, n + 1)])
    return {
        "SV": np.array([(coefficients[S] / sizes[S]).sum() for S in holds]),
        "k-SII": np.array([(coefficients[S] / (sizes[S] - 1)).sum() for S in pairs]),
        "FSII": np.array([(coefficients[S] * faith[sizes[S]]).sum() for S in pairs]),
    }


def relative_error(given: np.ndarray, right: np.ndarray) -> float:
    """Return the root mean square of the error over that of the truth."""
    return float(np.sqrt(((given - right) ** 2).mean() / (right**2).mean()))


def within_two(given: np.ndarray, right: np.ndarray, deviations: np.ndarray) -> float:
    """Return the share of errors within two standard deviations, but for rounding."""
    rounding = 1e-9 * np.abs(right).max(initial=0.0)
    return float((np.abs(given - right) <= 2 * deviations + rounding).mean())


def _moebius(values: np.ndarray) -> np.ndarray:
    found = np.array(values, dtype=np.float64)
    for i in range(len(found).bit_length() - 1):
        halves = found.reshape(-1, 2, 2**i)
        halves[:, 1] -= halves[:, 0]
    return found
