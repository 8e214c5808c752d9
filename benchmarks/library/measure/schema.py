"""Check of result files against ``results/schema.json``.

A field is described by the keywords "type", "minimum", "maximum", "enum", "items" and "values" (of the values
of an object) with the meaning that they have in JSON Schema ("values" is its "additionalProperties").
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["NOT_RECORDED", "SCHEMA", "check_record", "check_run", "load_schema"]

SCHEMA = Path(__file__).parents[2] / "results" / "schema.json"
NOT_RECORDED = "not recorded"
"""Stands in the description of a run for what nobody wrote down."""

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "array": (list, tuple),
    "object": (dict,),
    "null": (type(None),),
}


@cache
def load_schema() -> dict[str, Any]:
    """Read the schema."""
    return json.loads(SCHEMA.read_text())


def check_run(run: dict[str, Any]) -> None:
    """Raise ValueError unless this is the description of a run of a known benchmark."""
    schema = load_schema()
    _check_object(run, schema["run"], schema["run_fields"], "run", absent=NOT_RECORDED)
    if run["benchmark"] not in schema["records"]:
        raise ValueError(f"run: {run['benchmark']!r} is not one of {', '.join(schema['records'])}")


def check_record(record: dict[str, Any], benchmark: str) -> None:
    """Raise ValueError unless a record has the fields of its benchmark, with values of their types."""
    schema = load_schema()
    _check_object(record, schema["records"][benchmark], schema["fields"], benchmark)


def _check_object(
    given: dict[str, Any], keys: dict[str, Any], fields: dict[str, Any], where: str, absent: object = ...
) -> None:
    required, optional = set(keys["required"]), set(keys.get("optional", ()))
    if missing := required - given.keys():
        raise ValueError(f"{where}: {sorted(missing)} missing in {given}")
    if unknown := given.keys() - required - optional:
        raise ValueError(f"{where}: {sorted(unknown)} not in the schema of these records")
    for name, value in given.items():
        if value != absent:
            _check_value(value, fields[name], f"{where}: {name}")


def _check_value(value: object, field: dict[str, Any], where: str) -> None:
    types = [field["type"]] if isinstance(field["type"], str) else field["type"]
    if isinstance(value, bool) or not any(isinstance(value, _TYPES[name]) for name in types):
        raise ValueError(f"{where} is {value!r}, not of type {' or '.join(types)}")
    if "enum" in field and value not in field["enum"]:
        raise ValueError(f"{where} is {value!r}, not one of {field['enum']}")
    if isinstance(value, int | float) and not field.get("minimum", value) <= value <= field.get(
        "maximum", value
    ):
        raise ValueError(f"{where} is {value!r}, out of range")
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    for part in parts:
        _check_value(part, field["values" if isinstance(value, dict) else "items"], where)
