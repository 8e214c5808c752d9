"""Every committed result follows the schema, and what violates it is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
COMMITTED = sorted((BENCHMARKS / "results").rglob("*.jsonl"))
RUN = dict.fromkeys(("command", "date", "machine", "python", "versions"), "not recorded")
CELL = {
    "game": "tfidf",
    "n": 4,
    "input": 0,
    "seed": 0,
    "method": "auto",
    "calls": 8,
    "at": "2026-11-29 09:00",
}


def refuse(constant):
    raise ValueError(f"{constant} is not JSON")


def load(text):
    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.stem)
def test_every_committed_line_follows_the_schema(path):
    from library.measure.schema import check_record, check_run

    first, *records = map(load, path.read_text().splitlines())
    assert len(records) > 10
    check_run(first["run"])
    for record in records:
        check_record(record, first["run"]["benchmark"])


def test_committed_files_are_found():
    assert {path.stem for path in COMMITTED} >= {"medians", "ours", "peers", "shapley", "vader"}
    others = {path.name for path in (BENCHMARKS / "results").rglob("*") if path.is_file()}
    assert others - {path.name for path in COMMITTED} == {"schema.json"}


def test_the_schema_describes_every_field_that_it_names_and_no_other():
    from library.measure.schema import load_schema

    schema = load_schema()
    named = {
        name for keys in schema["records"].values() for name in keys["required"] + keys.get("optional", [])
    }
    assert named == set(schema["fields"])
    assert {*schema["run"]["required"], *schema["run"]["optional"]} == set(schema["run_fields"])
    fields = [*schema["fields"].values(), *schema["run_fields"].values()]
    keywords = {"type", "minimum", "maximum", "enum", "items", "values", "description"}
    assert all({"type", "description"} <= field.keys() <= keywords for field in fields)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"r2": "0.9"}, "r2 is '0.9', not of type number or null"),
        ({"r2": True}, "r2 is True"),
        ({"r2": 1.5}, "r2 is 1.5, out of range"),
        ({"n": 4.5}, "n is 4.5, not of type integer"),
        ({"n": 0}, "n is 0, out of range"),
        ({"r_squared": 0.9}, "r_squared.* not in the schema"),
        ({"game": "not recorded", "at": None}, "at is None"),
    ],
)
def test_a_record_that_violates_the_schema_is_refused(change, message):
    from library.measure.schema import check_record

    check_record(CELL, "faithfulness_per_call")
    with pytest.raises(ValueError, match=message):
        check_record(CELL | change, "faithfulness_per_call")


def test_parts_of_fields_and_missing_fields_are_checked():
    from library.measure.schema import check_record, check_run

    with pytest.raises(ValueError, match=r"'at'.* missing"):
        check_record({key: value for key, value in CELL.items() if key != "at"}, "faithfulness_per_call")
    check_run({"benchmark": "decoding", **RUN})
    with pytest.raises(ValueError, match=r"'fig' is not one of .*decoding"):
        check_run({"benchmark": "fig", **RUN})
    with pytest.raises(ValueError, match="versions is 2"):
        check_run({"benchmark": "decoding", **RUN, "versions": {"numpy": 2}})
    speeds = {"prompt": "p", "features": 3, "masks": 2, "target_tokens": 1, "difference": 0.0}
    check_record(speeds | {"seconds": {"ours": [1.0, 2]}}, "captum_llm_speed")
    with pytest.raises(ValueError, match="seconds is '2'"):
        check_record(speeds | {"seconds": {"ours": [1.0, "2"]}}, "captum_llm_speed")


def test_a_document_is_written_even_when_a_record_is_refused(tmp_path):
    from library.measure.result_files import save

    path = tmp_path / "new" / "decoding.json"
    good = {"noise": 0.5, "method": "ours", "threads": None, "seed": 0, "stated_r2": math.nan}
    save(path, "decoding", [good])
    document = load(path.read_text())
    assert document["records"] == [good | {"stated_r2": None}]
    assert document["run"]["versions"]["numpy"]
    with pytest.raises(ValueError, match="speed"):
        save(path, "decoding", [good | {"speed": 3.0}])
    assert load(path.read_text())["records"][0]["speed"] == 3.0


@pytest.mark.slow
def test_cells_are_computed_once_and_their_run_is_described(tmp_path):
    from library.measure.cells import Computation
    from library.measure.result_files import read_lines

    computation = Computation("shapley_per_call", counted, int, (), {"shapiq": "1.8.0"})
    cells = [{key: CELL[key] for key in CELL if key != "at"} | {"input": i} for i in range(3)]
    path = tmp_path / "cells.jsonl"
    computation.run(cells[:2], path, 1)
    with path.open("a") as file:
        file.write('{"game": "cut o')
    computation.run(cells, path, 1)
    computation.run(cells, path, 1)
    records = read_lines(tmp_path)
    assert [(record["input"], record["asked"]) for record in records] == [(0, 7), (1, 7), (2, 7)]
    runs = [json.loads(line)["run"] for line in path.read_text().splitlines() if line.startswith('{"run"')]
    assert [run["peers"] for run in runs] == [{"shapiq": "1.8.0"}] * 2


def counted(cell):
    return {"asked": cell["calls"] - 1}
