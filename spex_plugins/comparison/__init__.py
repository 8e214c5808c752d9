"""Comparison of explanation methods on the same model, the same calls and the same held-out masks."""

from __future__ import annotations

from spex_plugins.comparison.compare import compare
from spex_plugins.comparison.report import Report

__all__ = ["Report", "compare"]
