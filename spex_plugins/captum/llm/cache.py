"""Captum's cache of a language model's states computes wrong values with transformers 5: users are told."""

from __future__ import annotations

import sys
import warnings
from inspect import signature
from typing import Any

from captum.attr import LLMAttribution, RemoteLLMAttribution

__all__ = ["CacheWarning", "warn_of_cache"]

_WRONG_SINCE = 5  # major version of transformers; seen with 5.23 and 5.24 and Captum 0.9


class CacheWarning(UserWarning):
    """The host computes values in a way that is known to be wrong."""


def warn_of_cache(forward: Any, extra: tuple[Any, ...] | None) -> None:
    """Look whether a forward function is that of `captum.attr.LLMAttribution`, told to use its cache.

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
    if transformers is None or int(transformers.__version__.split(".")[0]) < _WRONG_SINCE:
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
