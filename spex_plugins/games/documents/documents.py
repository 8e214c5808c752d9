"""The documents of a question, some of which can be masked, in parts or as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spex_plugins import checks as check
from spex_plugins.errors import InputError
from spex_plugins.games.text.text_features import MaskedParts, Spans, masked_parts
from spex_plugins.types import BoolArray, IntArray

__all__ = ["Document", "feature_names", "group_numbers", "read_documents"]

_NAME, _TEXT = "{name}", "{text}"


@dataclass(frozen=True)
class Document:
    """A document of a question.

    Attributes
    ----------
    name : str
    text : str
    before, behind : str
        What is written around its parts.
    parts : MaskedParts or None
        What can be masked of it; None where it is pinned.
    """

    name: str
    text: str
    before: str
    behind: str
    parts: MaskedParts | None

    @property
    def n(self) -> int:
        """Number of features."""
        return 0 if self.parts is None else len(self.parts.names)

    def masked(self, mask: BoolArray, replacement: str | None) -> str:
        """Return the text that is left by a mask (n,); "" if nothing is."""
        if self.parts is None:
            return f"{self.before}{self.text}{self.behind}"
        if replacement is None and not mask.any():
            return ""
        (left,) = self.parts.texts(mask[None], replacement)
        return f"{self.before}{left}{self.behind}"


def read_documents(documents: Any, pinned: Any, features: Spans, document: str) -> tuple[Document, ...]:
    """Check the documents of a question, and split those that can be masked.

    Parameters
    ----------
    documents : mapping of str to str, or sequence of str
    pinned : sequence of str
        Names of documents that are never masked.
    features : "document", or what `masked_parts` takes
    document : str
        How a document is written, with "{text}" and, if it is shown, "{name}".

    Raises
    ------
    InputError
        If an argument cannot be used, or no document can be masked.
    """
    texts = _named(documents)
    never = check.chosen_names("pinned", pinned)
    unknown = [name for name in never if name not in texts]
    if unknown:
        raise InputError(f"pinned: there is no document {unknown[0]!r}; choose from {list(texts)!r:.200}.")
    if len(never) == len(texts):
        raise InputError("pinned: all documents are pinned; leave at least one that can be masked.")
    around = document.split(_TEXT) if isinstance(document, str) else []
    if len(around) != 2:
        raise InputError(f"document: must hold '{_TEXT}' once, the place of its text; got {document!r:.80}.")
    found = []
    for name, text in texts.items():
        before, behind = (piece.replace(_NAME, name) for piece in around)
        parts = None if name in never else _parts(text, features)
        found.append(Document(name, text, before, behind, parts))
    return tuple(found)


def group_numbers(documents: Sequence[Document]) -> IntArray:
    """Return the number, among the documents that can be masked, of the document of every feature, (n,)."""
    counts = [document.n for document in documents if document.n]
    return np.repeat(np.arange(len(counts)), counts)


def feature_names(documents: Sequence[Document]) -> tuple[str, ...]:
    """Return the names of the documents, with the texts of their parts where there are several."""
    return tuple(
        document.name if document.n == 1 else f"{document.name}: {part}"
        for document in documents
        if document.parts is not None
        for part in document.parts.names
    )


def _parts(text: str, features: Spans) -> MaskedParts:
    return masked_parts(text, [(0, len(text))] if features == "document" else features)


def _named(documents: Any) -> dict[str, str]:
    if isinstance(documents, Sequence) and not isinstance(documents, str):
        documents = {f"document {i}": text for i, text in enumerate(documents, start=1)}
    if not isinstance(documents, Mapping) or not documents:
        raise InputError(
            "documents: must be a dict of names to texts, or a sequence of texts, with at least one; got "
            f"{documents!r:.80}."
        )
    for name, text in documents.items():
        if not isinstance(name, str) or not isinstance(text, str) or not text.strip():
            raise InputError(f"documents: {name!r:.40} must be a name with a text, got {text!r:.40}.")
    return {name: text.strip() for name, text in documents.items()}
