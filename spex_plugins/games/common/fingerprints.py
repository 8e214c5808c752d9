"""Fingerprints of the parts of a value function: SHA-256, or None where it cannot be determined."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from spex_plugins.queries.store.digest import digest_of_data

__all__ = ["combined_fingerprint", "fingerprint_of_part", "is_torch_module"]


def is_torch_module(model: Any) -> bool:
    """Return whether a model is a torch module, without importing torch."""
    torch = sys.modules.get("torch")  # imported by whoever made a module
    return torch is not None and isinstance(model, torch.nn.Module)


def fingerprint_of_part(part: Any) -> str | None:
    """Return a digest of everything that an object's results depend on, or None where it has none.

    Supported are None, objects with a ``fingerprint``, torch modules (class, structure, parameters and
    buffers) and the processors of transformers. Plain functions have none, as they may read anything.
    """
    if part is None:
        return digest_of_data("nothing")
    given = getattr(part, "fingerprint", None)
    if isinstance(given, str):
        return given
    if is_torch_module(part):
        from spex_plugins.games.common.model_fingerprint import model_digest

        return model_digest(part)
    return _of_processor(part) if type(part).__module__.startswith("transformers.") else None


def combined_fingerprint(parts: Sequence[str | None], given: str | None) -> str | None:
    """Return a digest of several parts, or None where one of them is unknown and nothing is given for it.

    What is given stands for the unknown parts and beside the known ones. In their place, one text for a
    function would also stand for the model beside it, and another model would have the same answers.
    """
    if given is None and None in parts:
        return None
    return digest_of_data("parts", *("" if part is None else part for part in parts), given or "")


def _of_processor(part: Any) -> str | None:
    """Digest a processor of images, or of images and texts."""
    if not hasattr(part, "tokenizer"):
        return digest_of_data(part.to_json_string()) if hasattr(part, "to_json_string") else None
    from spex_plugins.games.common.model_fingerprint import tokenizer_digest

    settings = sorted((k, v) for k, v in vars(part).items() if isinstance(v, str | int | float))
    images = part.image_processor.to_json_string()
    return digest_of_data(type(part).__qualname__, repr(settings), images, tokenizer_digest(part.tokenizer))
