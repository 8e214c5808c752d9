"""The methods of `Interactions` that answer questions from the fitted function, without a model call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isnan, nan
from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.errors import InputError, ValueFunctionError
from spex_plugins.result.best_subset import Optimum, best_subset, smallest_subset
from spex_plugins.result.conversions import Conversions
from spex_plugins.result.subset_answer import SubsetAnswer
from spex_plugins.types import BoolArray, FloatArray

if TYPE_CHECKING:
    ValueFunction = Callable[[BoolArray], FloatArray]

__all__ = ["Questions"]

_SECONDS = 30.0
_TRIES = 6
_SEARCHED = {True: "all terms of the fitted function", False: "the largest Fourier terms of the function"}
_TOLERANCE = 2e-6  # of HiGHS, as a share of the sum of all magnitudes


class Questions(Conversions):
    """Base class of `Interactions`: questions about sets of features, of one output."""

    def smallest_keeping(
        self,
        threshold: float = 0.0,
        *,
        value_function: ValueFunction | None = None,
        seconds: float = _SECONDS,
    ) -> SubsetAnswer:
        """Return the smallest set of features that keeps the verdict when all others are masked.

        The verdict is whether the value lies above the threshold. The search is a mixed-integer linear
        program over the Möbius terms; where it ends in time, no smaller set does so by the fitted function
        (to 2e−6 of the sum of all magnitudes).

        Parameters
        ----------
        threshold : float
            In the unit of the value function: 0 for differences of logits, 0.5 for probabilities.
        value_function : callable, optional
            Evaluated at the answer, one mask (1, n), to check it.
        seconds : float
            The search ends after this time; then the gap of the answer is stated.

        Returns
        -------
        SubsetAnswer
            ``kept`` is the set.

        Raises
        ------
        InputError
            If there are several outputs, or no set was found.
        ValueFunctionError
            If the value function does not return one finite number.
        """
        above = self._verdict(threshold)
        side = "above" if above else "at or below"
        question = f"Fewest features that keep the value {side} {threshold:g}"
        return self._smallest(question, threshold, above, False, value_function, seconds)

    def smallest_flipping(
        self,
        threshold: float = 0.0,
        *,
        value_function: ValueFunction | None = None,
        seconds: float = _SECONDS,
    ) -> SubsetAnswer:
        """Return the smallest set of features whose masking changes the verdict (a counterfactual).

        Parameters
        ----------
        threshold : float
            In the unit of the value function: 0 for differences of logits, 0.5 for probabilities.
        value_function : callable, optional
            Evaluated at the answer, one mask (1, n), to check it.
        seconds : float
            The search ends after this time; then the gap of the answer is stated.

        Returns
        -------
        SubsetAnswer
            ``masked`` is the set.

        Raises
        ------
        InputError
            If there are several outputs, or no set was found.
        ValueFunctionError
            If the value function does not return one finite number.
        """
        above = not self._verdict(threshold)
        side = "above" if above else "to or below"
        question = f"Fewest features without which the value goes {side} {threshold:g}"
        return self._smallest(question, threshold, above, True, value_function, seconds)

    def best_removal(
        self,
        size: int,
        *,
        threshold: float = 0.0,
        value_function: ValueFunction | None = None,
        seconds: float = _SECONDS,
    ) -> SubsetAnswer:
        """Return the features, ``size`` of them, without which the value is furthest from the verdict.

        Parameters
        ----------
        size : int
            Number of features to mask, 0 to n.
        threshold : float
            If the value lies above it, the set with the lowest value is returned, else that with the
            highest.
        value_function : callable, optional
            Evaluated at the answer, one mask (1, n), to check it.
        seconds : float
            The search ends after this time; then the gap of the answer is stated.

        Returns
        -------
        SubsetAnswer
            ``masked`` is the set.

        Raises
        ------
        InputError
            If there are several outputs, if the size is not from 0 to n, or if no set was found.
        ValueFunctionError
            If the value function does not return one finite number.
        """
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or not 0 <= size <= self.n:
            raise InputError(
                f"size: must be from 0 to {self.n}, the number of features to mask; got {size!r}."
            )
        lower = self._verdict(threshold)
        terms, whole = self._searched_terms()
        found = best_subset(-1.0 * terms if lower else terms, self.n - int(size), seconds=seconds)
        bound = -found.bound if lower else found.bound
        value = -found.value if lower else found.value
        question = f"The {size} features without which the value is {'lowest' if lower else 'highest'}"
        return self._answer(question, found, bound, abs(bound - value), whole, value_function)

    def what_if(
        self,
        without: Sequence[int | str],
        *,
        value_function: ValueFunction | None = None,
    ) -> SubsetAnswer:
        """Return the value when some features are masked.

        Parameters
        ----------
        without : sequence of int or str
            Numbers or names of the features; a name that occurs several times means all of them, unless it
            has its number as in `IndexTable.names` ("not₂").
        value_function : callable, optional
            Evaluated at this mask, (1, n), to check it.

        Returns
        -------
        SubsetAnswer
            Of this set.

        Raises
        ------
        InputError
            If there are several outputs, or a feature is unknown.
        ValueFunctionError
            If the value function does not return one finite number.
        """
        self._check_one_output("what_if")
        mask = np.ones(self.n, dtype=bool)
        mask[self._numbers(without)] = False
        found = Optimum(mask, nan, nan, True)
        return self._answer("What if these features are masked", found, nan, nan, True, value_function)

    def _smallest(
        self,
        question: str,
        threshold: float,
        above: bool,
        masking: bool,
        value_function: ValueFunction | None,
        seconds: float,
    ) -> SubsetAnswer:
        """Search the smallest set that is kept, or masked, with a value on one side of the threshold."""
        sign = 1.0 if above else -1.0
        terms, whole = self._searched_terms()
        game = sign * (_mirrored(terms) if masking else terms)
        step = _TOLERANCE * float(np.abs(game.convert("Moebius")[1]).sum())
        least = sign * threshold
        for _ in range(_TRIES):
            found = smallest_subset(game, least, seconds=seconds)
            if found.mask is None:
                break
            mask = ~found.mask if masking else found.mask
            value = float(self.predict(mask[None])[0])
            if (value > threshold) == above:
                size = int(found.mask.sum())
                kept = Optimum(mask, found.value, found.bound, found.optimal)
                return self._answer(question, kept, found.bound, size - found.bound, whole, value_function)
            # Short of it by the terms that are not listed, or by the solver's tolerance.
            least += max(sign * (threshold - value), step)
        if found.mask is None and found.optimal:
            none = f"by {_SEARCHED[whole]} there is no such set"
        else:
            none = f"no such set was found in {seconds:g} s"
        raise InputError(f"threshold: {none}; give another threshold than {threshold:g}.")

    def _verdict(self, threshold: float) -> bool:
        """Tell whether the prediction at the full mask lies above the threshold."""
        self._check_one_output("smallest_keeping")
        if not np.isfinite(threshold):
            raise InputError(f"threshold: must be a finite number, got {threshold!r}.")
        return bool(self._ends()[1] > threshold)

    def _searched_terms(self) -> tuple[Spectrum, bool]:
        """Return the terms that are searched, and whether they are all terms of the function."""
        terms = self._all_terms()
        return (self.function.spectrum, False) if terms is None else (terms, True)

    def _numbers(self, features: Sequence[int | str]) -> list[int]:
        labels, out = self._labels(), []
        for one in [features] if isinstance(features, str) else features:
            if isinstance(one, str):
                named = [i for i in range(self.n) if one in (labels[i], self.feature_names[i].strip())]
            else:
                named = [int(one)] if 0 <= one < self.n else []
            if not named:
                raise InputError(f"without: there is no feature {one!r}; the numbers are 0 to {self.n - 1}.")
            out += named
        return out

    def _answer(
        self,
        question: str,
        found: Optimum,
        bound: float,
        gap: float,
        whole: bool,
        value_function: ValueFunction | None,
    ) -> SubsetAnswer:
        if found.mask is None:
            raise InputError("seconds: no set was found in this time; allow more.")
        labels = self._labels()
        kept, masked = (tuple(np.flatnonzero(side).tolist()) for side in (found.mask, ~found.mask))
        ended = "proven best" if found.optimal else f"ended early, at most {gap:.4g} from the best"
        return SubsetAnswer(
            question=question,
            kept=kept,
            masked=masked,
            kept_names=tuple(labels[i] for i in kept),
            masked_names=tuple(labels[i] for i in masked),
            predicted=float(self.predict(found.mask[None])[0]),
            predicted_full=float(self._ends()[1]),
            bound=float(bound),
            gap=0.0 if found.optimal and not isnan(gap) else float(gap),
            searched="nothing: the set was given" if isnan(bound) else f"{_SEARCHED[whole]}; {ended}",
            measured=None if value_function is None else _measured(value_function, found.mask),
        )


def _mirrored(spectrum: Spectrum) -> Spectrum:
    """Return the function of the features that are masked: f(1 − m) has the coefficients (−1)^|S| F(S)."""
    return Spectrum(spectrum.n, spectrum.supports, spectrum.coefficients * (-1.0) ** spectrum.orders)


def _measured(value_function: ValueFunction, mask: BoolArray) -> float:
    values = np.asarray(value_function(mask[None].copy()), dtype=np.float64)
    if values.shape not in ((1,), (1, 1)) or not np.isfinite(values).all():
        raise ValueFunctionError(
            f"value_function: returned {values!r:.80} for one mask, expected one finite number.",
            masks=mask[None][:0],
            values=np.empty(0),
            failed_masks=mask[None],
        )
    return float(values.ravel()[0])
