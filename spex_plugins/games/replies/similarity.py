"""How similar a reply is to a reference: equal, of the same number, of the same words, or near in a space."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from math import isclose, log
from typing import Any
from unicodedata import category, normalize

import numpy as np

from spex_plugins import checks as check
from spex_plugins.errors import InputError
from spex_plugins.queries.store.digest import digest_of_data
from spex_plugins.regions.texts import sentences
from spex_plugins.types import FloatArray

__all__ = ["SIMILARITIES", "Embedded", "cosine", "exact_match", "number_match", "similarity_of"]

Similarity = Callable[[str, str], float]

_ARTICLES = {"a", "an", "the"}
_SIGN = r"(?<![\w)\]])[-−+]"  # the hyphen in "3-5" is none
_NUMBER = re.compile(rf"(?:{_SIGN})?(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?:[eE][-−+]?\d+)?")
_MINUS, _SHARP = re.compile(_SIGN.replace("+", "") + r"(?=\.?\d)"), re.compile(r"(?<=\w)#")  # "−5" and "C♯"
_WITHOUT_MEANING = set("$^`")  # beside the characters that Unicode calls punctuation
_SAME = 1e-6  # relative difference of equal numbers


def exact_match(reply: str, reference: str) -> float:
    """Return 1 for equal words, 0 otherwise; case, punctuation and articles do not count.

    The normalisation is that of Rajpurkar et al. (2016), but for what tells replies apart: the sign of a
    number, mathematical signs, emoji, and an article that is the whole reply.
    """
    return float(_normalised(reply) == _normalised(reference))


def number_match(reply: str, reference: str) -> float:
    """Return 1 if the last number of both texts is the same, 0 otherwise, or where there is none."""
    one, other = (_last_number(text) for text in (reply, reference))
    return float(one is not None and other is not None and isclose(one, other, rel_tol=_SAME))


def cosine(reply: str, reference: str) -> float:
    """Return the cosine of the TF-IDF vectors of two texts, from 0 to 1.

    Frequencies of words in documents are those in the sentences of the reference, so that the value of a
    reply does not depend on other replies; inverse frequencies are smoothed as in scikit-learn.
    """
    documents = [set(_words(sentence)) for sentence in sentences(reference)]
    one, other = Counter(_words(reply)), Counter(_words(reference))
    frequency = Counter(word for words in documents for word in words)
    weight = {word: 1 + log((1 + len(documents)) / (1 + frequency[word])) for word in one | other}
    product = sum(one[word] * other[word] * weight[word] ** 2 for word in one & other)
    lengths = [sum((counts[word] * weight[word]) ** 2 for word in counts) for counts in (one, other)]
    return float(product / np.sqrt(lengths[0] * lengths[1])) if all(lengths) else 0.0


SIMILARITIES: dict[str, Similarity] = {"exact": exact_match, "number": number_match, "cosine": cosine}


class Embedded:
    """Cosine of the embeddings of two texts.

    Parameters
    ----------
    embed : callable
        From a list of k texts to an array (k, d), such as the ``encode`` of a sentence encoder.
    fingerprint : str, optional
        Identifies the function, for stores.

    Raises
    ------
    InputError
        If the function cannot be called.

    Examples
    --------
    >>> game = ReplyGame(reply, text, similarity=Embedded(encoder.encode))
    """

    def __init__(self, embed: Callable[[list[str]], Any], fingerprint: str | None = None) -> None:
        if not callable(embed):
            raise InputError(f"embed: must be a function of texts, got {type(embed).__name__}.")
        check.text("fingerprint", fingerprint)
        self._embed = embed
        self.fingerprint = None if fingerprint is None else digest_of_data("Embedded", fingerprint)

    def __call__(self, reply: str, reference: str) -> float:
        """Return the cosine, from −1 to 1; 0 where a vector is zero.

        Parameters
        ----------
        reply, reference : str
            Two texts.

        Returns
        -------
        float
            The similarity.

        Raises
        ------
        InputError
            If the function does not return two vectors.
        """
        vectors: FloatArray = np.asarray(self._embed([reply, reference]), dtype=np.float64)
        if vectors.ndim != 2 or len(vectors) != 2:
            raise InputError(f"embed: must return an array (2, d) for two texts, got {vectors.shape}.")
        one, other = vectors
        scale = np.sqrt((one @ one) * (other @ other))
        return float(one @ other / scale) if scale else 0.0


def similarity_of(given: Any) -> tuple[Similarity, str | None]:
    """Return a similarity, and a text that identifies it; None where none is known.

    Parameters
    ----------
    given : str or callable
        A key of `SIMILARITIES`, or a function of reply and reference.
    """
    if isinstance(given, str) and given in SIMILARITIES:
        return SIMILARITIES[given], given
    if callable(given):
        about = getattr(given, "fingerprint", None)
        return given, about if isinstance(about, str) else None
    raise InputError(
        f"similarity: must be one of {list(SIMILARITIES)} or a function of reply and reference, got "
        f"{given!r:.80}."
    )


def _words(text: str) -> list[str]:
    """Return the words, without punctuation; all of the text where there is nothing else.

    Texts that Unicode calls canonically equivalent, such as "é" of one character or of two, are equal.
    """
    text = normalize("NFC", text)
    folded = normalize("NFC", text.casefold())
    marked = _SHARP.sub("\u266f", _MINUS.sub("\u2212", folded))  # no punctuation in Unicode
    kept = "".join(" " if _is_punctuation(character) else character for character in marked)
    return kept.split() or text.split()


def _is_punctuation(character: str) -> bool:
    return character in _WITHOUT_MEANING or (category(character)[0] == "P" and character != "_")


def _normalised(text: str) -> list[str]:
    words = _words(text)
    return [word for word in words if word not in _ARTICLES] or words


def _last_number(text: str) -> float | None:
    found = _NUMBER.findall(text)
    return float(found[-1].replace(",", "").replace("\u2212", "-")) if found else None
