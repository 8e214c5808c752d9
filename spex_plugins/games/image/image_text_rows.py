"""The inputs of a model that reads images and texts, with an answer behind every prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from spex_plugins.games.text.tokens import Ending

__all__ = ["with_answers"]

_TYPES = ("token_type_ids", "mm_token_type_ids")  # 0 is text
_SEEN = "cross_attention_mask"  # the images that a token sees: those that the token before it sees


def with_answers(
    prompts: Mapping[str, Any], endings: Sequence[Ending], n_behind: int, padding: int
) -> dict[str, Any]:
    """Return the inputs of prompts, each followed by its answer, padded on the left.

    Parameters
    ----------
    prompts : mapping of str to Tensor
        What the processor returns for b prompts with their images, with "attention_mask".
    endings : sequence of Ending
        Of every prompt.
    n_behind : int
        Number of special tokens at the end of every prompt, which the answer replaces as well.
    padding : int
        Token that fills rows.
    """
    real = prompts["attention_mask"].bool()
    kept = [
        row.nonzero()[: int(row.sum()) - n_behind - ending.replaced, 0]
        for row, ending in zip(real, endings, strict=True)
    ]
    answers = [prompts["input_ids"].new_tensor(ending.ids) for ending in endings]

    def lengthened(name: str, fill: int) -> Tensor:
        values = prompts[name]
        rows = [values[i, at] for i, at in enumerate(kept)]
        more = [row[-1:].repeat_interleave(len(new), dim=0) for row, new in zip(rows, answers, strict=True)]
        if name in _TYPES:
            more = [each * 0 for each in more]
        if name == "input_ids":
            more = answers
        return _padded([*map(_joined, rows, more)], fill)

    fills = {"input_ids": padding} | dict.fromkeys(("attention_mask", *_TYPES, _SEEN), 0)
    return dict(prompts) | {name: lengthened(name, fill) for name, fill in fills.items() if name in prompts}


def _joined(row: Tensor, more: Tensor) -> Tensor:
    import torch

    return torch.cat([row, more])


def _padded(rows: Sequence[Tensor], fill: int) -> Tensor:
    import torch

    width = max(map(len, rows))
    blanks = [row.new_full((width - len(row), *row.shape[1:]), fill) for row in rows]
    return torch.stack([torch.cat([blank, row]) for blank, row in zip(blanks, rows, strict=True)])
