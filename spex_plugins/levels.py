"""Explain groups of features first, then the features of the groups that matter, in one budget."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np

from spex_plugins import checks as check
from spex_plugins.core.basis.masks import distinct_rows, is_among
from spex_plugins.core.designs.all_masks import all_masks_within
from spex_plugins.core.designs.design import Design
from spex_plugins.errors import InputError
from spex_plugins.estimators import resolve
from spex_plugins.estimators.base import Estimator
from spex_plugins.estimators.common.size_limits import check_size
from spex_plugins.queries import Queries, QueryOptions, Session, keep_answers
from spex_plugins.queries.calls.function_call import ValueFunction
from spex_plugins.queries.options import queries_of
from spex_plugins.result.assembly.assemble import fitted, interactions, usable
from spex_plugins.result.assembly.few_samples import FewSamples
from spex_plugins.result.interactions import Interactions
from spex_plugins.types import BoolArray, FloatArray, IntArray
from spex_plugins.wording import counted

__all__ = ["LevelsExplained", "explain_levels"]

_FIRST = 3  # the groups get one third of the budget, if half of it does not allow all of their masks
_LEAST = 2  # masks of a fit
_DRAWS = 8  # of designs of a level, until their new masks are as many as allowed


@dataclass(frozen=True)
class LevelsExplained:
    """The explanation of groups, and of the features of the groups that matter.

    Attributes
    ----------
    groups : Interactions
        The groups of features.
    chosen : tuple of int
        The groups that matter, by number, the most important one first.
    interactions : Interactions
        The features of these groups; every other group is one feature. Its number of model calls is that of
        both levels.
    features : tuple of tuple of int
        The features of the value function that each feature of ``interactions`` consists of.
    """

    groups: Interactions
    chosen: tuple[int, ...]
    interactions: Interactions
    features: tuple[tuple[int, ...], ...]

    def __repr__(self) -> str:
        names = ", ".join(self.groups.feature_names[group] for group in self.chosen)
        return f"{self.groups}\n\nParts of {names}:\n{self.interactions}"


@dataclass(frozen=True, eq=False)
class _Level:
    """Features of a level, (n,) numbers that tell to which of them each feature of the function belongs."""

    label_of: IntArray
    names: tuple[str, ...]

    def widened(self, masks: BoolArray) -> BoolArray:
        """Return masks of this level as masks of the value function."""
        return masks[:, self.label_of]

    def narrowed(self, masks: BoolArray) -> BoolArray:
        """Return masks of the value function, none of which splits a feature, as masks of this level."""
        return masks[:, np.unique(self.label_of, return_index=True)[1]]


def explain_levels(
    value_function: ValueFunction,
    groups: Sequence[int] | IntArray | None = None,
    *,
    budget: int,
    group_names: Sequence[str] | None = None,
    share: float = 0.9,
    estimator: str | Estimator = "auto",
    index: str | None = None,
    max_order: int | None = None,
    seed: int | np.random.Generator = 0,
    queries: Queries | None = None,
    **options: Unpack[QueryOptions],
) -> LevelsExplained:
    """Explain groups of features, then the features of the groups that matter, within one budget.

    Groups are documents, paragraphs or regions; their features are sentences, words or cells. First, whole
    groups are masked: all masks of groups if half of the budget allows them, else a third of the budget.
    The groups that matter are the fewest whose total Sobol' indices (Homma & Saltelli 1996) of the fitted
    function make up a share of their sum; the next ones are chosen too as long as the budget has a mask for
    every single feature and pair. With the rest of the budget, the features of these groups are masked one by
    one, and the other groups as a whole. No mask is evaluated twice, and the answers of the first level serve
    the second. If the first level finds nothing, all groups are chosen.

    Parameters
    ----------
    value_function : callable
        Maps masks, an ndarray of bool of shape (m, n), to real numbers of shape (m,) or (m, K).
    groups : sequence of int, shape (n,), optional
        Number of the group of every feature, from 0. By default ``value_function.groups``, as of
        `spex_plugins.games.ContextGame`.
    budget : int
        Largest number of masks to evaluate in both levels together.
    group_names : sequence of str, optional
        By default ``value_function.group_names``, or group 0, group 1, ….
    share : float
        Share of the total Sobol' indices that the chosen groups have at least, 0 < share < 1.
    estimator : str or Estimator
        As in `explain`.
    index : str, optional
        As in `explain`.
    max_order : int, optional
        As in `explain`.
    seed : int or numpy.random.Generator
        As in `explain`.
    queries : Queries, optional
        As in `explain`.
    **options
        As in `explain`. The masks of both levels are chosen for the whole budget, so that with a store the
        same call with a larger one asks for more masks than the difference.

    Returns
    -------
    LevelsExplained
        The explanations of both levels.

    Raises
    ------
    InputError
        If an argument is invalid; raised before any model call. If the groups that matter have more features
        than can be explained; raised after the first level, whose answers it has as ``masks`` and ``values``.
    ValueFunctionError
        If the value function fails, see `explain`.
    StoreError
        If the store can no longer be read or written, see `explain`.
    MissingExtraError
        If the estimator needs a package that is not installed.

    Warns
    -----
    FewSamplesWarning
        If there are too few masks for the features of the chosen groups, see `explain`.

    Examples
    --------
    >>> import spex_plugins as spex
    >>> def f(masks):
    ...     return 2.0 * (masks[:, 0] & masks[:, 5]) + masks[:, 1]
    >>> f.n = 12
    >>> found = spex.explain_levels(f, groups=[0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3], budget=80)
    >>> found.groups.top(1)
    FSII, order ≤ 2: 1 set
              +2  group 0 × group 1
    >>> found.interactions.top(1)
    FSII, order ≤ 2: 1 set
              +2  x0 × x5
    """
    check.keywords(options, QueryOptions.__annotations__)
    own = groups is None or hasattr(value_function, "n")
    n, names = check.features_of(value_function, None if own else np.asarray(groups).size, None)
    first = _grouped(groups, group_names, value_function, n)
    most = check.count("budget", budget, 2 * _LEAST, "the number of model calls that may be made")
    wanted = check.share("share", share) or 1.0
    check_size(estimator, len(first.names), most)
    settings = resolve(estimator, index), check.interaction_order(max_order), check.generator(seed)
    with Session(value_function, queries_of(queries, options), budget=most) as session:
        run = _Run(session, most, *settings)
        of_groups = run.explain(first, _of_groups(len(first.names), most))
        chosen = _chosen(of_groups, wanted, np.bincount(first.label_of), most)
        second = _opened(first, chosen, names)
        try:
            check_size(estimator, len(second.names), most)
        except InputError as error:
            found = f"share: {counted(len(chosen), 'group')} matter; choose a smaller share. {error}"
            problem = InputError(found)
            keep_answers(problem, *run.answers)
            raise problem from None
        of_features = run.explain(second, max(_LEAST, most - run.asked))
    few = FewSamples(f"budget={budget!r}", "allow more model calls")
    few.see(of_features)
    few.warn(stacklevel=2)
    members = tuple(
        tuple(np.flatnonzero(second.label_of == label).tolist()) for label in range(len(second.names))
    )
    return LevelsExplained(of_groups, chosen, of_features, members)


def _of_groups(count: int, budget: int) -> int:
    """Return how much of a budget the groups get."""
    return 2**count if 2 * 2**count <= budget else max(_LEAST, budget // _FIRST)


class _Run:
    """Explains levels in one session, and keeps the masks of a level for the next one."""

    def __init__(
        self,
        session: Session,
        budget: int,
        method: Estimator,
        max_order: int | None,
        rng: np.random.Generator,
    ) -> None:
        self._session, self._budget, self._method = session, budget, method
        self._max_order, self._rng = max_order, rng
        self.answers: tuple[BoolArray, FloatArray]  # of the last level
        self._known: BoolArray | None = None
        self._all: BoolArray | None = None
        self._stored = 0

    @property
    def asked(self) -> int:
        """Number of masks so far, with those of the store and those that failed."""
        return 0 if self._all is None else len(self._all)

    def explain(self, level: _Level, budget: int) -> Interactions:
        """Evaluate masks of a level, as many as the budget allows beside those that are known, and fit."""
        design = self._design(level, budget)
        if self._known is not None and design.coded is None:
            design = design.followed_by(level.narrowed(self._known))
        asked = level.widened(design.masks)
        answers = self._session.ask(asked)
        self._stored += answers.n_stored
        masks, values = usable(design, answers, self._session.statement)
        # Levels have few masks, some of which are those of the level before: all test the fit in turn.
        coded = design if design.coded and len(masks) == len(design.masks) else None
        self._all = _joined(self._all, asked)
        self._known = _joined(self._known, level.widened(masks))
        self.answers = level.widened(masks), values
        try:
            result = fitted(self._method, masks, values, coded, self._max_order, deepcopy(self._rng))
        except BaseException as error:  # also KeyboardInterrupt: the values have been paid for
            keep_answers(error, *self.answers)
            raise
        statement = "; ".join(filter(None, [design.statement, self._session.statement]))
        about: Any = (level.names, self._budget, self._method.name, statement)
        found = interactions(result, masks, values, *about)
        return replace(found, n_calls=len(self._known) - self._stored, n_stored=self._stored)

    def _design(self, level: _Level, budget: int) -> Design:
        """Choose masks of a level, of which as many as the budget allows have not been asked before.

        Masks of whole groups are masks of both levels: a design that meets some of them may be larger.
        """
        n, state = len(level.names), self._rng.bit_generator.state
        if self._all is None:
            return self._method.design(n, budget, self._max_order, self._rng)
        asked = level.narrowed(self._all)
        if all_masks_within(n, budget + len(asked)):
            return self._method.design(n, 2**n, self._max_order, self._rng)
        chosen, size = None, budget
        for _ in range(_DRAWS):
            self._rng.bit_generator.state = state
            drawn = self._method.design(n, size, self._max_order, self._rng)
            new = np.cumsum(~is_among(drawn.masks, asked))
            if chosen is not None and drawn.coded is not None and new[-1] > budget:
                break
            chosen = drawn if new[-1] <= budget else _first(drawn, int(np.searchsorted(new, budget, "right")))
            if new[-1] >= budget:
                break
            size += budget - int(new[-1])
        return chosen or drawn


def _first(design: Design, count: int) -> Design:
    """Return the design of the first masks; of those in pairs of complements, of whole pairs."""
    return design.first(count - count % 2 if design.plan.kind == "repulsive" else count)


def _joined(before: BoolArray | None, masks: BoolArray) -> BoolArray:
    together = masks if before is None else np.concatenate([before, masks])
    return together[distinct_rows(together)[0]]


def _grouped(groups: Any, names: Any, value_function: Any, n: int) -> _Level:
    """Check the groups of features."""
    given = getattr(value_function, "groups", None) if groups is None else groups
    if given is None:
        raise InputError("groups: give the number of the group of every feature; this function has none.")
    label_of = np.asarray(given)
    count = int(label_of.max(initial=-1)) + 1 if label_of.dtype.kind in "iu" else 0
    if label_of.shape != (n,) or not np.array_equal(np.unique(label_of), np.arange(count)) or not count:
        raise InputError(
            f"groups: must be {n} integers, the numbers of groups from 0 without a gap; got {given!r:.80}."
        )
    if names is None and groups is None:
        names = getattr(value_function, "group_names", None)
    if names is None:
        names = [f"group {number}" for number in range(count)]
    return _Level(label_of, check.names_of("group_names", names, count))


def _chosen(found: Interactions, share: float, sizes: IntArray, budget: int) -> tuple[int, ...]:
    """Return the groups whose features are masked one by one, the most important one first.

    They are the fewest whose total Sobol' indices make up a share of their sum, and more as long as the
    budget determines all single features and pairs: features of a group may cancel each other, or change the
    value only where one of them is missing.
    """
    total = _total_indices(found)
    ranked = np.argsort(-total, kind="stable")
    needed = int((np.cumsum(total[ranked]) - total[ranked] < share * total.sum()).sum())
    features = found.n + np.cumsum(sizes[ranked] - 1)  # of the second level with the first k + 1 groups
    affordable = int((1 + features * (features + 1) // 2 <= budget).sum())
    return tuple(ranked[: max(needed, affordable) or found.n].tolist())


def _total_indices(found: Interactions) -> FloatArray:
    """Return the total Sobol' indices of the features, times the variance, summed over outputs, (n,)."""
    spectrum = found.spectrum
    energy = (np.atleast_2d(spectrum.coefficients.T) ** 2).sum(axis=0)
    total = np.zeros(found.n + 1)
    np.add.at(total, spectrum.supports, energy[:, None])
    return total[:-1]


def _opened(groups: _Level, chosen: Sequence[int], names: Sequence[str]) -> _Level:
    """Return the level whose features are those of the chosen groups, and the other groups as a whole."""
    count = len(groups.names)
    inside = np.isin(groups.label_of, chosen)
    apart = np.where(inside, count + np.arange(len(names)), groups.label_of)
    _, first, label_of = np.unique(apart, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first))  # as the features of the function follow each other
    shown = [names[i] if inside[i] else groups.names[groups.label_of[i]] for i in np.sort(first)]
    return _Level(order[label_of], tuple(shown))
