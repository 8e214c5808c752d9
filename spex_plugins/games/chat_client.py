"""The client of an OpenAI-compatible API, from arguments or from the environment."""

from __future__ import annotations

import os
from typing import Any

from spex_plugins.errors import InputError, MissingExtraError

__all__ = ["checked_client", "make_client"]


def make_client(base_url: str | None, api_key: str | None) -> Any:
    """Return an ``openai.AsyncOpenAI``; what is None comes from OPENAI_BASE_URL and OPENAI_API_KEY."""
    openai = _openai()
    if not (api_key or os.environ.get("OPENAI_API_KEY")):
        raise InputError(
            "api_key: none is given and OPENAI_API_KEY is not set; for a local server any text will do."
        )
    return openai.AsyncOpenAI(base_url=base_url, api_key=api_key)


def checked_client(client: Any) -> Any:
    """Return a client that was made outside."""
    if not isinstance(client, _openai().AsyncOpenAI):
        raise InputError(f"client: must be an openai.AsyncOpenAI, got {type(client).__name__}.")
    return client


def _openai() -> Any:
    try:
        import openai
    except ImportError as error:
        raise MissingExtraError('ChatGame needs openai: pip install "spex-plugins[api]".') from error
    return openai
