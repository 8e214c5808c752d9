"""The end of an interrupted run: calls under way will be paid for, so their answers are kept."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from spex_plugins.queries.answer_table import AnswerTable
from spex_plugins.queries.calls.batch_outcome import read_outcome
from spex_plugins.queries.scheduling.in_flight import InFlight

__all__ = ["finish_interrupted"]

_LEAST_GRACE, _LONGEST_GRACE = 2.0, 60.0  # seconds for calls under way when the user interrupts


def finish_interrupted(
    error: BaseException, table: AnswerTable, in_flight: InFlight, longest: float, bar: Any
) -> None:
    """Wait for calls under way, ask for nothing more, and keep what is answered, in the store if possible.

    Parameters
    ----------
    error : BaseException
        What interrupts the run; it gets a note if not all answers could be stored.
    table : AnswerTable
    in_flight : InFlight
    longest : float
        Seconds that the slowest call took, for which the calls under way are waited for.
    bar : tqdm
    """
    try:
        _wait(table, in_flight, longest, bar)
    finally:  # the user may interrupt the waiting too
        _keep_ended(table, in_flight)
        table.flush()
        if table.failure not in (None, error):
            error.add_note(f"Not all answers could be stored: {table.failure}")


def _wait(table: AnswerTable, in_flight: InFlight, longest: float, bar: Any) -> None:
    in_flight.cancel_waiting()
    until = perf_counter() + min(max(longest, _LEAST_GRACE), _LONGEST_GRACE)
    _keep_ended(table, in_flight)
    if in_flight:
        bar.set_postfix_str("waiting for calls under way; interrupt again to leave them")
    while in_flight and (left := until - perf_counter()) > 0:
        in_flight.wait(left)
        _keep_ended(table, in_flight)


def _keep_ended(table: AnswerTable, in_flight: InFlight) -> None:
    """Keep the answers of batches that have ended, whatever else happened to them."""
    for batch, ended in in_flight.ended():
        if ended is not None:
            outcome = read_outcome(ended, len(batch.rows), table.outputs)
            table.note(batch.rows[outcome.answered], outcome.values[outcome.answered])
