"""Rotary positions that are scaled by the length of the longest row: LongRoPE, and dynamic NTK scaling.

The values of a prompt then depend on longer rows of its call, and on a cached beginning.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["forget_length", "scales_with_length"]

_SCALED = ("dynamic", "longrope", "su")  # the last is an old name of LongRoPE


def scales_with_length(model: Any) -> bool:
    """Return whether the positions of a torch model depend on its longest row."""
    return any(kind in _SCALED for kind in _rope_types(model))


def forget_length(model: Any) -> None:
    """Make a model forget its longest row, by which dynamic scaling goes until a short row comes."""
    if "dynamic" in set(_rope_types(model)):
        one = next(model.parameters()).new_zeros(1, 1).long()
        written = {"decoder_input_ids": one} if getattr(model.config, "is_encoder_decoder", False) else {}
        scaled = [part for part in model.modules() if hasattr(part, "max_seq_len_cached")]
        # Releases of transformers 5 to 5.20 write the length under another name than they read: never reset.
        for part in scaled:
            part.max_seq_len_cached = sys.maxsize
        model(input_ids=one, **written)
        for part in scaled:
            part.max_seq_len_cached = part.original_max_seq_len


def _rope_types(model: Any) -> Iterator[str | None]:
    for part in model.modules():
        kind = getattr(part, "rope_type", None)
        yield from kind.values() if isinstance(kind, Mapping) else (kind,)
    config: Any = getattr(model, "config", None)
    if hasattr(config, "to_dict"):
        yield from _configured_types(config.to_dict(), scaling=False)


def _configured_types(settings: Mapping[str, Any], scaling: bool) -> Iterator[str | None]:
    """Yield the kinds of scaling in a configuration, nested by model and by kind of layer."""
    if scaling:
        yield from (settings.get(name) for name in ("rope_type", "type"))
    if settings.get("use_dynamic_ntk"):  # of models that bring their own code
        yield "dynamic"
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _configured_types(value, scaling or str(name).startswith("rope"))
