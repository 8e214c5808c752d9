"""Prompts that are longer than what a model was made for: told, never cut."""

from __future__ import annotations

import warnings
from typing import Any

from torch.nn import Embedding

from spex_plugins.errors import InputError

__all__ = ["WindowWarning", "check_window"]

_NO_LIMIT = 10**9
"""Tokenizers without a limit say 10^30."""


class WindowWarning(UserWarning):
    """A prompt exceeds the window of its model."""


def check_window(model: Any, tokenizer: Any, length: int) -> None:
    """Compare the longest prompt with the window of the model.

    Parameters
    ----------
    model, tokenizer : Any
    length : int
        Tokens of the longest prompt, with its answer where the model reads both.

    Raises
    ------
    InputError
        If the model has learned positions, and not as many: it cannot read this prompt at all.

    Warns
    -----
    WindowWarning
        If it can, but was not trained to.
    """
    limits = (getattr(model.config, "max_position_embeddings", None), tokenizer.model_max_length)
    window = min([limit for limit in limits if limit and 0 < limit < _NO_LIMIT], default=length)
    if length <= window:
        return
    excess = f"the whole prompt has {length:,} tokens, {length - window:,} more than the window of the model"
    if _has_learned_positions(model):
        raise InputError(f"text: {excess} ({window:,}), which has no positions for them; shorten it.")
    warnings.warn(
        f"text: {excess} ({window:,}). Nothing is cut, but the model was not trained for this; shorten it.",
        WindowWarning,
        stacklevel=3,
    )


def _has_learned_positions(model: Any) -> bool:
    """Tell whether positions are looked up in a table, rather than computed."""
    tables = (name.rpartition(".")[2] for name, part in model.named_modules() if isinstance(part, Embedding))
    return any(name in ("wpe", "position_embeddings", "embed_positions") for name in tables)
