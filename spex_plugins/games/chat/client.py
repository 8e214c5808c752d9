"""The client of an OpenAI-compatible API, from arguments or from the environment."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

from spex_plugins.errors import InputError, MissingExtraError
from spex_plugins.games.chat.credentials import without_credentials

__all__ = ["checked_client", "make_client"]


def make_client(base_url: str | None, api_key: str | None) -> Any:
    """Return an ``openai.AsyncOpenAI``; what is None comes from OPENAI_BASE_URL and OPENAI_API_KEY."""
    openai = _openai()
    if not (api_key or os.environ.get("OPENAI_API_KEY")):
        raise InputError(
            "api_key: none is given and OPENAI_API_KEY is not set; for a local server any text will do."
        )
    _check_address(os.environ.get("OPENAI_BASE_URL") if base_url is None else base_url)
    return openai.AsyncOpenAI(base_url=base_url, api_key=api_key)


def checked_client(client: Any) -> Any:
    """Return a client that was made outside."""
    if not isinstance(client, _openai().AsyncOpenAI):
        raise InputError(f"client: must be an openai.AsyncOpenAI, got {type(client).__name__}.")
    _check_address(str(client.base_url))
    return client


def _check_address(address: Any) -> None:
    """Refuse an address that no request can be sent to; None is that of OpenAI."""
    if address is None:
        return
    try:
        parts = urlsplit(str(address))
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is none
        usable = False
    if not usable or any(character.isspace() for character in str(address)):
        raise InputError(
            "base_url: must be an address with http:// or https://, such as http://127.0.0.1:8000/v1, got "
            f"{without_credentials(str(address))!r:.80}."
        )


def _openai() -> Any:
    try:
        import openai
    except ImportError as error:
        raise MissingExtraError('ChatGame needs openai: pip install "spex-plugins[api]".') from error
    return openai
