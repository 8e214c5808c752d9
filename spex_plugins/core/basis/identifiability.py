"""Features that can be distinguished by the masks of samples.

A character χ_i is constant on all samples for a feature that is never, or always, masked; those of two
features are equal up to the sign if both are always masked together, or one whenever the other is kept. The
samples then determine a function of fewer features, one for every such group. It is extended to all features
by the convention that the character of a group is shared equally, χ_g = Σ_i ± χ_i / k, and that features
which never vary have no effect. Groups may still depend on each other linearly, as where all samples keep the
same number of features: the samples then determine no effect of single features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.types import BoolArray, IntArray

__all__ = ["Identified", "are_dependent", "identify"]

_MOST_TESTED = 1024  # features; their Gram matrix is decomposed in a second
_ROUNDING = 1e-9  # share of the largest eigenvalue


@dataclass(frozen=True, eq=False)
class Identified:
    """The G groups of features that masks (m, n) distinguish.

    Attributes
    ----------
    features : ndarray of int, shape (G,)
        The first feature of every group, ascending.
    group : ndarray of int, shape (n,)
        The group of every feature; −1 if it never varies.
    sign : ndarray of int, shape (n,)
        −1 for features that are masked whenever the first of their group is kept, else 1.
    """

    features: IntArray
    group: IntArray
    sign: IntArray

    @property
    def constant(self) -> IntArray:
        """The features that never vary."""
        return np.flatnonzero(self.group < 0)

    @property
    def tied(self) -> list[IntArray]:
        """The groups of several features."""
        sizes = np.bincount(self.group[self.group >= 0], minlength=len(self.features))
        return [np.flatnonzero(self.group == g) for g in np.flatnonzero(sizes > 1)]

    def spread(self, spectrum: Spectrum) -> Spectrum:
        """Return a spectrum over the G groups as one over the n features, each group shared equally."""
        n = len(self.group)
        members = np.argsort(self.group, kind="stable")[len(self.constant) :]
        sizes = np.append(np.bincount(self.group[members], minlength=len(self.features)), 1)
        starts = np.append(np.cumsum(sizes[:-1]) - sizes[:-1], len(members))
        members, signs = np.append(members, n), np.append(self.sign[members], 1)  # the last: no feature
        rows, coefficients = spectrum.supports.astype(np.int32), spectrum.coefficients
        for slot in range(rows.shape[1]):
            group = rows[:, slot]
            counts = sizes[group]
            at = np.repeat(starts[group], counts)
            at += np.arange(len(at)) - np.repeat(np.cumsum(counts) - counts, counts)
            share = signs[at] / np.repeat(counts, counts)
            rows, coefficients = np.repeat(rows, counts, axis=0), np.repeat(coefficients, counts, axis=0)
            rows[:, slot] = members[at]
            coefficients = (coefficients.T * share).T
        return Spectrum.from_terms(n, np.sort(rows, axis=1), coefficients)


def identify(masks: BoolArray) -> Identified:
    """Find the features that masks (m, n) distinguish."""
    changed = np.packbits(masks ^ masks[:1], axis=0)  # complements become equal, constants zero
    _, first, inverse = np.unique(changed, axis=1, return_index=True, return_inverse=True)
    first_of = first[inverse.ravel()]
    varies = changed.any(axis=0)
    features, group = np.unique(first_of[varies], return_inverse=True)
    groups = np.full(masks.shape[1], -1)
    groups[varies] = group
    return Identified(features, groups, np.where(masks[0] == masks[0, first_of], 1, -1))


def are_dependent(masks: BoolArray) -> bool:
    """Tell whether features that vary, of more masks (m, n) than features, depend on each other linearly.

    The samples then agree with several additive functions, though each feature can be told from any other.
    """
    m, n = masks.shape
    if not 1 < n < min(m, _MOST_TESTED):
        return False
    signs = np.column_stack([np.ones(m), np.where(masks, 1.0, -1.0)])
    eigenvalues = np.linalg.eigvalsh(signs.T @ signs)
    return bool(eigenvalues[0] < _ROUNDING * eigenvalues[-1])
