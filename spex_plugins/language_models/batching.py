"""Which prompts a model is asked at once, so that every value is that of the prompt alone."""

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
    """What a model must not be asked in one call, for its answers to be those of every row alone."""

    ANY_LENGTH = "rows of any length, padded"
    EQUAL_LENGTH = "rows of one length, without padding"
    SINGLE = "one row"


def find_batching(last_logits: LastLogits, long: list[int], short: list[int]) -> Batching:
    """Compare the logits behind a prompt alone and beside others.

    Nearly all models hide padding. Some recurrent ones ignore the attention mask, some classifiers read the
    last token whatever it is, windows of local attention can count padding, and experts of limited capacity
    can leave tokens out when others take their place.

    Parameters
    ----------
    last_logits : callable
        From prompts, padded where they are shorter than others, to the logits behind them (c, V).
    long, short : list of int
        The longest prompt, and the shortest.

    Raises
    ------
    InputError
        If even one prompt has other logits every time.
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
        "model: gives another answer every time it is asked the same; take out what is random, such as "
        "dropout or noise."
    )


def nearly_equal(alone: Any, beside: Any, dtype: Any) -> bool:
    """Tell whether answers to a prompt, alone and beside others, are equal up to the rounding of a type."""
    tolerance = _TOLERANCE if str(dtype) in _FINE else _COARSE
    return bool(abs(alone - beside).max() <= tolerance * abs(alone).max())


def batches(lengths: Sequence[int], batching: Batching) -> list[list[int]]:
    """Return the numbers of the rows of every call, for rows of given lengths."""
    rows = range(len(lengths))
    if batching is Batching.ANY_LENGTH:
        return [list(rows)]
    if batching is Batching.SINGLE:
        return [[row] for row in rows]
    return [[row for row in rows if lengths[row] == length] for length in sorted(set(lengths))]
