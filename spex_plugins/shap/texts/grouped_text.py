"""A SHAP masker for texts whose features are words, sentences or paragraphs instead of tokens."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from shap._serializable import Deserializer, Serializer

from spex_plugins.regions.texts import TextGroup, character_labels, splitter
from spex_plugins.shap.texts.text_tokens import TextTokens
from spex_plugins.shap.texts.text_tree import text_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["GroupedText"]


class GroupedText(TextTokens):
    """A `shap.maskers.Text` that keeps or masks the tokens of a word, sentence or paragraph together.

    It masks as SHAP does, with two corrections: every character of the text belongs to exactly one token
    (in SHAP, tokens that are parts of a character repeat it), and the white space between two tokens belongs
    to the second, so that a masked word does not join its mask token to the next word. Special tokens are no
    features and are never masked. As in SHAP, white space reaches the model as single spaces.

    Parameters
    ----------
    tokenizer : callable, str or None
        As in `shap.maskers.Text`.
    features : {"word", "sentence", "paragraph"} or callable
        The parts of a text that are features. A function takes the text and returns its parts as strings: in
        the order of the text, leaving out nothing but white space (``nltk.sent_tokenize``, ``str.split``). A
        token that crosses a boundary belongs to the part in which it begins. With a tokenizer without
        offsets, the text that is split is that of the tokens.
    mask_token : str or None
        As in `shap.maskers.Text`: what replaces a masked token; by default the tokenizer's own mask token,
        else "...".
    collapse_mask_token : bool or "auto"
        As in `shap.maskers.Text`: replace adjacent mask tokens by one.
    output_type : {"string", "token_ids"}
        As in `shap.maskers.Text`: what the model gets.

    Raises
    ------
    InputError
        If the features are unknown.

    Examples
    --------
    >>> masker = GroupedText(tokenizer, "sentence")
    >>> shap.PermutationExplainer(model, masker)(texts)
    """

    _s: Any  # the text that was divided last

    def __init__(
        self,
        tokenizer: Any = None,
        features: TextGroup = "word",
        mask_token: Any = None,
        collapse_mask_token: Any = "auto",
        output_type: str = "string",
    ) -> None:
        self._split = splitter(features)
        super().__init__(tokenizer, mask_token, collapse_mask_token, output_type)
        self.features = features

    @classmethod
    def of(cls, text: Any, features: TextGroup) -> GroupedText:
        """Make a masker from a `shap.maskers.Text`, with its tokenizer and mask token.

        Parameters
        ----------
        text : shap.maskers.Text
            The masker whose tokens are joined.
        features : {"word", "sentence", "paragraph"} or callable
            As in the constructor.

        Returns
        -------
        GroupedText
            The new masker.

        Raises
        ------
        InputError
            As the constructor does.
        """
        return cls(
            text.tokenizer, features, text.input_mask_token, text.collapse_mask_token, text.output_type
        )

    def __call__(self, mask: BoolArray | bool, s: str) -> Any:
        """Mask a text.

        Parameters
        ----------
        mask : ndarray of bool, shape (n,), or bool
            True for the parts to keep.
        s : str
            The text.

        Returns
        -------
        tuple of one ndarray
            Shape (1,) with the masked text, or (1, T) with T token ids.

        Raises
        ------
        InputError
            If the parts are not those of the text, or every token of it is special.
        """
        self._update_s_cache(s)
        tokens = np.append(self._standardize_mask(mask, s), True)[self._part_of_token]
        return super().__call__(tokens, s)

    def token_segments(self, s: str) -> tuple[list[str], Any]:
        """Return the piece of the text that belongs to every token, and the token ids.

        The pieces joined are the text.
        """
        ids, spans, _ = self._tokenize(s)
        return super().token_segments(s) if spans is None else (_pieces(s, spans.tolist()), ids)

    def shape(self, s: str) -> tuple[int, int]:
        """Return one sample, and the number n of parts."""
        self._update_s_cache(s)
        return 1, len(self._parts)

    def mask_shapes(self, s: str) -> list[tuple[int, ...]]:
        return [self.shape(s)[1:]]

    def invariants(self, s: str) -> BoolArray:
        """Return which parts cannot be masked, shape (1, n): none, but that of an empty text."""
        n = self.shape(s)[1]
        return np.bincount(self._part_of_token, minlength=n)[None, :n] == 0

    def data_transform(self, s: str) -> tuple[list[str]]:
        """Return the parts with the white space before them; joined they are the text."""
        self._update_s_cache(s)
        return (list(self._parts),)

    def feature_names(self, s: str) -> list[list[str]]:
        return [[part.strip() for part in self.data_transform(s)[0]]]

    def clustering(self, s: str) -> FloatArray:
        """Return a hierarchy of the parts, shape (n − 1, 4), for `shap.PartitionExplainer`."""
        return text_tree(self.data_transform(s)[0])

    def save(self, out_file: Any) -> None:
        super().save(out_file)
        with Serializer(out_file, "spex_plugins.shap.GroupedText", version=0) as block:
            block.save("features", self.features)

    @classmethod
    def load(cls, in_file: Any, instantiate: bool = True) -> Any:
        if instantiate:
            return cls._instantiated_load(in_file)
        kwargs = super().load(in_file, instantiate=False)
        with Deserializer(in_file, "spex_plugins.shap.GroupedText", min_version=0, max_version=0) as block:
            kwargs["features"] = block.load("features")
        return kwargs

    def _update_s_cache(self, s: str) -> None:
        if self._s == s:
            return
        super()._update_s_cache(s)
        try:
            fixed = super().invariants(s)[0]  # special tokens
            self._parts, self._part_of_token = _grouped(self._segments_s.tolist(), fixed, self._split)
        except BaseException:
            self._s = None
            raise


def _pieces(s: str, spans: Sequence[tuple[int, int]]) -> list[str]:
    """Divide the text among its tokens.

    Tokens without text have the span (0, 0), the tokens of one character all have its span. What lies
    between two tokens belongs to the first up to its first white space, and to the second from there.
    """
    starts, end = [], 0
    for start, stop in spans:
        gap = s[end:start] if end else ""  # before the first token it can only belong to that
        starts.append(end + next((k for k, sign in enumerate(gap) if sign.isspace()), len(gap)))
        end = max(end, stop)
    last = max((k for k, (_, stop) in enumerate(spans) if stop), default=len(spans) - 1)
    starts[last + 1 :] = [len(s)] * (len(spans) - last - 1)
    return [s[a:b] for a, b in pairwise([*starts, len(s)])]


def _grouped(
    pieces: Sequence[str], fixed: BoolArray, split: Callable[[str], Sequence[str]]
) -> tuple[list[str], IntArray]:
    """Return the n parts of the text, and the part of every token (n for those that are never masked)."""
    text = "".join(pieces)
    labels = character_labels(text, split(text))
    begins = np.cumsum([0, *map(len, pieces)])[:-1]
    # A token without text belongs to the part of the token before it, of which it is a piece.
    begins = np.maximum.accumulate(np.where([bool(piece) for piece in pieces], begins, 0))
    label_of_token = labels[begins] if text else np.zeros(len(pieces), dtype=np.int64)
    _, parts_of_free = np.unique(label_of_token[~fixed], return_inverse=True)
    # A text of nothing but special tokens has one part, which cannot be masked: SHAP needs a feature.
    n = int(parts_of_free.max(initial=0)) + 1
    part_of_token = np.full(len(pieces), n)
    part_of_token[~fixed] = parts_of_free
    parts, current = [""] * n, 0
    for part, piece in zip(part_of_token.tolist(), pieces, strict=True):
        current = (
            part if part < n else current
        )  # the text of a token that is never masked is shown with its neighbour
        parts[current] += piece
    return parts, part_of_token
