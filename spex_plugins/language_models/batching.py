"""Which prompts a model can evaluate in one call, with the value of every prompt alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

from spex_plugins.errors import InputError

__all__ = ["Batching", "batches", "find_batching", "nearly_equal"]

_FINE = ("torch.float32", "torch.float64")
_TOLERANCE, _COARSE = 0.001, 0.1  # of the largest logit

LastLogits = Callable[[Sequence[list[int]]], Any]


class Batching(Enum):
    """The rows that a model can evaluate in one call, with the values of every row alone."""

    ANY_LENGTH = "rows of any length, padded"
    EQUAL_LENGTH = "rows of one length, without padding"
    SINGLE = "one row"


def find_batching(last_logits: LastLogits, long: list[int], short: list[int]) -> Batching:
    """Return which prompts can share a call, from the logits after a prompt alone and beside others.

    Nearly all models ignore padding. Some recurrent ones ignore the attention mask instead, some classifiers
    use the last token even if it is padding, local attention can count padding in its window, and experts of
    limited capacity can drop tokens because of others.

    Parameters
    ----------
    last_logits : callable
        From prompts, padded where they are shorter than others, to the logits after them (c, V).
    long, short : list of int
        The longest prompt, and the shortest.

    Raises
    ------
    InputError
        If the logits of one prompt differ between calls.
    """
    if len(short) == len(long):
        short = long[: max(1, len(long) // 2)]
    alone = last_logits([short])[0]
    examples = {
        Batching.ANY_LENGTH: [short, long],
        Batching.EQUAL_LENGTH: [short, short[::-1]],
        Batching.SINGLE: [short],
    }
    for batching, rows in examples.items():
        if nearly_equal(alone, last_logits(rows)[0], alone.dtype):
            return batching
    raise InputError(
        "model: its logits differ between two calls with the same prompt; remove random parts, such as "
        "dropout or noise."
    )


def nearly_equal(alone: Any, beside: Any, dtype: Any) -> bool:
    """Return whether the logits of a prompt, alone and beside others, are equal up to rounding."""
    tolerance = _TOLERANCE if str(dtype) in _FINE else _COARSE
    return bool(abs(alone - beside).max() <= tolerance * abs(alone).max())


def batches(lengths: Sequence[int], batching: Batching) -> list[list[int]]:
    """Return the rows of every call, by their numbers, for rows of given lengths."""
    rows = range(len(lengths))
    if batching is Batching.ANY_LENGTH:
        return [list(rows)]
    if batching is Batching.SINGLE:
        return [[row] for row in rows]
    return [[row for row in rows if lengths[row] == length] for length in sorted(set(lengths))]
