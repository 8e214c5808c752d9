"""Prompts from the messages of a chat, by the chat template of the tokenizer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spex_plugins.errors import InputError

__all__ = ["chat_template"]

_TEXTS = {"content", "text"}
"""Keys of texts: the content of a message, which can be a list of parts, and the text of a part."""


@dataclass(frozen=True, eq=False)
class _Chat:
    tokenizer: Any
    messages: Sequence[Mapping[str, Any]]
    place: str

    def __call__(self, text: str) -> str:
        """Return the prompt with a text at its place, up to the answer of the model."""
        begun = self.messages[-1].get("role") == "assistant"
        prompt: str = self.tokenizer.apply_chat_template(
            _filled(self.messages, self.place, text),
            tokenize=False,
            add_generation_prompt=not begun,
            continue_final_message=begun,
        )
        return prompt


def chat_template(
    tokenizer: Any, messages: Sequence[Mapping[str, Any]], place: str
) -> tuple[Callable[[str], str], int]:
    """Return the function from a text to the prompt, and how often the place of the text is in the messages.

    Raises
    ------
    InputError
        If these are not messages, or the tokenizer has no template, or one that refuses them.
    """
    roles = [isinstance(message, Mapping) and {"role", "content"} <= set(message) for message in messages]
    if not roles or not all(roles):
        raise InputError(
            f"template: the messages of a chat must be dicts with 'role' and 'content', got {messages!r:.80}."
        )
    if not getattr(tokenizer, "chat_template", None):
        raise InputError("template: the tokenizer has no chat template for messages; give a text instead.")
    write, places = _Chat(tokenizer, messages, place), _count(messages, place)
    if places and place not in _first_prompt(write, place):
        raise InputError(
            f"template: the tokenizer's chat template leaves out the message that holds '{place}'; put it "
            "into a message of the user."
        )
    return write, places


def _first_prompt(write: Callable[[str], str], text: str) -> str:
    from jinja2 import TemplateError  # transformers needs it for templates

    try:
        return write(text)
    except TemplateError as error:
        raise InputError(
            f"template: the tokenizer's chat template refuses these messages: {error}. Where it knows no "
            "system message, put its text into that of the user."
        ) from error


def _count(content: Any, place: str) -> int:
    """Count the places in messages, in a message, or in its content: a text or parts of several kinds."""
    if isinstance(content, str):
        return content.count(place)
    if isinstance(content, Mapping):
        return sum(_count(content[key], place) for key in _TEXTS & set(content))
    return sum(_count(part, place) for part in content or ())


def _filled(content: Any, place: str, text: str) -> Any:
    """Put a text at its place in messages, in a message, or in its content."""
    if isinstance(content, str):
        return content.replace(place, text)
    if isinstance(content, Mapping):
        return {**content} | {key: _filled(content[key], place, text) for key in _TEXTS & set(content)}
    return content and [_filled(part, place, text) for part in content]
