"""One hypothesis profile for the whole suite: the same examples every time."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("spex", derandomize=True, deadline=None, max_examples=25, database=None)
settings.load_profile("spex")
