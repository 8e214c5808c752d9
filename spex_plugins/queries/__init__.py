"""From masks to values: the only place where a model is called.

A `Session` looks masks up in the store, asks the value function for the others in batches, checks, keeps and
returns the answers. `Queries` says how.
"""

from __future__ import annotations

from spex_plugins.queries.options import Queries, QueryOptions
from spex_plugins.queries.session import Answers, Session, keep_answers
from spex_plugins.queries.store.store import Store, StoredRun

__all__ = ["Answers", "Queries", "QueryOptions", "Session", "Store", "StoredRun", "keep_answers"]
