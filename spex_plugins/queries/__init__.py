"""From masks to values: the only place where a model is called.

A `Session` has one table of answers. It looks new masks up in the store, asks the value function for the
others in batches, checks the answers, and keeps them in the table and the store. `Queries` holds the options.
"""

from __future__ import annotations

from spex_plugins.queries.answers import Answers, keep_answers
from spex_plugins.queries.options import Queries, QueryOptions
from spex_plugins.queries.session import Session
from spex_plugins.queries.store.store import Store, StoredRun

__all__ = ["Answers", "Queries", "QueryOptions", "Session", "Store", "StoredRun", "keep_answers"]
