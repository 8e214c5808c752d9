"""Value functions for language models, image classifiers and models behind an API, with their masking.

``from spex_plugins.games import MaskedPrompt`` imports the packages that this game needs, and no others.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spex_plugins.games.chat.chat_game import ChatGame
    from spex_plugins.games.image.conse import ConSE
    from spex_plugins.games.image.image_game import ImageGame
    from spex_plugins.games.image.image_text_answer import ImageTextAnswer
    from spex_plugins.games.image.multimodal import MultimodalGame
    from spex_plugins.games.text.context_window import WindowWarning
    from spex_plugins.games.text.masked_prompt import MaskedPrompt

__all__ = [
    "ChatGame",
    "ConSE",
    "ImageGame",
    "ImageTextAnswer",
    "MaskedPrompt",
    "MultimodalGame",
    "WindowWarning",
]

_MODULES = {
    "ChatGame": "spex_plugins.games.chat.chat_game",
    "ConSE": "spex_plugins.games.image.conse",
    "ImageGame": "spex_plugins.games.image.image_game",
    "ImageTextAnswer": "spex_plugins.games.image.image_text_answer",
    "MaskedPrompt": "spex_plugins.games.text.masked_prompt",
    "MultimodalGame": "spex_plugins.games.image.multimodal",
    "WindowWarning": "spex_plugins.games.text.context_window",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
