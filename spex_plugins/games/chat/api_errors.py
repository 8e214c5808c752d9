"""What went wrong with a request: something that may pass, or something that the user has to change."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from spex_plugins.errors import InputError
from spex_plugins.games.chat.credentials import redacted
from spex_plugins.games.chat.scores import MissingLogProbsError

__all__ = [
    "PassingError",
    "ServerBusyError",
    "can_be_answered_later",
    "explained",
    "headers_of",
    "is_passing",
    "repetitions",
]

_PASSING = {408, 409, 425, 429}  # and everything from 500
_REQUEST = (
    "model, template, top_logprobs, extra: the server refuses the request; extra= adds fields to it and "
    "leaves out those that are None"
)
_REMEDIES = {
    401: "api_key: the server does not accept it; set OPENAI_API_KEY or pass api_key=",
    403: "api_key: it does not give access to this model; use another key or model",
    404: "model, base_url: the server does not know the model or has no such endpoint; check both",
    429: "api_key: the account has no credit left; add some and run again, what was answered is kept",
}
_BROKEN_REPLY = (json.JSONDecodeError, UnicodeDecodeError)
_QUOTED = 500  # characters of what a server says


class ServerBusyError(Exception):
    """The server wants to be left alone for longer than a request should wait."""


class PassingError(Exception):
    """A request failed, and a later one may not; the text names the error, without credentials."""


def is_passing(error: Exception) -> bool:
    """Tell whether it makes sense to send the same request again."""
    import openai

    if isinstance(error, openai.APIStatusError):
        spent = error.status_code == 429 and error.code == "insufficient_quota"
        return not spent and (error.status_code in _PASSING or error.status_code >= 500)
    return isinstance(error, (openai.APIConnectionError, TimeoutError, MissingLogProbsError, *_BROKEN_REPLY))


def can_be_answered_later(error: BaseException) -> bool:
    """Tell whether the same masks may be asked for again."""
    return isinstance(error, PassingError | ServerBusyError)


def repetitions(error: Exception, most: int, *, proven: bool) -> int:
    """Return how often a request that failed so is repeated.

    A server that has never answered is most likely the wrong one, or does not run.

    Parameters
    ----------
    error : Exception
    most : int
        For a server that has answered before.
    proven : bool
        Whether it has.
    """
    if not is_passing(error):
        return 0
    if not proven and _is_unreachable(error):
        return min(most, 1)
    never = not proven and isinstance(error, (MissingLogProbsError, *_BROKEN_REPLY, *_timeouts()))
    return min(most, 2) if never else most


def explained(
    error: Exception, *, proven: bool, secret: str | Iterable[str], address: str = "the server"
) -> Exception:
    """Return the error that the user sees: with a remedy where only the user can help, without credentials.

    Parameters
    ----------
    error : Exception
    proven : bool
        Whether this server has ever answered with log-probabilities.
    secret : str or iterable of str
        Keys and passwords; some servers quote them.
    address : str
        Of the server.
    """
    import openai

    secrets = [secret] if isinstance(secret, str) else list(secret)

    def told(text: str) -> str:
        return f"{redacted(text, secrets):.{_QUOTED}}"

    if isinstance(error, openai.APIStatusError) and not is_passing(error):
        remedy = _REMEDIES.get(error.status_code, _REQUEST)
        return InputError(f"{remedy}. The server says: {told(str(error))}")
    if not is_passing(error):
        return error
    by_transport = isinstance(error, openai.APIConnectionError)
    where = "" if proven and not by_transport else f" at {address}"
    said = _reason(error) if by_transport else str(error)
    reason = told(f"{type(error).__name__}{where}: {said}".removesuffix(": "))
    remedy = "" if proven else _remedy_of_first(error)
    return InputError(f"{remedy}: {reason}") if remedy else PassingError(reason)


def headers_of(error: BaseException) -> Any:
    """Return the headers of the response behind an error, or None where there was none."""
    response = getattr(error, "response", None)
    return None if response is None else response.headers


def _is_unreachable(error: Exception) -> bool:
    """Tell whether nothing answered at all; a server that takes its time is no such case."""
    import openai

    if isinstance(error, openai.APITimeoutError):
        return type(error.__cause__).__name__ == "ConnectTimeout"
    return isinstance(error, openai.APIConnectionError)


def _remedy_of_first(error: Exception) -> str:
    """Return what may be wrong with a server that has never answered; "" where it may be busy."""
    if _is_unreachable(error):
        return "base_url: no server answers; check the address, and that it runs"
    if isinstance(error, _timeouts()):
        return (
            "base_url, timeout: the server takes requests and answers none in time; check that the model "
            "runs, or allow more seconds"
        )
    if isinstance(error, MissingLogProbsError):
        return "model, endpoint: choose ones that give top_logprobs (reasoning models mostly do not)"
    if isinstance(error, _BROKEN_REPLY):
        return (
            "base_url: the server does not answer as an OpenAI-compatible API does; check the address, which "
            "often ends in /v1"
        )
    return ""


def _timeouts() -> tuple[type[Exception], ...]:
    import openai

    return TimeoutError, openai.APITimeoutError


def _reason(error: Exception) -> str:
    """Return what the system said, which every layer above hides behind words of its own."""
    behind: BaseException | None = error.__cause__
    reason = str(behind or error) or type(behind).__name__
    while behind is not None:
        if isinstance(behind, OSError) and str(behind):
            reason = str(behind)
        behind = behind.__cause__ or behind.__context__
        if isinstance(behind, BaseExceptionGroup):  # one error for every address of a name
            behind = behind.exceptions[0]
    return reason
