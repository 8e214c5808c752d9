"""Simple facts as beginnings of sentences, each with its right next word and a wrong one; our own."""

from __future__ import annotations

import json
from pathlib import Path

__all__ = ["CHOOSE", "SCORE", "Fact"]

Fact = tuple[str, str, str]

_ROWS = json.loads(Path(__file__).with_suffix(".json").read_text())

CHOOSE: list[Fact] = [tuple(row) for row in _ROWS["choose"]]
"""Facts that heads are chosen on, and that methods may be tuned on."""

SCORE: list[Fact] = [tuple(row) for row in _ROWS["score"]]
"""Facts for reports alone."""
