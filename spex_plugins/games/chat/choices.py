"""The choice of a reply that is read, where a server sends several."""

from __future__ import annotations

from typing import Any

__all__ = ["first_choice"]


def first_choice(reply: Any) -> Any:
    """Return the choice with index 0, wherever it stands; the first one where none has this index.

    Raises
    ------
    KeyError, IndexError, TypeError
        If the reply has no choices.
    """
    choices = reply["choices"]
    numbered = [choice for choice in choices if isinstance(choice, dict) and choice.get("index") == 0]
    return (numbered or choices)[0]
