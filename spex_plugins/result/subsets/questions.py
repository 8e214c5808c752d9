"""The methods of `Interactions` that answer questions from the fitted function, without a model call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins import checks as check
from spex_plugins.core.subsets.best_subset import BestSubset
from spex_plugins.errors import InputError, ValueFunctionError
from spex_plugins.queries.calls.function_call import read_values
from spex_plugins.result.conversions import Conversions
from spex_plugins.result.subsets.subset_answer import SubsetAnswer
from spex_plugins.result.subsets.subset_search import Direction, SubsetSearch
from spex_plugins.types import BoolArray, FloatArray

if TYPE_CHECKING:
    ValueFunction = Callable[[BoolArray], FloatArray]

__all__ = ["Questions"]

_SECONDS = 30.0
_MOST_NOISE = 0.499  # at 1/2 every function is constant


class Questions(Conversions):
    """Base class of `Interactions`: questions about sets of features, of one output."""

    def smallest_keeping(
        self,
        threshold: float = 0.0,
        *,
        value_function: ValueFunction | None = None,
        seconds: float = _SECONDS,
    ) -> SubsetAnswer:
        """Return the smallest set of features that keeps the decision when all others are masked.

        The decision is whether the value lies above the threshold. With at most 15 features, all sets are
        predicted. With more, the search is a mixed-integer linear program over the Möbius terms; where it
        ends in time, no smaller set does so by the fitted function (to 2e−6 of the sum of the magnitudes of
        all terms but the constant).

        Parameters
        ----------
        threshold : float
            In the unit of the value function: 0 for differences of logits, 0.5 for probabilities. A value
            that equals it up to rounding does not lie above it.
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
        search, above = self._decision("smallest_keeping", threshold)
        side = "above" if above else "at or below"
        question = f"Fewest features that keep the value {side} {threshold:g}"
        found = search.smallest(threshold, above=above, masked=False, seconds=seconds)
        return self._answer(question, *found, value_function)

    def smallest_flipping(
        self,
        threshold: float = 0.0,
        *,
        value_function: ValueFunction | None = None,
        seconds: float = _SECONDS,
    ) -> SubsetAnswer:
        """Return the smallest set of features whose masking changes the decision (a counterfactual).

        Parameters
        ----------
        threshold : float
            In the unit of the value function: 0 for differences of logits, 0.5 for probabilities. A value
            that equals it up to rounding does not lie above it.
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
        search, above = self._decision("smallest_flipping", threshold)
        side = "to or below" if above else "above"
        question = f"Fewest features without which the value goes {side} {threshold:g}"
        found = search.smallest(threshold, above=not above, masked=True, seconds=seconds)
        return self._answer(question, *found, value_function)

    def best_keeping(
        self,
        size: int,
        *,
        noise: float = 0.0,
        value_function: ValueFunction | None = None,
        candidates: int = 1,
        seconds: float = _SECONDS,
    ) -> SubsetAnswer:
        """Return the features, ``size`` of them, with the highest value when all others are masked.

        Of many sets, the one with the highest predicted value is often one whose prediction is too high. Two
        remedies: the average over similar sets (``noise``), whose prediction is more certain, and several
        ``candidates`` that the model itself is asked about.

        Parameters
        ----------
        size : int
            Number of features to keep, 0 to n.
        noise : float
            Probability, 0 ≤ noise < 1/2, with which every feature is flipped, independently: the set with the
            highest mean value is returned (noise operator of O'Donnell 2014). It multiplies every Fourier
            term by (1 − 2 noise)^order; near 1/2, the features with the largest Banzhaf values remain.
        value_function : callable, optional
            Evaluated at the candidates to check them, in one call with as many masks as there are distinct
            candidates; the one with the highest value is returned.
        candidates : int
            Number of sets among which the value function decides. They are the best ones at levels of noise
            from ``noise`` up to 1/2; equal ones are evaluated once.
        seconds : float
            The linear programs end after this time in all; then the gap of the answer is stated.

        Returns
        -------
        SubsetAnswer
            ``kept`` is the set, ``mask`` its mask. With noise, ``bound`` and ``gap`` are those of the mean.

        Raises
        ------
        InputError
            If there are several outputs, or an argument is invalid.
        ValueFunctionError
            If the value function does not return one finite number for every candidate.
        """
        self._check_one_output("best_keeping")
        kept, search = self._size(size, "keep"), self._search()
        levels = _noise_levels(noise, candidates, value_function)
        which = "feature that alone has" if size == 1 else f"{size} features that alone have"
        question = f"The {which} the highest value"
        if not isinstance(seconds, int | float):
            raise InputError(f"seconds: must be a number ≥ 0, got {seconds!r:.80}.")
        each = seconds / len(levels)
        found = [
            search.best_beside(kept, level, each) if level else search.best(kept, "highest", each)
            for level in levels
        ]
        if value_function is None:
            return self._answer(question, *found[0], None)
        first = np.unique([one.mask for one, _ in found], axis=0, return_index=True)[1]
        distinct = [found[i] for i in np.sort(first)]
        values = _measured(value_function, np.stack([one.mask for one, _ in distinct]))
        best = int(np.argmax(values))
        chosen, searched = distinct[best]
        if len(distinct) > 1:
            searched += f"; best of {len(distinct)} candidates by the value function"
        answer = self._answer(question, chosen, searched, None)
        return replace(answer, measured=float(values[best]), n_calls=len(values))

    def best_removal(
        self,
        size: int,
        *,
        threshold: float = 0.0,
        value_function: ValueFunction | None = None,
        seconds: float = _SECONDS,
    ) -> SubsetAnswer:
        """Return the features, ``size`` of them, without which the value is furthest from the decision.

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
            The linear program ends after this time; then the gap of the answer is stated.

        Returns
        -------
        SubsetAnswer
            ``masked`` is the set.

        Raises
        ------
        InputError
            If there are several outputs, or if the size is not from 0 to n.
        ValueFunctionError
            If the value function does not return one finite number.
        """
        search, above = self._decision("best_removal", threshold)
        direction: Direction = "lowest" if above else "highest"
        kept = self.n - self._size(size, "mask")
        which = "feature" if size == 1 else f"{size} features"
        question = f"The {which} without which the value is {direction}"
        return self._answer(question, *search.best(kept, direction, seconds), value_function)

    def what_if(
        self,
        without: Sequence[int | str] | int | str,
        *,
        value_function: ValueFunction | None = None,
    ) -> SubsetAnswer:
        """Return the value when some features are masked.

        Parameters
        ----------
        without : sequence of int or str, or one of them
            Numbers or names of the features; a name that occurs several times means all of them, unless it
            has its number as in `IndexTable.names` ("not₂"). A mask m of bool is refused, as it could be
            meant either way; give ``numpy.flatnonzero(~m)`` for the features that it masks.
        value_function : callable, optional
            Evaluated at this mask, (1, n), to check it.

        Returns
        -------
        SubsetAnswer
            Of this set.

        Raises
        ------
        InputError
            If there are several outputs, or a feature is unknown or neither a number nor a name.
        ValueFunctionError
            If the value function does not return one finite number.
        """
        self._check_one_output("what_if")
        mask = np.ones(self.n, dtype=bool)
        mask[self._numbers(without)] = False
        found = BestSubset(mask, nan, nan, nan)
        searched = "nothing: the set was given"
        return self._answer("What if these features are masked", found, searched, value_function)

    def _decision(self, method: str, threshold: float) -> tuple[SubsetSearch, bool]:
        """Return the search, and whether the prediction at the full mask lies above the threshold."""
        self._check_one_output(method)
        number = isinstance(threshold, int | float | np.number) and not isinstance(threshold, bool)
        if not number or not np.isfinite(threshold):
            raise InputError(f"threshold: must be a finite number, got {threshold!r:.80}.")
        search = self._search()
        return search, search.lies_above(float(self._ends()[1]), threshold)

    def _size(self, size: int, verb: str) -> int:
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or not 0 <= size <= self.n:
            raise InputError(
                f"size: must be from 0 to {self.n}, the number of features to {verb}; got {size!r}."
            )
        return int(size)

    def _search(self) -> SubsetSearch:
        terms = self._all_terms()
        listed = self.function.spectrum if terms is None else terms
        return SubsetSearch(self.predict, listed, terms is not None)

    def _numbers(self, features: Sequence[int | str] | int | str) -> list[int]:
        labels, out = self._labels(), []
        for one in _listed(features, self.n):
            if isinstance(one, str):
                names = zip(labels, self.feature_names, strict=True)
                named = [i for i, (label, name) in enumerate(names) if one in (label, name, name.strip())]
            else:
                named = [int(one)] if 0 <= one < self.n else []
            if not named:
                raise InputError(f"without: there is no feature {one!r}; the numbers are 0 to {self.n - 1}.")
            out += named
        return out

    def _answer(
        self, question: str, found: BestSubset, searched: str, value_function: ValueFunction | None
    ) -> SubsetAnswer:
        labels = self._labels()
        kept, masked = (tuple(np.flatnonzero(side).tolist()) for side in (found.mask, ~found.mask))
        measured = None if value_function is None else float(_measured(value_function, found.mask[None])[0])
        return SubsetAnswer(
            question=question,
            kept=kept,
            masked=masked,
            kept_names=tuple(labels[i] for i in kept),
            masked_names=tuple(labels[i] for i in masked),
            predicted=float(self.predict(found.mask[None])[0]),
            predicted_full=float(self._ends()[1]),
            bound=float(found.bound),
            gap=float(found.gap),
            searched=searched,
            measured=measured,
            n_calls=0 if measured is None else 1,
        )


def _listed(features: Any, n: int) -> list[int | str]:
    """Return numbers and names of features as a list; refuse anything else."""
    given = features.tolist() if isinstance(features, np.ndarray) else features
    single = isinstance(given, str | bytes) or not isinstance(given, Iterable)
    listed = [given] if single else list(given)
    for one in listed:
        if isinstance(one, bool | np.bool_):
            raise InputError(
                f"without: must be numbers or names of features, got {features!r:.80}; of a mask m, in which "
                "True keeps a feature, give numpy.flatnonzero(~m)."
            )
        if not isinstance(one, str | int | np.integer):
            raise InputError(
                f"without: must be names of features or numbers from 0 to {n - 1}, got {one!r:.80} of type "
                f"{type(one).__name__}."
            )
    return listed


def _noise_levels(noise: float, candidates: int, value_function: ValueFunction | None) -> list[float]:
    """Check the arguments; return the level of noise of every candidate, ascending and below 1/2."""
    if isinstance(noise, bool) or not isinstance(noise, int | float | np.number) or not 0 <= noise < 0.5:
        raise InputError(f"noise: must be a probability from 0 to below 0.5, got {noise!r:.80}.")
    if check.count("candidates", candidates, least=1) > 1 and value_function is None:
        raise InputError(
            f"candidates: value_function decides among {candidates} sets; give it, or candidates=1."
        )
    return [float(level) for level in np.linspace(noise, _MOST_NOISE, candidates)]


def _measured(value_function: ValueFunction, masks: BoolArray) -> FloatArray:
    """Return the value at each of some masks."""
    if not callable(value_function):
        raise InputError(f"value_function: must be callable, got {type(value_function).__name__}.")
    count = len(masks)
    raw = value_function(masks.copy())
    problem, values = read_values(raw, count)
    if problem or values.shape not in ((count,), (count, 1)) or not np.isfinite(values).all():
        what = (
            "one mask, expected one finite number"
            if count == 1
            else (f"{count} masks, expected a finite number for each")
        )
        raise ValueFunctionError(
            f"value_function: returned {raw!r:.80} for {what}.",
            masks=masks[:0],
            values=np.empty(0),
            failed_masks=masks,
        )
    return values.ravel()
