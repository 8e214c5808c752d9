"""The table of answers against a dictionary from masks to values."""

from __future__ import annotations

import numpy as np
import pytest
from sessions import masks_of, session_of
from worker_functions import weighted

from spex_plugins import ValueFunctionError
from spex_plugins.queries.answer_table import AnswerTable


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 70])
def test_equal_masks_share_a_row(n):
    rng = np.random.default_rng(n)
    table, rows_of = AnswerTable(n), {}
    for m in (0, 1, 30, 0, 40):
        masks = rng.random((m, n)) < 0.3
        rows = table.add(masks)
        for mask, row in zip(masks, rows.tolist(), strict=True):
            assert rows_of.setdefault(mask.tobytes(), len(rows_of)) == row  # in the order first asked for
        np.testing.assert_array_equal(table.masks[rows], masks)
    assert len(table) == len(rows_of) == len(table.values) == len(table.answered)


@pytest.mark.parametrize("outputs", [(), (3,)])
def test_rows_without_an_answer_are_open(outputs):
    table = AnswerTable(9)
    rows = table.add(masks_of(20, 9))
    np.testing.assert_array_equal(table.open_rows(rows[::-1]), rows)
    values = np.random.default_rng(0).random((10, *outputs))
    table.keep(0, rows[:10], values)
    table.drop(rows[15:])
    np.testing.assert_array_equal(table.open_rows(rows), rows[10:15])
    more = table.add(~masks_of(20, 9))
    np.testing.assert_array_equal(table.values[rows[:10]], values)
    assert np.isnan(table.values[more[~table.answered[more]]]).all()
    masks, kept = table.answers()
    np.testing.assert_array_equal(masks, table.masks[:10])
    np.testing.assert_array_equal(kept, values)


def test_masks_that_failed_are_asked_for_again_dropped_ones_are_not():
    """An error ends a call of `ask`, and a later one repeats it; what was answered is not paid for twice."""
    asked = []

    def function(masks):
        asked.extend(mask.tobytes() for mask in masks)
        values = weighted(masks)
        values[masks[:, 18] & masks[:, 19]] = np.nan if failing else 1.0
        return values

    masks = masks_of(60)
    failing = True
    with session_of(function) as session:
        with pytest.raises(ValueFunctionError):
            session.ask(masks)
        failing = False
        answers = session.ask(masks)
        assert answers.answered.all()
        failed = {mask.tobytes() for mask in masks if mask[18] and mask[19]}
        assert all(asked.count(key) == 1 for key in set(asked) - failed)
    failing, asked[:] = True, []
    with session_of(function, on_failure="drop") as session:
        first = session.ask(masks)
        count = len(asked)
        second = session.ask(masks)
        np.testing.assert_array_equal(first.answered, second.answered)
        assert not second.answered.all()
        assert len(asked) == count
        assert session.statement.startswith(f"{(~first.answered).sum()} masks dropped")
