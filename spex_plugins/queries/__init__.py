"""Evaluation of masks: the only package that calls a model.

A `Session` has one table of values. It looks up new masks in the store, evaluates the others in batches,
checks the values, and adds them to the table and the store. `Queries` holds the options.
"""

from __future__ import annotations

from spex_plugins.queries.answers import Answers, keep_answers
from spex_plugins.queries.calls.ray_executor import RayExecutor
from spex_plugins.queries.options import Queries, QueryOptions
from spex_plugins.queries.session import Session
from spex_plugins.queries.store.store import Store, StoredRun

__all__ = [
    "Answers",
    "Queries",
    "QueryOptions",
    "RayExecutor",
    "Session",
    "Store",
    "StoredRun",
    "keep_answers",
]
