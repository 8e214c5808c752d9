"""Sparse functions with known Fourier terms: the common ground of all decoders. Needs NumPy only.

Noise is a fixed function of (seed, mask), as with a real deterministic model: the same mask always gets the
same value, whatever the order of the calls.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

Terms = dict[tuple[int, ...], float]

_LARGEST_ORDER = 5
_FRESH = 10_000
_TRUTH, _TEST, _NOISE = 0, 1, 2  # streams of random numbers


@dataclass(frozen=True)
class Problem:
    """f(m) = Σ_S F(S) (−1)^{Σ_{i∈S} m_i} + noise; orders uniform in 1..5, |F(S)| uniform in [0.5, 1.5].

    Attributes
    ----------
    n : int
        Features.
    count : int
        Terms; there is no constant.
    noise : float
        Standard deviation of the noise.
    seed : int
    """

    n: int
    count: int
    noise: float
    seed: int

    @cached_property
    def terms(self) -> Terms:
        rng = np.random.default_rng([self.seed, _TRUTH])
        terms: Terms = {}
        while len(terms) < self.count:
            order = int(rng.integers(1, _LARGEST_ORDER + 1))
            support = tuple(sorted(int(i) for i in rng.choice(self.n, order, replace=False)))
            terms[support] = float(rng.choice([-1.0, 1.0]) * rng.uniform(0.5, 1.5))
        return terms

    def values(self, masks: np.ndarray) -> np.ndarray:
        """Noisy values, shape (m,), of masks (m, n), 1 = feature kept."""
        masks = np.asarray(masks).astype(bool)
        return evaluate(self.terms, masks) + self.noise * _standard_normal(masks, self.seed)

    def score(self, found: Mapping[tuple[int, ...], float]) -> dict[str, Any]:
        """Count the terms found, and measure R² on fresh uniform masks against the noise-free function.

        The empty set counts neither as found nor as false.
        """
        masks = np.random.default_rng([self.seed, _TEST]).random((_FRESH, self.n)) < 0.5
        truth = evaluate(self.terms, masks)
        error = np.sum((evaluate(found, masks) - truth) ** 2)
        return {
            "recovered": len(self.terms.keys() & found.keys()),
            "false": len(found.keys() - self.terms.keys() - {()}),
            "r2": float(1 - error / np.sum((truth - truth.mean()) ** 2)),
        }


def evaluate(terms: Mapping[tuple[int, ...], float], masks: np.ndarray) -> np.ndarray:
    """Return Σ_S F(S) (−1)^{Σ_{i∈S} m_i}, shape (m,)."""
    out = np.zeros(len(masks))
    for support, coefficient in terms.items():
        odd = masks[:, list(support)].sum(axis=1, dtype=np.int64) & 1
        out += coefficient * (1 - 2 * odd)
    return out


def problem_arguments() -> ArgumentParser:
    """Return the arguments that every worker understands."""
    parser = ArgumentParser()
    for name, kind in (("n", int), ("b", int), ("t", int), ("terms", int), ("noise", float), ("seed", int)):
        parser.add_argument(f"--{name}", type=kind, required=True)
    return parser


def problem_of(arguments: Namespace) -> Problem:
    return Problem(arguments.n, arguments.terms, arguments.noise, arguments.seed)


def _standard_normal(masks: np.ndarray, seed: int) -> np.ndarray:
    """One number per mask: a hash of its bits, through Box and Muller's transform."""
    packed = np.packbits(masks, axis=1)
    words = np.ascontiguousarray(np.pad(packed, ((0, 0), (0, -packed.shape[1] % 8)))).view("<u8")
    start, *salts = np.random.SeedSequence([seed, _NOISE]).generate_state(3, np.uint64)
    state = np.full(len(masks), start, dtype=np.uint64)
    for word in words.T:
        state = _splitmix(state ^ word)
    first, second = (((_splitmix(state ^ salt) >> np.uint64(11)) + 0.5) / 2.0**53 for salt in salts)
    return np.sqrt(-2.0 * np.log(first)) * np.cos(2.0 * np.pi * second)


def _splitmix(x: np.ndarray) -> np.ndarray:
    """Finalise as splitmix64 does (Steele, Lea & Flood 2014); products wrap."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
