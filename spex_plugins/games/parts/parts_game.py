"""`PartsGame`: what the parts of a system contribute, by calls of a user's function with some of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from os import PathLike
from threading import Lock
from typing import Any
from uuid import uuid4

import numpy as np

from spex_plugins import checks as check
from spex_plugins.core.basis.masks import checked_masks
from spex_plugins.errors import InputError, SpexError
from spex_plugins.files import checked_path
from spex_plugins.games.calls import call_each, raise_problem
from spex_plugins.games.common.fingerprints import combined_fingerprint, fingerprint_of_part
from spex_plugins.games.parts.call_log import CallLog, CallRecord
from spex_plugins.queries.store.digest import digest_of_data
from spex_plugins.types import BoolArray, FloatArray
from spex_plugins.wording import counted

__all__ = ["CallOutcome", "PartsGame"]

_LOCK = Lock()  # of all games, as a game that has one could not be sent to other processes


@dataclass(frozen=True)
class CallOutcome:
    """What a call of a `PartsGame` may return instead of its value alone.

    Attributes
    ----------
    value : float or sequence of float
        The value, or those of K outputs.
    cost : float
        What the call cost, in any unit.
    trace : Any
        What JSON can write, such as the steps of an agent; other objects are written as their text.
    """

    value: Any
    cost: float = 0.0
    trace: Any = None


class PartsGame:
    """Value function of the parts of a system: what comes of a call with some of them.

    Parts are tools, sub-agents, items of a memory, examples, rules of a system prompt, stages of a pipeline.

    Parameters
    ----------
    call : callable
        From a dict of the kept parts, in the given order, to a number, K numbers or a `CallOutcome`;
        synchronous or asynchronous.
    parts : mapping of str to object
        The parts by name.
    pinned : sequence of str
        Names of parts that are always kept.
    concurrency : int
        Calls at a time; those of a synchronous function run in threads if there are several.
    part_costs : mapping of str to float
        Expected cost of a call for each part that is kept, beside ``base_cost``; only for estimates.
    base_cost : float
        Expected cost of a call with none of them.
    traces : path-like, optional
        The file of a store, which may be that of the values too: costs, durations and traces of all calls
        are written there, see `records`.
    fingerprint : str, optional
        Identifies everything that the values depend on beside the names of the parts, and beside the
        ``fingerprint`` of ``call``, if it has one; a store needs one of the two.
    output_names : sequence of str, optional
        Names of K outputs.

    Attributes
    ----------
    n : int
        Number of parts that can be left out.
    feature_names : tuple of str
        Their names.
    output_names : tuple of str or None
        As given.
    fingerprint : str or None
        Digest, if it is known.
    batch_size, concurrent_calls : int
        Masks that run at the same time: `explain` makes so many calls of one mask each, and keeps each answer
        as it comes. Told a ``batch_size`` or an executor, and elsewhere, a batch waits for its slowest call.
    cost : float
        Sum of the costs of the calls of this process.

    Raises
    ------
    InputError
        If an argument cannot be used.

    Examples
    --------
    >>> async def call(tools):
    ...     run = await agent(task, tools=list(tools.values()))
    ...     return CallOutcome(grade(run.answer), cost=run.dollars, trace=run.steps)
    >>> game = PartsGame(call, {"search": search, "calculator": calculator}, traces="run.sqlite",
    ...                  fingerprint="agent 3, task 17")
    >>> found = spex.explain(game, store="run.sqlite")
    """

    def __init__(
        self,
        call: Callable[[dict[str, Any]], Any],
        parts: Mapping[str, Any],
        *,
        pinned: Sequence[str] = (),
        concurrency: int = 1,
        part_costs: Mapping[str, float] | None = None,
        base_cost: float = 1.0,
        traces: str | PathLike[str] | None = None,
        fingerprint: str | None = None,
        output_names: Sequence[str] | None = None,
    ) -> None:
        if not callable(call):
            raise InputError(f"call: must be a function of the kept parts, got {type(call).__name__}.")
        if not isinstance(parts, Mapping) or not all(isinstance(name, str) for name in parts):
            raise InputError(f"parts: must be a dict of names to parts, got {parts!r:.80}.")
        always = set(check.chosen_names("pinned", pinned))
        if not isinstance(part_costs, Mapping | None):
            raise InputError(f"part_costs: must be a dict of names to costs, got {part_costs!r:.80}.")
        for argument, names in (("pinned", always), ("part_costs", set(part_costs or {}))):
            if names - set(parts):
                raise InputError(f"{argument}: there is no part {min(names - set(parts))!r}.")
        self._call, self._parts = call, dict(parts)
        self.feature_names = tuple(name for name in self._parts if name not in always)
        self.n = len(self.feature_names)
        if not self.n:
            raise InputError("parts, pinned: there must be at least one part that can be left out.")
        self._number = {name: i for i, name in enumerate(self.feature_names)}
        self.output_names = None if output_names is None else check.names_of("output_names", output_names)
        self.batch_size = self.concurrent_calls = self._concurrency = check.count(
            "concurrency", concurrency, 1, "calls at a time"
        )
        costs = {name: check.cost(f"part_costs[{name!r}]", each) for name, each in (part_costs or {}).items()}
        self._costs = np.array([costs.get(name, 0.0) for name in self.feature_names])
        self._base = check.cost("base_cost", base_cost) + sum(costs.get(name, 0.0) for name in always)
        known = combined_fingerprint([fingerprint_of_part(call)], check.text("fingerprint", fingerprint))
        about = repr([list(self._parts), sorted(always)])
        self.fingerprint = None if known is None else digest_of_data("PartsGame", known, about)
        self._log = None
        if traces is not None:  # without a fingerprint, the calls of this object alone are its own
            path = checked_path("traces", traces)
            self._log = CallLog(path, self.fingerprint or uuid4().hex, self.feature_names)
        self.cost = 0.0
        self._shape: tuple[int, ...] | None = None

    def __call__(self, masks: BoolArray) -> FloatArray:
        """Call the function once for every mask.

        Parameters
        ----------
        masks : ndarray of bool, shape (b, n)
            True where a part is kept.

        Returns
        -------
        ndarray of float64, shape (b,) or (b, K)
            What the function returned.

        Raises
        ------
        PartialAnswerError
            If some calls fail. It has the values of the others.
        InputError
            If a value is not a number, or not as many numbers as the others are.
        """
        masks = checked_masks(masks, self.n)
        done = call_each(self._call, [(self._kept(mask),) for mask in masks], self._concurrency)
        made = {i: _outcome(result) for i, result in enumerate(done.results) if result is not None}
        with _LOCK:  # of calls in several threads
            self.cost += sum(outcome.cost for outcome in made.values())  # also where the value is none
            if self._log is not None and made:
                self._write(self._log, [(masks[i], made[i], done.seconds[i]) for i in made])
            proven = self._shape is not None
            found = done.read(self._read)
        answered = np.array([value is not None for value in found], dtype=bool)
        values = np.full((len(masks), *(self._shape or ())), np.nan)
        if answered.any():
            values[answered] = [value for value in found if value is not None]
        failed = np.isin(np.arange(len(masks)), list(done.failed_at))
        unread = proven and done.unread
        raise_problem(done.problem, values, answered, failed, proven=unread, before=proven)
        return values

    def work(self, masks: BoolArray) -> FloatArray:
        """Estimate the cost of every mask.

        Parameters
        ----------
        masks : ndarray of bool, shape (b, n)
            True where a part is kept.

        Returns
        -------
        ndarray of float64, shape (b,)
            From ``base_cost`` and ``part_costs``.
        """  # numpydoc ignore=RS01
        return self._base + np.asarray(masks, dtype=np.float64) @ self._costs

    def records(self) -> list[CallRecord]:
        """Return the calls of this game that are in the file ``traces``, also those of other processes.

        Without a fingerprint, other games cannot be told apart, and the calls are those of this object.

        Returns
        -------
        list of CallRecord
            Oldest first; empty where no file was given.
        """
        return [] if self._log is None else self._log.read()

    def __repr__(self) -> str:
        names = ", ".join(self.feature_names)
        return f"PartsGame({counted(self.n, 'part')}: {names:.80}; cost so far {self.cost:g})"

    def _write(self, log: CallLog, calls: Sequence[tuple[BoolArray, Any, float]]) -> None:
        """Write calls to the file of traces; the values are paid for and outlive an error there."""
        try:
            log.add(calls)
        except (SpexError, OSError) as error:
            warnings.warn(
                f"traces: {counted(len(calls), 'call')} could not be written ({error}); their values are "
                "kept.",
                UserWarning,
                stacklevel=3,
            )

    def _kept(self, mask: BoolArray) -> dict[str, Any]:
        return {
            name: part
            for name, part in self._parts.items()
            if name not in self._number or mask[self._number[name]]
        }

    def _read(self, result: Any) -> FloatArray:
        """Return the value of a call, always of the shape of the first one."""
        outcome = result if isinstance(result, CallOutcome) else CallOutcome(result)
        try:
            value, cost = np.asarray(outcome.value, dtype=np.float64), float(outcome.cost)
        except (TypeError, ValueError):
            value, cost = np.zeros((0, 0)), 0.0
        if value.ndim > 1 or not value.size or not 0 <= cost < np.inf:
            raise InputError(
                "call: must return a number, K numbers or a CallOutcome with a finite cost ≥ 0, got "
                f"{result!r:.80}."
            )
        self._shape = value.shape if self._shape is None else self._shape
        if value.shape != self._shape:
            raise InputError(
                f"call: returned shape {value.shape} after {self._shape}; return as many each time."
            )
        return value


def _outcome(result: Any) -> CallOutcome:
    """Return what a call returned with a cost that is finite and at least 0, 0 where none was stated."""
    outcome = result if isinstance(result, CallOutcome) else CallOutcome(result)
    value, cost = outcome.value, 0.0
    with suppress(TypeError, ValueError):
        value = np.asarray(value, dtype=np.float64).tolist()
    with suppress(TypeError, ValueError):
        cost = float(outcome.cost)
    return CallOutcome(value, cost if 0 <= cost < np.inf else 0.0, outcome.trace)
