from __future__ import annotations

import pytest

from spex_plugins.games.chat import requests as chat_requests


@pytest.fixture
def short_pauses(monkeypatch):
    """Repeat failed requests soon, so that tests take no longer than they must."""
    monkeypatch.setattr(chat_requests, "_FIRST_DELAY", 0.02)
    monkeypatch.setattr(chat_requests, "_LONGEST_DELAY", 0.1)
