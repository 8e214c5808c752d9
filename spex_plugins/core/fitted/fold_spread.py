"""How far functions that are fitted without each fold of the samples lie from the one of all samples.

The delete-a-group jackknife (Kott 2001): with F folds, the variance of an estimate is (F − 1)/F times the sum
of the squared differences of the estimates without each fold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spex_plugins.core.fitted.expansion import Expansion
from spex_plugins.core.kernels.cholesky import Factor
from spex_plugins.types import FloatArray, IntArray

__all__ = ["FoldSpread"]


@dataclass(frozen=True, eq=False)
class FoldSpread:
    """The uncertainty of a part of K functions, as the folds tell.

    Attributes
    ----------
    n_folds : int
        F.
    of_all : tuple of Expansion
        Whose sum has K outputs.
    without_fold : tuple of Expansion
        Whose sum has F K outputs: the K functions without the first fold, without the second, ….
    """

    n_folds: int
    of_all: tuple[Expansion, ...]
    without_fold: tuple[Expansion, ...]

    def deviations(self, supports: IntArray, index: str, order: int) -> FloatArray:
        """Return the standard deviations of an index at sets (U, d), shape (U, K)."""
        own, other = (
            np.sum([part.index(supports, index, order) for part in parts], axis=0)
            for parts in (self.of_all, self.without_fold)
        )
        differences = other.reshape(len(supports), self.n_folds, own.shape[1]) - own[:, None]
        spread: FloatArray = np.sqrt((1 - 1 / self.n_folds) * (differences**2).sum(axis=1))
        return spread

    def known_deviations(self, factor: Factor, supports: IntArray, index: str, order: int) -> FloatArray:
        """Return the same; the factor of the samples' covariance matrix is of no use."""
        return self.deviations(supports, index, order)

    def scaled(self, factor: FloatArray) -> FoldSpread:
        """Return the deviations of the values times ``factor`` (K,) or ()."""
        of_folds = np.tile(factor, self.n_folds) if np.ndim(factor) else factor
        return replace(
            self,
            of_all=tuple(part.scaled(factor) for part in self.of_all),
            without_fold=tuple(part.scaled(of_folds) for part in self.without_fold),
        )

    def of_outputs(self, columns: IntArray) -> FoldSpread:
        """Return the deviations of some outputs, ``columns`` of shape (K',)."""
        starts = np.arange(self.n_folds)[:, None] * self.of_all[0].n_outputs
        of_folds = (starts + np.asarray(columns)).ravel()
        return replace(
            self,
            of_all=tuple(part.output(columns) for part in self.of_all),
            without_fold=tuple(part.output(of_folds) for part in self.without_fold),
        )

    def with_noise(self, share: float) -> FoldSpread:
        """Return itself: what folds tell includes the noise of the samples."""
        return self
