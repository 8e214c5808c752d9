"""What all prompts begin with is computed once: its keys and values are kept for every later batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from spex_plugins.captum.llm_prompts import PromptBatch

__all__ = ["Prefix", "common_prefix", "make_prefix"]

_WORTH = 8
"""Tokens; a shorter beginning is not worth a call and the general form of attention."""


@dataclass(frozen=True, eq=False)
class Prefix:
    """The beginning of prompts.

    Attributes
    ----------
    tokens : Tensor of int64, shape (P,)
    states : tuple of (keys, values)
        Of every layer, each (1, heads, P, channels).
    """

    tokens: Tensor
    states: tuple[tuple[Tensor, Tensor], ...]

    def shared(self, batch: PromptBatch) -> int:
        """Return how many tokens all prompts share with the prefix: 0 if too few to be worth it."""
        here = self.tokens[: int(batch.lengths.min()) - 1]  # the last token of a prompt predicts the target
        length = _run(batch.ids[:, : len(here)] == here)
        return length if length >= _WORTH else 0

    def cache(self, length: int, rows: int) -> Any:
        """Return a cache that holds the first tokens for a number of rows."""
        from transformers.cache_utils import DynamicCache

        return DynamicCache(
            [(k[:, :, :length].expand(rows, -1, -1, -1), v[:, :, :length].expand(rows, -1, -1, -1))
             for k, v in self.states]
        )  # fmt: skip


def common_prefix(batch: PromptBatch) -> Tensor:
    """Return the tokens that all prompts begin with; the last token of a prompt is never among them."""
    shortest = int(batch.lengths.min()) - 1
    first = batch.ids[0, :shortest]
    return first[: _run(batch.ids[:, :shortest] == first)]


def make_prefix(model: Any, tokens: Tensor) -> Prefix | None:
    """Compute the states of a beginning.

    Returns
    -------
    Prefix or None
        None where the beginning is short, or where the states cannot be cut at any token: only a plain cache
        of keys and values can be (not one with a sliding window, nor the state of a recurrent model).
    """
    if len(tokens) < _WORTH:
        return None
    try:
        from transformers import PreTrainedModel
        from transformers.cache_utils import DynamicCache, DynamicLayer
    except ImportError:
        return None
    if not isinstance(model, PreTrainedModel):
        return None
    states: Any = getattr(model(input_ids=tokens[None], use_cache=True), "past_key_values", None)
    if type(states) is not DynamicCache or any(type(layer) is not DynamicLayer for layer in states.layers):
        return None
    return Prefix(tokens, tuple((layer.keys, layer.values) for layer in states.layers))


def _run(equal: Tensor) -> int:
    """Return the number of leading columns in which all rows are equal."""
    return int(equal.all(dim=0).long().cumprod(dim=0).sum())
