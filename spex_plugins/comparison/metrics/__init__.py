"""What is measured of an explanation; `METRICS` is the table of all metrics."""

from __future__ import annotations

from spex_plugins.comparison.metrics.table import METRICS, Metric

__all__ = ["METRICS", "Metric"]
