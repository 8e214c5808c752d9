"""Files of results: the description of a run and its records, checked against ``results/schema.json``.

A script that measures in one go writes a document, ``{"run": …, "records": […]}``. One that appends cell by
cell writes JSON lines: ``{"run": …}`` when a run begins, then its records.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from library.measure.machine import describe_run
from library.measure.schema import check_record, check_run

__all__ = ["Report", "append", "begin_run", "read_lines", "save"]

Report = dict[str, Any]
"""What was measured, by the names of fields in the schema."""


def save(path: Path | None, benchmark: str, records: Iterable[Report]) -> None:
    """Write a document, when a path is given; then raise ValueError if it violates the schema.

    It is written before it is checked: what took hours to measure is not lost to a wrong name of a field.
    """
    if path is None:
        return
    document = {"run": describe_run(benchmark), "records": list(records)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_strict(document), indent=1, allow_nan=False) + "\n")
    check_run(document["run"])
    for record in document["records"]:
        check_record(_strict(record), benchmark)


def begin_run(file: TextIO, benchmark: str, peers: dict[str, str] | None = None) -> None:
    """Append the description of a run; the records of this file's next lines belong to it."""
    run = describe_run(benchmark, peers)
    check_run(run)
    _write(file, {"run": run})


def append(file: TextIO, benchmark: str, record: Report) -> None:
    """Append a record; then raise ValueError if it violates the schema."""
    _write(file, record)
    check_record(_strict(record), benchmark)


def read_lines(folder: Path) -> list[Report]:
    """Return all records in the files of JSON lines of a folder, without the descriptions of runs."""
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()]
    found = [json.loads(line) for line in lines if line.endswith("}")]  # the last may have been cut off
    return [record for record in found if "run" not in record]


def _write(file: TextIO, content: Report) -> None:
    file.write(json.dumps(_strict(content), allow_nan=False) + "\n")
    file.flush()


def _strict(value: Any) -> Any:
    """Replace numbers that JSON has not, as R² of a constant function, by null."""
    if isinstance(value, dict):
        return {key: _strict(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
