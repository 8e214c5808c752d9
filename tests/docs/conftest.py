"""Captum is imported once, with its own warnings off; what the pages do after that warns of nothing."""

from __future__ import annotations

import warnings
from contextlib import suppress

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    with suppress(ImportError):
        import captum.attr  # noqa: F401
