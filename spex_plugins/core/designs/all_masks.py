"""Cases in which all 2^n masks are evaluated, and the transform is exact."""

from __future__ import annotations

__all__ = ["CHEAP_FEATURES", "FEATURES_OF_PROMPTS", "all_masks_within"]

CHEAP_FEATURES = 12
"""Largest number of features of which all masks are evaluated by default."""

FEATURES_OF_PROMPTS = 10
"""The same for language models, whose outputs cost more than any transform."""


def all_masks_within(n: int, masks: int) -> bool:
    """Return whether a number of distinct masks, or a budget, is that of all 2^n masks."""
    return 2**n <= masks
