"""Scores of chosen tokens, in a form that is accurate for probabilities near 0 and near 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["token_scores"]


def token_scores(logits: Tensor, tokens: Tensor) -> Tensor:
    """Return the logits of N tokens, and log Σ exp of those of all other tokens.

    Parameters
    ----------
    logits : Tensor, shape (N, V)
    tokens : Tensor of int64, shape (N,)

    Returns
    -------
    Tensor of float64, shape (2, N)
        On the CPU, as some accelerators have no float64.
    """
    logits = logits.float()
    chosen = logits.gather(1, tokens[:, None])[:, 0]
    others = logits.scatter(1, tokens[:, None], -float("inf")).logsumexp(dim=1)
    return torch.stack([chosen, others]).cpu().double()
