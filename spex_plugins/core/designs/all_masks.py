"""When all 2^n masks are asked: the transform is exact then, and there is nothing to estimate."""

from __future__ import annotations

__all__ = ["CHEAP_FEATURES", "FEATURES_OF_PROMPTS", "all_masks_within"]

CHEAP_FEATURES = 12
"""All masks of so many features are asked by default: an exact transform costs less than a fit to a few."""

FEATURES_OF_PROMPTS = 10
"""The same for language models, whose answers cost more than any transform."""


def all_masks_within(n: int, masks: int) -> bool:
    """Tell whether so many distinct masks of n features are all of them, or a budget allows all of them."""
    return 2**n <= masks
