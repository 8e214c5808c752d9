"""Searches of sets of features over the terms of a fitted function, with what they prove in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic
from typing import Literal

import numpy as np

from spex_plugins.core.basis.feature_sets import orders_of
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.subsets.best_subset import (
    BestSubset,
    averaged_over_flips,
    best_subset,
    of_masked_features,
    smallest_subset,
)
from spex_plugins.core.subsets.predicted import best_of_all, exchanged, reduced, smallest_of_all
from spex_plugins.core.subsets.program import TOLERANCE
from spex_plugins.errors import InputError
from spex_plugins.types import BoolArray, FloatArray
from spex_plugins.wording import counted

__all__ = ["Direction", "SubsetSearch"]

Direction = Literal["lowest", "highest"]

_TRIES = 6
_FEW = 15  # features, all sets of which are predicted
_ROUNDING = 1e-9  # of values, as a share of the sum of the magnitudes of all Fourier terms but the constant
_OF_CONSTANT = 1e-13  # the same, as a share of the constant
_ALL_OF_SIZE = "all sets of this size by the function; proven best"
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
        sizes = np.abs(self.terms.coefficients)
        constant = sizes[self.terms.orders == 0].sum()
        return threshold + float(_ROUNDING * (sizes.sum() - constant) + _OF_CONSTANT * constant)

    def best(self, size: int, direction: Direction, seconds: float) -> tuple[BestSubset, str]:
        """Return the ``size`` features that alone have the lowest or the highest value.

        All sets are predicted if they are few. Else the best set of the listed terms is searched, and where
        these are not all terms, improved by exchanges.
        """
        sign = 1.0 if direction == "highest" else -1.0

        def signed(masks: BoolArray) -> FloatArray:
            return sign * self.predict(masks)

        mask = best_of_all(signed, self.terms.n, size)
        if mask is not None:
            value = float(self.predict(mask[None])[0])
            return BestSubset(mask, value, value, 0.0), _ALL_OF_SIZE
        found = best_subset(self.terms, size=size, direction=direction, seconds=seconds)
        if self.whole:
            return found, self._said(found)
        mask = exchanged(signed, found.mask)
        value = float(self.terms.predict(mask[None])[0])
        found = BestSubset(mask, value, found.bound, found.gap + sign * (found.value - value))
        return found, f"{self._said(found)}; then exchanges by the whole function"

    def best_beside(self, size: int, noise: float, seconds: float) -> tuple[BestSubset, str]:
        """Return the ``size`` features that have the highest value on average where features are flipped.

        Every feature, kept or not, is flipped with the probability ``noise``. Bound and gap are those of the
        average over the listed terms.
        """
        mean = averaged_over_flips(self.terms, noise)
        mask = best_of_all(mean.predict, self.terms.n, size) if self.whole else None
        if mask is None:
            found = best_subset(mean, size=size, seconds=seconds)
            said = self._said(found)
        else:
            value = float(mean.predict(mask[None])[0])
            found, said = BestSubset(mask, value, value, 0.0), _ALL_OF_SIZE
        return found, f"{said}, on average over flips of each feature in {noise:g} of all cases"

    def smallest(
        self, threshold: float, *, above: bool, masked: bool, seconds: float
    ) -> tuple[BestSubset, str]:
        """Return the fewest features kept, or ``masked``, with a value on one side of a threshold.

        All sets are predicted where the features are few, and the small ones where not all terms are listed.
        If the full mask has such a value, and no set that is kept is found, all features are kept.
        """
        sign = 1.0 if above else -1.0

        def signed(masks: BoolArray) -> FloatArray:
            return sign * self.predict(masks)

        def fits(value: float) -> bool:
            return self.lies_above(sign * value, threshold) == above

        mask, size = None, -1
        if not self.whole or self.terms.n <= _FEW:
            mask, size = smallest_of_all(signed, self.terms.n, fits, masked=masked)
        if mask is not None:
            found = BestSubset(mask, sign * float(signed(mask[None])[0]), size, 0)
            return found, f"all sets of at most {counted(size, 'feature')} by the function; proven best"
        if size == self.terms.n:
            raise _none(threshold, "by the function there is no such set")
        found = self._smallest_of_terms(threshold, fits, above=above, masked=masked, seconds=seconds)
        if not self.whole:
            mask = reduced(signed, found.mask, fits, masked=masked)
            count = int((~mask if masked else mask).sum())
            bound = max(int(found.bound), size + 1)
            found = BestSubset(mask, sign * float(signed(mask[None])[0]), bound, count - bound)
        return found, self._said(found)

    def _smallest_of_terms(
        self, threshold: float, fits: Callable[[float], bool], *, above: bool, masked: bool, seconds: float
    ) -> BestSubset:
        sign = 1.0 if above else -1.0
        game = sign * (of_masked_features(self.terms) if masked else self.terms)
        supports, values = game.convert("Moebius")
        step = TOLERANCE * float(np.abs(values[orders_of(supports, game.n) > 0]).sum())
        limit = self._limit(threshold)
        least = limit + step if above else -limit  # what is at the threshold does not lie above it
        end = monotonic() + seconds
        for tried in range(_TRIES):
            left = seconds if not tried else end - monotonic()
            if left <= 0:
                reason = f"no set that reaches it was found in {seconds:g} s"
                break
            found = smallest_subset(game, least, seconds=left)
            if found is None:
                reason = f"by {_TERMS[self.whole]} there is no such set"
                break
            mask = ~found.mask if masked else found.mask
            value = sign * float(self.predict(mask[None])[0])
            if fits(value):
                return replace(found, mask=mask)
            # Short of it by the terms that are not listed, or by the solver's tolerance.
            least += max(sign * limit - value, step)
        else:
            reason = f"the sets that {_TERMS[self.whole]} call for do not reach it"
        every = np.ones(self.terms.n, dtype=bool)
        value = float(self.predict(every[None])[0])
        if not masked and fits(sign * value):
            return BestSubset(every, value, 0, self.terms.n)
        raise _none(threshold, reason)

    def _said(self, found: BestSubset) -> str:
        best = "best" if self.whole else "best of these terms"
        ended = f"proven {best}" if found.proven else f"at most {found.gap:.4g} from the {best}"
        return f"{_TERMS[self.whole]}; {ended}"


def _none(threshold: float, reason: str) -> InputError:
    return InputError(f"threshold: {reason}; give another threshold than {threshold:g}.")
