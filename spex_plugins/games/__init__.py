"""Value functions that users have: ready to be explained, without a line of masking code.

``from spex_plugins.games import MaskedPrompt`` loads what that game needs, and nothing for the others.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spex_plugins.games.masked_prompt import MaskedPrompt
    from spex_plugins.games.window import WindowWarning

__all__ = ["MaskedPrompt", "WindowWarning"]

_MODULES = {
    "MaskedPrompt": "spex_plugins.games.masked_prompt",
    "WindowWarning": "spex_plugins.games.window",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
