"""Exact Shapley values of a forward function, one perturbed example at a time, by the definition."""

from __future__ import annotations

import torch
from oracles import sii, subsets_of


def exact(forward, inputs, baselines, masks):
    """Return the exact attributions of one example, one tensor (…outputs, …input) for each input.

    Inputs, baselines and masks are tuples of tensors of equal shapes (1, …).
    """
    ids = sorted({i for mask in masks for i in mask.flatten().tolist()})
    table = [None] * 2 ** len(ids)
    for kept in subsets_of(range(len(ids))):
        present = {ids[k] for k in kept}
        parts = zip(inputs, baselines, masks, strict=True)
        perturbed = [_perturbed(x, reference, mask, present) for x, reference, mask in parts]
        table[sum(2**k for k in kept)] = forward(*perturbed)[0].double()
    value = {ids[k]: shapley for (k,), shapley in _singles(table)}
    return tuple(_spread(value, mask, table[0].shape) for mask in masks)


def numbered(inputs):
    """Return the default masks: every element is a feature."""
    starts = [sum(x[0].numel() for x in inputs[:k]) for k in range(len(inputs))]
    return tuple(
        torch.arange(x[0].numel()).reshape(1, *x.shape[1:]) + start
        for x, start in zip(inputs, starts, strict=True)
    )


def _singles(table):
    return [(s, v) for s, v in sii(table, 1).items() if s]


def _perturbed(x, reference, mask, present):
    if not x.numel():
        return x
    elements = zip(x.flatten(), reference.flatten(), mask.flatten().tolist(), strict=True)
    return torch.stack([a if i in present else b for a, b, i in elements]).reshape(x.shape)


def _spread(value, mask, outputs):
    if not mask.numel():
        return torch.zeros(*outputs, *mask.shape[1:], dtype=torch.float64)
    values = torch.stack([value[i] for i in mask.flatten().tolist()], dim=-1)
    return values.reshape(*outputs, *mask.shape[1:])
