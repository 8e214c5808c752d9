"""Delays before retries are short here."""

from __future__ import annotations

import pytest

from spex_plugins.queries.calls import retry_policy


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(retry_policy, "_FIRST_DELAY", 0.001)
