"""Keys and passwords that servers and libraries quote in their errors, and their removal from texts."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

__all__ = ["credentials_of", "redacted", "without_credentials"]

_NAMES = "key|token|secret|auth|pass|sig|cred|cookie"  # of headers and of parameters of an address
_NAMED = re.compile(_NAMES, re.IGNORECASE)
_USER = re.compile(r"(?<=://)[^/?#\s@]+@")
_PARAMETER = re.compile(rf"([?&][^=&\s]*(?:{_NAMES})[^=&\s]*=)[^&\s'\"]+", re.IGNORECASE)
_REDACTED = "…"
# A shorter text is taken for a word, not for a secret: local servers accept any key.
_LEAST, _LEAST_LETTERS = 4, 8
_UNMISTAKABLE = 16  # characters, which occur within no other word


def without_credentials(text: str) -> str:
    """Replace the user and the password of addresses, and parameters that are named like a key."""
    return _PARAMETER.sub(rf"\g<1>{_REDACTED}", _USER.sub(f"{_REDACTED}@", text))


def redacted(text: str, credentials: Iterable[str]) -> str:
    """Replace credentials wherever they occur as a whole, and those of addresses.

    Parameters
    ----------
    text : str
    credentials : iterable of str
        Those of fewer than 4 characters, or of fewer than 8 letters alone, are left as they are.
    """
    for credential in sorted(filter(_is_secret, credentials), key=len, reverse=True):
        for form in {credential, quote(credential, safe="")}:
            text = _pattern(form).sub(_REDACTED, text)
    return without_credentials(text)


def credentials_of(client: Any) -> set[str]:
    """Return the keys and passwords that an ``openai.AsyncOpenAI`` sends."""
    address = client.base_url
    # openai 1 ends the address with a slash even where it ends with a parameter.
    parameters = [(name, value.removesuffix("/")) for name, value in address.params.multi_items()]
    named = [*client.default_headers.items(), *client.default_query.items(), *parameters]
    values = [value for name, value in named if _NAMED.search(name) and isinstance(value, str)]
    values += [value.split(" ", 1)[1] for value in values if " " in value]  # behind "Bearer" or "Basic"
    user = [address.username, address.password]
    pair = b64encode(":".join(user).encode()).decode()
    return {value.strip() for value in (str(client.api_key), *values, *user, pair)}


def _is_secret(credential: str) -> bool:
    return len(credential) >= (_LEAST_LETTERS if credential.isalpha() else _LEAST)


def _pattern(credential: str) -> re.Pattern[str]:
    """Return what finds a credential, also where quotes and backslashes in it are escaped."""
    body = "".join(
        rf"\\*{re.escape(character)}" if character in "'\"\\" else re.escape(character)
        for character in credential
    )
    if len(credential) >= _UNMISTAKABLE:
        return re.compile(body)
    return re.compile(rf"(?<![\w-]){body}(?![\w-])")
