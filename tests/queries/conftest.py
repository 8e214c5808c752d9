"""Waits between tries are short here."""

from __future__ import annotations

import pytest

from spex_plugins.queries import faults


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(faults, "_FIRST_WAIT", 0.001)
