"""One run: a method explains one input with one budget and one seed, and is judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.comparison.counted_game import CountedGame
from spex_plugins.comparison.memory import PeakMemory
from spex_plugins.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable

    from spex_plugins.comparison.methods.method import Method, Surrogate
    from spex_plugins.comparison.shared_answers import SharedAnswers

__all__ = ["Run", "run_method"]


@dataclass(frozen=True, eq=False)
class Run:
    """What one method did with one input, one budget and one seed.

    Attributes
    ----------
    input : int
        Number of the input, from 0.
    method, kind : str
    budget : int or None
        Distinct masks that it was allowed; None for an explanation that was given.
    seed : int or None
    calls : int
        Distinct masks that it asked for.
    seconds : float
        Its own time, without that of the value function.
    memory : float
        Growth of the peak memory of the process during the run, MiB; NaN where the system does not tell.
    cost : float
        Price of its calls.
    index : str or None
        What its values estimate.
    scores : dict of str to float
        By the names of `spex_plugins.comparison.METRICS`; NaN where a metric is not defined.
    problem : str
        Why there are no scores, "" if there are.
    surrogate : Surrogate or None
    """

    input: int
    method: str
    kind: str
    budget: int | None
    seed: int | None
    calls: int = 0
    seconds: float = 0.0
    memory: float = float("nan")
    cost: float = 0.0
    index: str | None = None
    scores: dict[str, float] = field(default_factory=dict)
    problem: str = ""
    surrogate: Surrogate | None = None


def run_method(
    method: Method,
    answers: SharedAnswers,
    number: int,
    budget: int | None,
    seed: int | None,
    score: Callable[[Surrogate], dict[str, float]],
) -> Run:
    """Let a method explain an input, and score the result; what goes wrong becomes a problem of the run.

    Parameters
    ----------
    method : Method
    answers : SharedAnswers
        The value function of the input.
    number : int
        Number of the input.
    budget, seed : int or None
        None for a given explanation.
    score : callable
        From the surrogate to its scores.
    """
    about = (number, method.name, method.kind, budget, seed)
    least = method.least(answers.n)
    if budget is not None and budget < least:
        return Run(*about, problem=f"needs at least {least} calls, {budget} were allowed")
    game = CountedGame(answers, budget or 0, number)
    surrogate, problem = None, ""
    memory, start = PeakMemory(), perf_counter()
    try:
        surrogate = method.explain(game, budget or 0, seed or 0)
    except MissingExtraError as error:
        problem = f"not installed: {error}"
    except Exception as error:
        problem = _in_short(error)
    seconds = perf_counter() - start - game.seconds
    spent = (game.calls, seconds, memory.grown(), answers.price(game.masks))
    if game.refused:
        problem = f"asked for {game.refused} masks, {budget} were allowed"
    if problem or surrogate is None:
        return Run(*about, *spent, problem=problem)
    try:
        scores = score(surrogate)
    except Exception as error:
        return Run(*about, *spent, surrogate.index, problem=f"could not be judged: {_in_short(error)}")
    if surrogate.function.output_shape or not np.isfinite(surrogate.function.spectrum.coefficients).all():
        return Run(*about, *spent, surrogate.index, problem="returned NaN or inf")
    return Run(*about, *spent, surrogate.index, scores, surrogate=surrogate)


def _in_short(error: Exception) -> str:
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}"[:300].rstrip(": ")
