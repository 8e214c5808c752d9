"""Kinds of errors of requests: which may pass, how often a request is repeated, and what is out of reach."""

from __future__ import annotations

import json
from typing import Any

from spex_plugins.errors import InputError
from spex_plugins.games.chat.scores import MissingLogProbsError

__all__ = [
    "BROKEN_REPLY",
    "BrokenReplyError",
    "PassingError",
    "RefusedError",
    "ServerBusyError",
    "UnreachableError",
    "can_be_answered_later",
    "has_no_connection",
    "headers_of",
    "is_passing",
    "repetitions",
    "timeouts",
    "was_reached",
]

_PASSING = {408, 409, 425, 429}  # and everything from 500
_NO_SERVER = {502, 503, 504, 521, 522, 523}  # from a gateway that does not reach the server behind it
BROKEN_REPLY = (json.JSONDecodeError, UnicodeDecodeError)


class ServerBusyError(Exception):
    """The server accepts no requests for longer than a request should wait."""


class PassingError(Exception):
    """A request failed, and a later one may not; the text names the error, without credentials."""


class RefusedError(InputError):
    """A server that answers other requests refuses this one, for example because of a content filter."""


class BrokenReplyError(RefusedError):
    """A server whose other replies can be read answers this request with one that cannot, however often.

    Each of these replies may be charged, so that the request is not repeated any more.
    """


class UnreachableError(PassingError):
    """Nothing has answered for so long that no further request is sent now."""


def is_passing(error: BaseException | None) -> bool:
    """Tell whether it makes sense to send the same request again."""
    import openai

    if isinstance(error, openai.APIStatusError):
        spent = error.status_code == 429 and error.code == "insufficient_quota"
        return not spent and (error.status_code in _PASSING or error.status_code >= 500)
    return isinstance(error, (openai.APIConnectionError, TimeoutError, MissingLogProbsError, *BROKEN_REPLY))


def was_reached(error: BaseException | None) -> bool | None:
    """Tell whether an error shows that the server was reached; None where it does not tell.

    A gateway that does not reach its server is no answer, and a server that takes its time may be working.
    """
    import openai

    if isinstance(error, openai.APIStatusError):
        return error.status_code not in _NO_SERVER
    if isinstance(error, (MissingLogProbsError, *BROKEN_REPLY)):
        return True
    return False if has_no_connection(error) else None


def has_no_connection(error: BaseException | None) -> bool:
    """Tell whether nothing answered at all; a server that takes its time is no such case."""
    import openai

    if isinstance(error, openai.APITimeoutError):
        return type(error.__cause__).__name__ == "ConnectTimeout"
    return isinstance(error, openai.APIConnectionError)


def can_be_answered_later(error: BaseException) -> bool:
    """Tell whether the same masks may be asked for again."""
    return isinstance(error, PassingError | ServerBusyError)


def repetitions(error: BaseException | None, most: int, *, proven: bool) -> int:
    """Return how often a request that failed so is repeated.

    A server that has never answered is most likely the wrong one, or does not run.

    Parameters
    ----------
    error : Exception or None
    most : int
        The number for a server that has answered before.
    proven : bool
        Whether the server has answered before.

    Returns
    -------
    int
        0 for errors that do not pass by themselves.
    """
    if not is_passing(error):
        return 0
    if not proven and has_no_connection(error):
        return min(most, 1)
    never = not proven and isinstance(error, (MissingLogProbsError, *BROKEN_REPLY, *timeouts()))
    return min(most, 2) if never else most


def timeouts() -> tuple[type[Exception], ...]:
    """Return the types of errors that mean no answer in time."""
    import openai

    return TimeoutError, openai.APITimeoutError


def headers_of(error: BaseException) -> Any:
    """Return the headers of the response behind an error, or None where there was none."""
    response = getattr(error, "response", None)
    return None if response is None else response.headers
