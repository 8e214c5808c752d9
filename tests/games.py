"""Value functions with known answers, and a wrapper that writes down every call."""

from __future__ import annotations

import numpy as np

from spex_plugins import Spectrum


def random_terms(n, count, max_order, rng, outputs=None, least=0.5):
    """Draw distinct sets with coefficients of magnitude ``least`` to 2 and random signs."""
    terms = {}
    shape = () if outputs is None else (outputs,)
    while len(terms) < count:
        size = int(rng.integers(1, min(max_order, n) + 1))
        features = tuple(sorted(rng.choice(n, size, replace=False).tolist()))
        terms[features] = rng.choice([-1.0, 1.0], size=shape) * rng.uniform(least, 2.0, size=shape)
    return terms


def random_spectrum(n, count, max_order, rng, outputs=None, least=0.5):
    """Draw a spectrum with that many distinct non-constant terms, and a constant."""
    constant = rng.normal(size=() if outputs is None else outputs)
    return Spectrum.from_dict(n, {(): constant} | random_terms(n, count, max_order, rng, outputs, least))


def difference(found, truth):
    """Return the largest error of a coefficient, a missing one counting as zero."""
    left = (found - truth).coefficients
    return float(np.abs(left).max(initial=0.0))


def term_set(spectrum):
    return set(spectrum.as_dict())


class Recorded:
    """A value function that records the masks it was asked for, batch by batch."""

    def __init__(self, function):
        self.function = function
        self.batches = []

    def __call__(self, masks):
        self.batches.append(masks.copy())
        return self.function(masks)

    @property
    def masks(self):
        return np.concatenate(self.batches)

    @property
    def calls(self):
        return sum(map(len, self.batches))


class SmallGame:
    """A game of five features, two of them of one name, that counts its calls; with K outputs if wanted."""

    n = 5
    feature_names = ("not", "bad", "not", "at", "all")

    def __init__(self, outputs=None, fingerprint="small game 1"):
        self.fingerprint = fingerprint
        self.output_names = None if outputs is None else tuple(f"answer {k}" for k in range(outputs))
        self.table = np.random.default_rng(0).normal(size=(2**self.n, outputs or 1))
        self.calls = 0

    def __call__(self, masks):
        self.calls += len(masks)
        values = self.table[masks @ (1 << np.arange(self.n))]
        return values if self.output_names else values[:, 0]
