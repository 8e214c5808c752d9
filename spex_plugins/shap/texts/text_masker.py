"""SHAP's Text masker for tokenizers that divide a character into several tokens."""

from __future__ import annotations

import inspect
import warnings
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import shap
from shap.utils.transformers import is_transformers_lm

from spex_plugins.errors import InputError
from spex_plugins.shap.models.log_odds import language_model
from spex_plugins.shap.models.pipelines import pipeline_of
from spex_plugins.shap.texts.text_tokens import TextTokens, is_tokenizer

if TYPE_CHECKING:
    from spex_plugins.types import BoolArray, IntArray

__all__ = ["WholeText", "text_masker", "wrapped_tokenizer"]


class WholeText(TextTokens):
    """`shap.maskers.Text` in which every character occurs once, and is masked as a whole.

    Byte-level tokenizers make several tokens of é or of an emoji. SHAP gives each of them the whole
    character, so that the model reads "caféé". Here the first of these tokens represents the character; the
    others are masked with it and are no features. Characters in no token belong to the token before, and at
    the beginning and end of the text to the first and the last, which are mostly special and never masked.
    """

    def __call__(self, mask: Any, s: str) -> Any:
        return super().__call__(self._standardize_mask(mask, s)[self._first_tokens(s)], s)

    def token_segments(self, s: str) -> tuple[list[str], list[Any]]:
        """Return the substrings of the tokens, which make up the text, and the ids of the tokens."""
        ids, spans, _ = self._tokenize(s)
        if not ids:
            raise InputError(f"rows: the text {s!r} has no tokens; leave it out.")
        if spans is None:
            return super().token_segments(s)
        starts = np.maximum(spans[:, 0], _reached_before(spans[:, 1]))
        if s[spans[:, 1].max() :].strip() and spans[-1, 0] == spans[-1, 1]:
            warnings.warn(
                f"rows: the tokenizer ignores the text after {s[: spans[:, 1].max()][-40:]!r}; it is never "
                "masked and has no value. If the tokenizer truncates texts, disable truncation.",
                stacklevel=2,
            )
        bounds = np.concatenate([[0], starts[1:], [len(s)]])
        return [s[start:stop] for start, stop in pairwise(bounds.tolist())], ids

    def invariants(self, s: str) -> BoolArray:
        first = self._first_tokens(s)
        return super().invariants(s) | (first != np.arange(len(first)))

    def _first_tokens(self, s: str) -> IntArray:
        """Return for every token the one that represents its characters, mostly itself."""
        ids, spans, _ = self._tokenize(s)
        tokens = np.arange(len(ids))
        if spans is None:
            return tokens
        stops = spans[:, 1]
        repeats = stops <= _reached_before(stops)
        return np.maximum.accumulate(np.where(repeats, 0, tokens))


def _reached_before(stops: IntArray) -> IntArray:
    """Return how far the text was covered before every token."""
    return np.maximum.accumulate(np.append(0, stops))[:-1]


def wrapped_tokenizer(masker: Any, model: Any) -> Any:
    """Return the Text masker of a tokenizer, as SHAP would; anything else as it is.

    Parameters
    ----------
    masker : object
        As the user passed it. A function with an argument ``return_offsets_mapping`` is a tokenizer;
        a pipeline brings its own tokenizer.
    model : object
        For language models, masked tokens are replaced by dots.
    """
    pipeline = pipeline_of(model)
    if masker is None and pipeline is not None:
        masker = pipeline.tokenizer
    if is_tokenizer(masker):
        writes = is_transformers_lm(model if pipeline is None else pipeline.model)
        return WholeText(masker, "...", True) if writes else WholeText(masker)
    if isinstance(masker, shap.maskers.Masker) or not callable(masker):
        return masker
    try:
        names = inspect.signature(masker).parameters
    except (TypeError, ValueError):  # of compiled functions
        return masker
    return WholeText(masker) if "return_offsets_mapping" in names else masker


def text_masker(masker: Any) -> Any:
    """Return a `WholeText` in place of a Text masker, also inside SHAP's composites for language models."""
    if type(masker) is shap.maskers.Text:
        whole = WholeText.__new__(WholeText)
        whole.__dict__.update(masker.__dict__, _s=None)
        whole.find_special_tokens()
        return whole
    if type(masker) is shap.maskers.OutputComposite:
        return shap.maskers.OutputComposite(text_masker(masker.masker), language_model(masker.model))
    if type(masker) is shap.maskers.FixedComposite:
        return shap.maskers.FixedComposite(text_masker(masker.masker))
    return masker
