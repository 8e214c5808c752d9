"""The common beginning of prompts is evaluated once: its keys and values are cached for later batches."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import signature
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Prefix", "common_prefix", "make_prefix"]

_MIN_LENGTH = 8
"""In tokens; a shorter beginning saves less than its call and the general form of attention cost."""


@dataclass(frozen=True, eq=False)
class Prefix:
    """The common beginning of prompts, with its keys and values.

    Attributes
    ----------
    tokens : Tensor of int64, shape (P,)
    states : tuple of (keys, values)
        Of every layer, each (1, heads, P, channels).
    """

    tokens: Tensor
    states: tuple[tuple[Tensor, Tensor], ...]

    def shared(self, ids: Tensor, most: int) -> int:
        """Return the number of first tokens, at most ``most``, that prompts (c, width) share with the prefix.

        0 if these are fewer than the cache is useful for.
        """
        here = self.tokens[:most]
        length = _leading_columns(ids[:, : len(here)] == here)
        return length if length >= _MIN_LENGTH else 0

    def arguments(self, model: Any, length: int, rows: int) -> dict[str, Any]:
        """Return the arguments of a model for the cached tokens, beside the other tokens of its rows."""
        from transformers.cache_utils import DynamicCache

        states = DynamicCache(
            [(k[:, :, :length].expand(rows, -1, -1, -1), v[:, :, :length].expand(rows, -1, -1, -1))
             for k, v in self.states]
        )  # fmt: skip
        # The argument has another name since transformers 5.24.
        name = "cache" if "cache" in signature(type(model).forward).parameters else "past_key_values"
        return {name: states}


def common_prefix(ids: Tensor, most: int) -> Tensor:
    """Return the first tokens, at most ``most``, that all prompts (c, width) share."""
    first = ids[0, :most]
    return first[: _leading_columns(ids[:, :most] == first)]


def make_prefix(model: Any, tokens: Tensor) -> Prefix | None:
    """Evaluate the keys and values of a beginning.

    Returns
    -------
    Prefix or None
        None where the beginning is short, or where the states cannot be truncated at any token: only a plain
        cache of keys and values can (not one with a sliding window, nor the state of a recurrent model).
    """
    if len(tokens) < _MIN_LENGTH:
        return None
    try:
        from transformers import PreTrainedModel
        from transformers.cache_utils import DynamicCache, DynamicLayer
    except ImportError:
        return None
    if not isinstance(model, PreTrainedModel):
        return None
    output = model(input_ids=tokens[None], use_cache=True)
    states: Any = output["cache"] if "cache" in output else output.get("past_key_values")
    if type(states) is not DynamicCache or any(type(layer) is not DynamicLayer for layer in states.layers):
        return None
    return Prefix(tokens, tuple((layer.keys, layer.values) for layer in states.layers))


def _leading_columns(equal: Tensor) -> int:
    """Return the number of leading columns in which all rows are equal."""
    return int(equal.all(dim=0).long().cumprod(dim=0).sum())
