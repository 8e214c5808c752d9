"""Waits between tries are short here."""

from __future__ import annotations

import pytest

from spex_plugins.queries.calls import retry_policy as faults


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(faults, "_FIRST_WAIT", 0.001)
