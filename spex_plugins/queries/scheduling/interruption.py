"""End of an interrupted run: calls in flight are charged anyway, so their answers are kept."""

from __future__ import annotations

from math import inf
from time import perf_counter
from typing import Any

from spex_plugins.queries.answer_table import AnswerTable
from spex_plugins.queries.calls.batch_outcome import read_outcome
from spex_plugins.queries.scheduling.in_flight import InFlight

__all__ = ["finish_interrupted"]

_LEAST_GRACE, _LONGEST_GRACE = 2.0, 60.0  # seconds to wait for calls in flight


def finish_interrupted(
    error: BaseException, table: AnswerTable, in_flight: InFlight, longest: float, bar: Any
) -> None:
    """Wait for the calls in flight, begin no others, and keep the answers, in the store if possible.

    Parameters
    ----------
    error : BaseException
        The exception that interrupts the run; a note is added to it if not all answers could be stored.
    table : AnswerTable
    in_flight : InFlight
    longest : float
        Duration of the slowest call in seconds, which bounds the wait; inf if only another interrupt does.
    bar : tqdm
    """
    try:
        _wait(table, in_flight, longest, bar)
    finally:  # the user may interrupt the wait too
        _keep_ended(table, in_flight)
        table.flush()
        if table.failure not in (None, error):
            error.add_note(f"Not all answers could be stored: {table.failure}")


def _wait(table: AnswerTable, in_flight: InFlight, longest: float, bar: Any) -> None:
    in_flight.cancel_waiting()
    bound = _LONGEST_GRACE if longest < inf else inf
    until = perf_counter() + min(max(longest, _LEAST_GRACE), bound)
    _keep_ended(table, in_flight)
    if in_flight:
        bar.set_postfix_str("waiting for calls under way; interrupt again to leave them")
    while in_flight and (left := until - perf_counter()) > 0:
        in_flight.wait(left)
        _keep_ended(table, in_flight)


def _keep_ended(table: AnswerTable, in_flight: InFlight) -> None:
    """Keep the answers of batches that have ended, also of those that failed in part."""
    for batch, ended in in_flight.ended():
        if ended is not None:
            outcome = read_outcome(ended, len(batch.rows), table.outputs)
            table.note(batch.rows[outcome.answered], outcome.values[outcome.answered])
