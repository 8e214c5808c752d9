"""Prompts that are longer than the context window of a model: a warning or an error, no truncation."""

from __future__ import annotations

import warnings
from typing import Any

from torch.nn import Embedding

from spex_plugins.errors import InputError

__all__ = ["WindowWarning", "check_window"]

_NO_LIMIT = 10**9
"""Tokenizers without a limit have 10^30."""


class WindowWarning(UserWarning):
    """A prompt exceeds the context window of its model."""


def check_window(model: Any, tokenizer: Any, length: int) -> None:
    """Compare the longest prompt with the context window of the model.

    Parameters
    ----------
    model, tokenizer : Any
    length : int
        Tokens of the longest prompt, with its answer where the model evaluates both.

    Raises
    ------
    InputError
        If the model has learned positions, and fewer of them than tokens.

    Warns
    -----
    WindowWarning
        If the model can evaluate the prompt, but was not trained for its length.
    """
    limits = (getattr(model.config, "max_position_embeddings", None), tokenizer.model_max_length)
    window = min([limit for limit in limits if limit and 0 < limit < _NO_LIMIT], default=length)
    if length <= window:
        return
    excess = f"the whole prompt has {length:,} tokens, {length - window:,} more than the window of the model"
    if _has_learned_positions(model):
        raise InputError(f"text: {excess} ({window:,}), which has no positions for them; shorten it.")
    warnings.warn(
        f"text: {excess} ({window:,}). The prompt is not truncated, but the model was not trained for its "
        "length; shorten the text.",
        WindowWarning,
        stacklevel=3,
    )


def _has_learned_positions(model: Any) -> bool:
    """Return whether positions are learned, in a table, rather than computed."""
    tables = (name.rpartition(".")[2] for name, part in model.named_modules() if isinstance(part, Embedding))
    return any(name in ("wpe", "position_embeddings", "embed_positions") for name in tables)
