"""Captum's cache of a language model computes wrong values from transformers 5.3 on: users are warned."""

from __future__ import annotations

import sys
import warnings
from inspect import signature
from typing import Any

from captum.attr import LLMAttribution, RemoteLLMAttribution

__all__ = ["CacheWarning", "warn_of_cache"]

# Version of transformers; seen with 5.3, 5.4, 5.23 and 5.24 and Captum 0.9, not with 5.2.
_WRONG_SINCE = (5, 3)


class CacheWarning(UserWarning):
    """Captum computes values in a way that is known to be wrong."""


def warn_of_cache(forward: Any, extra: tuple[Any, ...] | None) -> None:
    """Warn if a forward function is that of `captum.attr.LLMAttribution` with its cache in use.

    Captum passes the cache on, but not the positions that newer transformers want with it: from the second
    token of the target on, the log-probabilities are those of other prompts.

    Parameters
    ----------
    forward : callable
    extra : tuple or None
        The additional forward arguments.

    Warns
    -----
    CacheWarning
        If it is, and transformers is one of those versions.
    """
    host = getattr(forward, "__self__", None)
    if not isinstance(host, LLMAttribution) or isinstance(host, RemoteLLMAttribution):
        return
    transformers = sys.modules.get("transformers")  # where nobody imported it, the model is not one of its
    if transformers is None or _version(transformers) < _WRONG_SINCE:
        return
    given = signature(forward).bind(None, *(extra or ())).arguments
    if given.get("use_cached_outputs") and given.get("forward_in_tokens"):
        warnings.warn(
            f"LLMAttribution: its cache computes wrong log-probabilities with transformers "
            f"{transformers.__version__}, for every method; give use_cached_outputs=False, "
            "forward_in_tokens=False, or use SpexLLMAttribution.",
            CacheWarning,
            stacklevel=4,
        )


def _version(package: Any) -> tuple[int, ...]:
    return tuple(int(number) for number in package.__version__.split(".")[:2])
