"""One run: a method explains one input with one budget and one seed, and is judged."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.comparison.calls.counted_game import CountedGame
from spex_plugins.comparison.judging.judge import Scores
from spex_plugins.comparison.memory import PeakMemory
from spex_plugins.errors import MissingExtraError, ValueFunctionError
from spex_plugins.queries.answers import note_of_answers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spex_plugins.comparison.calls.shared_answers import SharedAnswers
    from spex_plugins.comparison.methods.method import Method, Surrogate

__all__ = ["Cell", "Run", "in_short", "of_one_kind", "run_method"]


@dataclass(frozen=True)
class Cell:
    """Which run it is.

    Attributes
    ----------
    input : int
        Number of the input, from 0.
    method : str
        Name of the method in this report.
    kind : str
        "marginal" or "interaction".
    budget : int or None
        Distinct masks that are allowed; None for an explanation that was given.
    seed : int or None
        None for an explanation that was given.
    """

    input: int
    method: str
    kind: str
    budget: int | None = None
    seed: int | None = None


@dataclass(frozen=True, eq=False)
class Run:
    """What one method did with one input, one budget and one seed.

    Attributes
    ----------
    cell : Cell
    calls : int
        Distinct masks that the method asked for, without those that a limit kept from being evaluated.
    seconds : float
        Its own time, without that of the value function.
    memory : float
        Growth of the peak memory of the process during the run, MiB; NaN where the system does not tell.
    cost : float
        Price of its calls, in the unit of `Queries.price`.
    problem : str
        Why there are no scores, "" if there are.
    scores : Scores
    surrogate : Surrogate or None
    """

    cell: Cell
    calls: int = 0
    seconds: float = 0.0
    memory: float = float("nan")
    cost: float = 0.0
    problem: str = ""
    scores: Scores = field(default_factory=Scores)
    surrogate: Surrogate | None = None

    @property
    def asked_all(self) -> bool:
        """Whether the method asked for all 2^n masks: nothing is left to predict."""
        return self.surrogate is not None and self.calls == 2**self.surrogate.function.n

    @property
    def has_interactions(self) -> bool:
        """Whether the explanation gives values to sets of several features."""
        found = self.surrogate
        return found is not None and (found.interactions is not None or found.function.spectrum.max_order > 1)

    @property
    def index(self) -> str | None:
        """What the values of the method estimate."""
        return self.surrogate.index if self.surrogate else None


def run_method(
    method: Method, cell: Cell, answers: SharedAnswers, judge: Callable[[Surrogate, CountedGame], Scores]
) -> Run:
    """Let a method explain an input, and score the result; what goes wrong becomes a problem of the run.

    Parameters
    ----------
    method : Method
    cell : Cell
    answers : SharedAnswers
        The value function of the input.
    judge : callable
        From the surrogate, and the game with the masks that it was made from, to its scores.

    Raises
    ------
    StoreError, ValueFunctionError
        If the answers have failed.
    """
    budget = cell.budget or 0
    least = method.least(answers.n)
    if method.asks and budget < least:
        return Run(cell, problem=f"needs at least {least} calls, {budget} were allowed")
    game = CountedGame(answers, budget, cell.input)
    surrogate, problem = None, ""
    memory, start = PeakMemory(), perf_counter()
    try:
        surrogate = method.explain(game, budget, cell.seed or 0)
    except MissingExtraError as error:
        problem = str(error)
    except Exception as error:
        problem = in_short(error)
    seconds = perf_counter() - start - game.seconds
    if answers.failure is not None:
        raise answers.failure
    spent = (game.calls, seconds, memory.grown(), answers.price(game.masks))
    if game.refused:  # whatever the method made of the refusal
        problem = f"asked for {game.refused} masks, {budget} were allowed"
    elif game.not_evaluated:  # fewer masks than the budget that the row would stand under
        asked = game.calls + game.not_evaluated
        problem = f"{answers.limit} was reached: {game.not_evaluated} of {asked} masks were not evaluated"
    elif surrogate is not None:
        problem = _unusable(surrogate)
    if problem or surrogate is None:
        return Run(cell, *spent, problem)
    try:
        return Run(cell, *spent, "", judge(surrogate, game), surrogate)
    except Exception as error:
        if answers.failure is not None:
            raise
        return Run(cell, *spent, f"could not be judged: {in_short(error)}")


def of_one_kind(runs: Sequence[Run]) -> list[Run]:
    """Return the runs; a method that gave interactions in one of them is a method of interactions in all.

    What a function of the user returns, or an explanation that was given holds, is known then only.
    """
    named = {run.cell.method for run in runs if run.cell.kind == "marginal" and run.has_interactions}
    return [
        replace(run, cell=replace(run.cell, kind="interaction")) if run.cell.method in named else run
        for run in runs
    ]


def _unusable(surrogate: Surrogate) -> str:
    """Return what is wrong with the function of an explanation, "" if nothing."""
    if surrogate.function.output_shape:
        return f"returned {surrogate.function.output_shape[0]} outputs"
    finite = np.isfinite(surrogate.function.spectrum.coefficients).all()
    return "" if finite else "returned NaN or inf"


def in_short(error: BaseException) -> str:
    """Return type and first line of an error; of a value function's, those of what it raised."""
    told = str(error)
    if isinstance(error, ValueFunctionError):
        if error.__cause__ is not None:
            return in_short(error.__cause__)
        told = told.removesuffix(note_of_answers(len(error.masks)))  # a row has no attributes
    first = (told.strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}"[:300].rstrip(": ")
