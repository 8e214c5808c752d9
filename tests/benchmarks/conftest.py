"""The benchmark scripts import their library from their own folder; SHAP is imported without its warnings."""

from __future__ import annotations

import warnings
from contextlib import suppress
from pathlib import Path

import pytest

with warnings.catch_warnings():
    # SHAP 0.51 itself uses a colour map call that matplotlib ≥ 3.11 announces to deprecate.
    warnings.simplefilter("ignore")
    with suppress(ImportError):
        import shap  # noqa: F401

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def on_path(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
