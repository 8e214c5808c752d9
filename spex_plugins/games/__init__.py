"""Value functions for language models, documents, agents, images and training data, with their masking.

``from spex_plugins.games import MaskedPrompt`` imports the packages that this game needs, and no others.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spex_plugins.games.chat.chat_game import ChatGame
    from spex_plugins.games.chat.chat_replies import ChatReplies
    from spex_plugins.games.context.context_game import ContextGame
    from spex_plugins.games.heads.heads_game import HeadsGame
    from spex_plugins.games.image.conse import ConSE
    from spex_plugins.games.image.image_game import ImageGame
    from spex_plugins.games.image.image_text_answer import ImageTextAnswer
    from spex_plugins.games.image.image_text_match import ImageTextMatch
    from spex_plugins.games.image.multimodal import MultimodalGame
    from spex_plugins.games.parts.call_log import CallRecord
    from spex_plugins.games.parts.parts_game import CallOutcome, PartsGame
    from spex_plugins.games.replies.reply_game import ReplyGame
    from spex_plugins.games.replies.similarity import Embedded
    from spex_plugins.games.text.context_window import WindowWarning
    from spex_plugins.games.text.masked_prompt import MaskedPrompt
    from spex_plugins.games.training.data_game import DataGame

__all__ = [
    "CallOutcome",
    "CallRecord",
    "ChatGame",
    "ChatReplies",
    "ConSE",
    "ContextGame",
    "DataGame",
    "Embedded",
    "HeadsGame",
    "ImageGame",
    "ImageTextAnswer",
    "ImageTextMatch",
    "MaskedPrompt",
    "MultimodalGame",
    "PartsGame",
    "ReplyGame",
    "WindowWarning",
]

_MODULES = {
    "CallOutcome": "spex_plugins.games.parts.parts_game",
    "CallRecord": "spex_plugins.games.parts.call_log",
    "ChatGame": "spex_plugins.games.chat.chat_game",
    "ChatReplies": "spex_plugins.games.chat.chat_replies",
    "ConSE": "spex_plugins.games.image.conse",
    "ContextGame": "spex_plugins.games.context.context_game",
    "DataGame": "spex_plugins.games.training.data_game",
    "Embedded": "spex_plugins.games.replies.similarity",
    "HeadsGame": "spex_plugins.games.heads.heads_game",
    "ImageGame": "spex_plugins.games.image.image_game",
    "ImageTextAnswer": "spex_plugins.games.image.image_text_answer",
    "ImageTextMatch": "spex_plugins.games.image.image_text_match",
    "MaskedPrompt": "spex_plugins.games.text.masked_prompt",
    "MultimodalGame": "spex_plugins.games.image.multimodal",
    "PartsGame": "spex_plugins.games.parts.parts_game",
    "ReplyGame": "spex_plugins.games.replies.reply_game",
    "WindowWarning": "spex_plugins.games.text.context_window",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
