"""The connection to an OpenAI-compatible API, from arguments or from the environment."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from math import inf
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from spex_plugins import checks as check
from spex_plugins.errors import InputError, MissingExtraError
from spex_plugins.games.chat.errors.credentials import without_credentials
from spex_plugins.games.chat.request_batch import RequestBatch
from spex_plugins.games.chat.requests import Requests
from spex_plugins.games.common import background_loop

__all__ = ["Connection"]


class Connection:
    """Sends batches of requests from synchronous code; it can be pickled, without keys and passwords.

    Parameters
    ----------
    client : openai.AsyncOpenAI or None
    base_url, api_key : str or None
        What a client is made from where there is none.
    concurrency, max_retries : int
    timeout : float
        Seconds for one request.

    Attributes
    ----------
    address : str
        Address of the server.
    concurrency : int
    requests : Requests
    """

    def __init__(
        self,
        client: Any,
        base_url: str | None,
        api_key: str | None,
        *,
        concurrency: int,
        max_retries: int,
        timeout: float,
    ) -> None:
        if not (isinstance(timeout, int | float) and timeout > 0):
            raise InputError(f"timeout: must be a number of seconds above 0, got {timeout!r}.")
        self.concurrency = check.count("concurrency", concurrency, 1, "requests at a time")
        self._max_retries = check.count("max_retries", max_retries, 0, "how often a request is repeated")
        self._timeout = timeout
        self._own_client = client is None
        self._address_is_given = base_url is not None
        self._connect(_make_client(base_url, api_key) if client is None else _checked_client(client))

    def send(self, batch: RequestBatch, after_first: Callable[[], None]) -> None:
        """Send requests; until one was ever answered the first goes alone, so that a mistake costs one.

        Parameters
        ----------
        batch : RequestBatch
            Keeps the answers and the first problem.
        after_first : callable
            Called after a request that went alone, before the others are sent.
        """
        if not self.requests.proven:
            background_loop.run(self.requests.send_one(batch), batch.stop)
            after_first()
        background_loop.run(self.requests.send(batch), batch.stop)

    def limit_time(self, seconds: float | None) -> None:
        """Do not wait for the server beyond some seconds from now; None for no such limit."""
        self.requests.deadline = inf if seconds is None else monotonic() + seconds

    def __str__(self) -> str:
        return without_credentials(self.address)

    def __getstate__(self) -> dict[str, Any]:
        """Pickle without connections, keys and passwords.

        A worker process needs OPENAI_API_KEY itself, and an address with credentials as OPENAI_BASE_URL.
        """
        if not self._own_client:
            raise InputError(
                "client: cannot be pickled; give base_url instead, and the key as OPENAI_API_KEY."
            )
        address = without_credentials(self.address)
        if address != self.address and self._address_is_given:
            raise InputError(
                "base_url: an address with a password or a key cannot be pickled; set OPENAI_BASE_URL to it, "
                "in worker processes too, and omit base_url."
            )
        state = {name: value for name, value in vars(self).items() if name != "requests"}
        return state | {"address": address, "has_credentials": address != self.address}

    def __setstate__(self, state: dict[str, Any]) -> None:
        address, has_credentials = state["address"], state.pop("has_credentials")
        vars(self).update(state)
        self._connect(_make_client(None if has_credentials else address, None))
        if without_credentials(self.address) != address:
            raise InputError(
                f"OPENAI_BASE_URL: must be {address}, with its credentials, in this process too."
            )

    def _connect(self, client: Any) -> None:
        self.address = str(client.base_url)
        limits = {"concurrency": self.concurrency, "max_retries": self._max_retries}
        self.requests = Requests(client, **limits, timeout=self._timeout)
        if self._own_client:
            weakref.finalize(self, _close, client).atexit = False


def _close(client: Any) -> None:
    background_loop.run_later(client.close())


def _make_client(base_url: str | None, api_key: str | None) -> Any:
    """Return an ``openai.AsyncOpenAI``; what is None comes from OPENAI_BASE_URL and OPENAI_API_KEY."""
    openai = _openai()
    if not (api_key or os.environ.get("OPENAI_API_KEY")):
        raise InputError(
            "api_key: none is given and OPENAI_API_KEY is not set; for a local server any text will do."
        )
    _check_address(os.environ.get("OPENAI_BASE_URL") if base_url is None else base_url)
    return openai.AsyncOpenAI(base_url=base_url, api_key=api_key)


def _checked_client(client: Any) -> Any:
    """Return the client of the user if it can be used."""
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
