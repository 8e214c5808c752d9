"""Documents and their question as one text, whose parts can be masked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.games.documents.documents import Document, feature_names
from spex_plugins.games.text.text_features import MaskedParts
from spex_plugins.types import BoolArray

__all__ = ["LAYOUT", "ContextParts", "context_parts"]

LAYOUT = "{context}\n\nQuestion: {question}"

_BETWEEN = "\n\n"
_CONTEXT, _QUESTION = "{context}", "{question}"


@dataclass(frozen=True)
class ContextParts(MaskedParts):
    """The parts of a text that consists of documents and a question.

    A document of which nothing is left vanishes together with its name.

    Attributes
    ----------
    documents : tuple of Document
        In their order in the text.
    first : tuple of int
        Number of the first feature of every document.
    before, behind : str
        The text around the documents, with the question.
    """

    documents: tuple[Document, ...] = ()
    first: tuple[int, ...] = ()
    before: str = ""
    behind: str = ""

    @property
    def described(self) -> tuple[Any, ...]:
        """What the texts of masks depend on beside the whole text."""
        written = [
            (one.before, one.behind, one.text, one.parts and one.parts.spans) for one in self.documents
        ]
        return (*self.first, *written)

    def _text(self, mask: BoolArray, replacement: str | None) -> str:
        shown = [
            document.masked(mask[first : first + document.n], replacement)
            for document, first in zip(self.documents, self.first, strict=True)
        ]
        context = _BETWEEN.join(filter(None, shown))
        if context:
            return f"{self.before}{context}{self.behind}"
        before = self.before.rstrip()
        return f"{before}{self.behind}" if before else self.behind.lstrip()


def context_parts(
    documents: Sequence[Document], order: Sequence[int], layout: str, question: str
) -> tuple[str, ContextParts]:
    """Return the text of documents and a question, and its parts.

    Parameters
    ----------
    documents : sequence of Document
    order : sequence of int
        The documents by number, as they follow each other in the text.
    layout : str
        The text around "{context}", the place of the documents, and "{question}".
    question : str

    Raises
    ------
    InputError
        If the layout does not hold both places once.
    """
    if not isinstance(question, str) or not question.strip():
        raise InputError(f"question: must be a text, got {question!r:.80}.")
    if not isinstance(layout, str) or [layout.count(place) for place in (_CONTEXT, _QUESTION)] != [1, 1]:
        raise InputError(
            f"layout: must hold '{_CONTEXT}' and '{_QUESTION}' once, the places of the documents and of the "
            f"question; got {layout!r:.80}."
        )
    before, behind = (piece.replace(_QUESTION, question) for piece in layout.split(_CONTEXT))
    starts = [0, *accumulate(document.n for document in documents)]
    segments = tuple(
        (gap, body, starts[number] + feature)
        for number, document in enumerate(documents)
        if document.parts is not None
        for gap, body, feature in document.parts.segments
        if feature >= 0
    )
    parts = ContextParts(
        spans=(),
        names=feature_names(documents),
        segments=segments,
        tail="",
        documents=tuple(documents[number] for number in order),
        first=tuple(starts[number] for number in order),
        before=before,
        behind=behind,
    )
    return parts.texts(np.ones((1, starts[-1]), dtype=bool), None)[0], parts
