"""Searches of sets of features over the terms of a fitted function, with what they prove in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.subsets.best_subset import (
    BestSubset,
    averaged_over_flips,
    best_subset,
    of_masked_features,
    smallest_subset,
)
from spex_plugins.core.subsets.predicted import best_of_all, exchanged
from spex_plugins.core.subsets.program import TOLERANCE
from spex_plugins.errors import InputError
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["Direction", "SubsetSearch"]

Direction = Literal["lowest", "highest"]

_TRIES = 6
_ROUNDING = 1e-9  # of values, as a share of the sum of the magnitudes of all Fourier terms
_TERMS = {True: "all terms of the fitted function", False: "the largest Fourier terms of the function"}


@dataclass(frozen=True, eq=False)
class SubsetSearch:
    """A fitted function of one output, and the terms that are searched.

    Every search returns a set, whose mask is that of the features that are kept, and how it was found.

    Attributes
    ----------
    predict : callable
        The whole function: masks (m, n) → values (m,).
    terms : Spectrum
    whole : bool
        Whether these are all terms of the function.
    """

    predict: Callable[[BoolArray], FloatArray]
    terms: Spectrum
    whole: bool

    def lies_above(self, value: float, threshold: float) -> bool:
        """Tell whether a value lies above a threshold by more than rounding."""
        return value > self._limit(threshold)

    def _limit(self, threshold: float) -> float:
        return threshold + _ROUNDING * float(np.abs(self.terms.coefficients).sum())

    def best(self, size: int, direction: Direction, seconds: float) -> tuple[BestSubset, str]:
        """Return the ``size`` features that alone have the lowest or the highest value.

        Where not all terms can be listed, all sets are predicted if they are few; else the best set of the
        listed terms is improved by exchanges.
        """
        if self.whole:
            found = best_subset(self.terms, size=size, direction=direction, seconds=seconds)
            return found, self._said(found)
        sign = 1.0 if direction == "highest" else -1.0

        def signed(masks: BoolArray) -> FloatArray:
            return sign * self.predict(masks)

        mask = best_of_all(signed, self.terms.n, size)
        if mask is not None:
            value = float(self.predict(mask[None])[0])
            return BestSubset(mask, value, value, 0.0), "all sets of this size by the function; proven best"
        found = best_subset(self.terms, size=size, direction=direction, seconds=seconds)
        mask = exchanged(signed, found.mask)
        value = float(self.terms.predict(mask[None])[0])
        found = BestSubset(mask, value, found.bound, found.gap + sign * (found.value - value))
        return found, f"{self._said(found)}; then exchanges by the whole function"

    def best_beside(self, size: int, noise: float, seconds: float) -> tuple[BestSubset, str]:
        """Return the ``size`` features that have the highest value on average where features are flipped.

        Every feature, kept or not, is flipped with the probability ``noise``. Bound and gap are those of the
        average over the listed terms.
        """
        found = best_subset(averaged_over_flips(self.terms, noise), size=size, seconds=seconds)
        return (
            found,
            f"{self._said(found)}, on average over flips of each feature in {noise:g} of all cases",
        )

    def smallest(
        self, threshold: float, *, above: bool, masked: bool, seconds: float
    ) -> tuple[BestSubset, str]:
        """Return the fewest features kept, or ``masked``, with a value on one side of a threshold.

        If the full mask has such a value, and no set that is kept is found, all features are kept.
        """
        sign = 1.0 if above else -1.0
        game = sign * (of_masked_features(self.terms) if masked else self.terms)
        step = TOLERANCE * float(np.abs(game.convert("Moebius")[1]).sum())
        limit = self._limit(threshold)
        least = limit + step if above else -limit  # what is at the threshold does not lie above it
        for _ in range(_TRIES):
            found = smallest_subset(game, least, seconds=seconds)
            if found is None:
                reason = f"by {_TERMS[self.whole]} there is no such set"
                break
            mask = ~found.mask if masked else found.mask
            value = float(self.predict(mask[None])[0])
            if self.lies_above(value, threshold) == above:
                return replace(found, mask=mask), self._said(found)
            # Short of it by the terms that are not listed, or by the solver's tolerance.
            least += max(sign * (limit - value), step)
        else:
            reason = f"the sets that {_TERMS[self.whole]} call for do not reach it"
        every = np.ones(self.terms.n, dtype=bool)
        value = float(self.predict(every[None])[0])
        if not masked and self.lies_above(value, threshold) == above:
            found = BestSubset(every, value, 0, self.terms.n)
            return found, self._said(found)
        raise InputError(f"threshold: {reason}; give another threshold than {threshold:g}.")

    def _said(self, found: BestSubset) -> str:
        best = "best" if self.whole else "best of these terms"
        ended = f"proven {best}" if found.proven else f"at most {found.gap:.4g} from the {best}"
        return f"{_TERMS[self.whole]}; {ended}"
