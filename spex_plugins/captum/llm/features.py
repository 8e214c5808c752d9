"""The features of a prompt: in the order of the text, with readable names."""

from __future__ import annotations

from copy import copy
from typing import Any

from captum.attr import TextTemplateInput, TextTokenInput

__all__ = ["feature_names", "in_reading_order"]


def in_reading_order(inp: Any) -> Any:
    """Return an input whose groups of values are numbered in the order in which they first appear."""
    if not isinstance(inp, TextTemplateInput) or not inp.mask:
        return inp
    number = {group: k for k, group in enumerate(dict.fromkeys(inp.formatted_mask))}
    ordered = copy(inp)
    ordered.formatted_mask = [number[group] for group in inp.formatted_mask]
    return ordered


def feature_names(inp: Any) -> list[str]:
    """Return the names of the features."""
    if isinstance(inp, TextTokenInput):  # its values are those of the vocabulary, such as "Ġnever"
        return [str(inp.tokenizer.decode(token)) for token in inp.itp_tensor[0].cpu().split(1)]
    if isinstance(inp, TextTemplateInput) and inp.mask:
        groups: list[list[str]] = [[] for _ in range(inp.n_itp_features)]
        for value, group in zip(inp.values, inp.formatted_mask, strict=True):
            groups[group].append(value)
        return [" ".join(group) for group in groups]
    return list(inp.values)
