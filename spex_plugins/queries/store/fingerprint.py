"""What a store knows a value function by: never its name, which outlives every change of what it does."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from spex_plugins.errors import InputError

__all__ = ["fingerprint_of"]


def fingerprint_of(value_function: Any, given: str | None) -> str:
    """Return the SHA-256 digest of the fingerprint that was given, or that the value function has.

    Nothing is guessed: the answers of a plain function depend on weights, globals, files and services that
    its code does not show. The digest keeps prompts and keys out of the store.

    Raises
    ------
    InputError
        If there is none.
    """
    text = getattr(value_function, "fingerprint", None) if given is None else given
    if not isinstance(text, str) or not text:
        raise InputError(
            "fingerprint: a store must know what the answers depend on, and this value function does not "
            "say. Pass fingerprint=, a text that changes whenever the model, its input or the masking "
            "changes, or give the value function such an attribute."
        )
    return sha256(text.encode(errors="surrogatepass")).hexdigest()
