"""Comparison of explanation methods on the same model, the same calls and the same held-out masks."""

from __future__ import annotations

from spex_plugins.comparison.compare import compare
from spex_plugins.comparison.methods import (
    METHODS,
    CaptumMethod,
    Given,
    Method,
    Ours,
    ShapMethod,
    Surrogate,
    UserFunction,
)
from spex_plugins.comparison.metrics import METRICS, Metric
from spex_plugins.comparison.report import Report

__all__ = [
    "METHODS",
    "METRICS",
    "CaptumMethod",
    "Given",
    "Method",
    "Metric",
    "Ours",
    "Report",
    "ShapMethod",
    "Surrogate",
    "UserFunction",
    "compare",
]
