"""Identification of a value function in a store, independent of its name, which may outlive a change."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from spex_plugins.errors import InputError

__all__ = ["fingerprint_of"]


def fingerprint_of(value_function: Any, given: str | None) -> str:
    """Return the SHA-256 digest of the fingerprint that was given, or that the value function has.

    No fingerprint is derived from the code: the answers of a function depend on weights, globals, files and
    services that its code does not show. The digest keeps prompts and keys out of the store.

    Parameters
    ----------
    value_function : callable
        Its attribute ``fingerprint``, a text, is used if none is given.
    given : str or None
        The fingerprint that the user passed.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    InputError
        If there is no fingerprint.
    """
    text = getattr(value_function, "fingerprint", None) if given is None else given
    if not isinstance(text, str) or not text:
        raise InputError(
            "fingerprint: a store needs a text that identifies the value function, and this function has "
            "none. Pass fingerprint=, a text that changes whenever the model, its input or the masking "
            "changes, or give the value function such an attribute."
        )
    return sha256(text.encode(errors="surrogatepass")).hexdigest()
