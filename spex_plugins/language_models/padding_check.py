"""Whether a model can be asked at prompts of different lengths at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from spex_plugins.errors import InputError

__all__ = ["check_padding"]

_FEW = 4
_TOLERANCE = {torch.float32: 0.001, torch.float64: 0.001}  # of the largest logit
_COARSE = 0.1


def check_padding(last_logits: Callable[[Sequence[list[int]]], Any], ids: list[int]) -> None:
    """Compare the logits behind a short prompt alone and beside a longer one.

    Nearly all models hide padding. Some recurrent ones ignore the attention mask, and some classifiers read
    the last token whatever it is: their values would be wrong without a sign.

    Parameters
    ----------
    last_logits : callable
        From prompts, padded where they are shorter than others, to the logits behind them (c, V).
    ids : list of int
        A prompt, of which a few tokens are used.

    Raises
    ------
    InputError
        If padding changes the logits.
    """
    long = (ids * _FEW)[: 2 * _FEW]
    short = long[:_FEW]
    alone, beside = last_logits([short])[0], last_logits([long, short])[1]
    tolerance = _TOLERANCE.get(alone.dtype, _COARSE) * alone.abs().max()
    if (alone - beside).abs().max() > tolerance:
        raise InputError(
            "model: its answer to a prompt changes when longer ones are asked with it, as it does not hide "
            "padding; write a value function that asks one prompt at a time."
        )
