"""What went wrong with a request: something that may pass, or something that the user has to change."""

from __future__ import annotations

import json
from typing import Any

from spex_plugins.errors import InputError
from spex_plugins.games.chat_scores import MissingLogProbsError

__all__ = ["ServerBusyError", "can_be_answered_later", "explained", "headers_of", "is_passing"]

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


class ServerBusyError(Exception):
    """The server wants to be left alone for longer than a request should wait."""


def is_passing(error: Exception) -> bool:
    """Tell whether it makes sense to send the same request again."""
    import openai

    if isinstance(error, openai.APIStatusError):
        spent = error.status_code == 429 and error.code == "insufficient_quota"
        return not spent and (error.status_code in _PASSING or error.status_code >= 500)
    broken_reply = (json.JSONDecodeError, UnicodeDecodeError, MissingLogProbsError)
    return isinstance(error, (openai.APIConnectionError, TimeoutError, *broken_reply))


def can_be_answered_later(error: Exception) -> bool:
    """Tell whether the same masks may be asked for again."""
    return is_passing(error) or isinstance(error, ServerBusyError)


def explained(error: Exception, *, proven: bool, secret: str) -> Exception:
    """Return the error that the user sees: with a remedy where only the user can help, and without the key.

    Parameters
    ----------
    error : Exception
    proven : bool
        Whether this server has ever answered with log-probabilities.
    secret : str
        The key; some servers quote it.
    """
    import openai

    if isinstance(error, MissingLogProbsError) and not proven:
        return InputError(
            f"model, endpoint: {error}; choose a model and an endpoint that give top_logprobs (reasoning "
            "models mostly do not)."
        )
    if not isinstance(error, openai.APIStatusError) or is_passing(error):
        return error
    said = str(error).replace(secret, "…") if secret else str(error)
    return InputError(f"{_REMEDIES.get(error.status_code, _REQUEST)}. The server says: {said:.500}")


def headers_of(error: BaseException) -> Any:
    """Return the headers of the response behind an error, or None where there was none."""
    response = getattr(error, "response", None)
    return None if response is None else response.headers
