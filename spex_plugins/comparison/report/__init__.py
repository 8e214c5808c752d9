"""The report of a comparison."""

from __future__ import annotations

from spex_plugins.comparison.report.report import Report

__all__ = ["Report"]
