"""Pairs of texts as rows: premise and hypothesis, question and context, read together by the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shap

from spex_plugins.errors import InputError
from spex_plugins.shap.models.pipelines import TextClassifier

if TYPE_CHECKING:
    from spex_plugins.types import BoolArray

__all__ = ["TextPairs", "for_pairs"]

_KEYS = ("text", "text_pair")


class TextPairs(shap.maskers.Masker):  # type: ignore[misc]
    """Mask both texts of a pair, each as a Text masker does; the features of the first text come first.

    Parameters
    ----------
    masker : shap.maskers.Text
        With texts as output.
    """

    text_data = immutable_outputs = True

    def __init__(self, masker: Any) -> None:
        # Each caches the text that it was given last.
        self._maskers = (copy(masker), copy(masker))

    def __call__(self, mask: Any, pair: Any) -> tuple[Any]:
        """Return the masked pair, of the same kind, in an array of shape (1,)."""
        texts = _texts(pair)
        first = self._maskers[0].shape(texts[0])[1]
        mask = self._standardize_mask(mask, pair)
        masked = [
            str(masker(kept, text)[0][0])
            for masker, kept, text in zip(self._maskers, (mask[:first], mask[first:]), texts, strict=True)
        ]
        out = np.empty(1, dtype=object)
        out[0] = pair | dict(zip(_KEYS, masked, strict=True)) if isinstance(pair, dict) else tuple(masked)
        return (out,)

    def shape(self, pair: Any) -> tuple[int, int]:
        """Return one sample, and the number of features of both texts."""
        return 1, sum(shape[1] for shape in self._each("shape", pair))

    def mask_shapes(self, pair: Any) -> list[tuple[int, ...]]:
        return [self.shape(pair)[1:]]

    def invariants(self, pair: Any) -> BoolArray:
        """Return which features cannot be masked, shape (1, n)."""
        return np.concatenate(self._each("invariants", pair), axis=1)

    def data_transform(self, pair: Any) -> tuple[list[str]]:
        """Return the parts of both texts that can be masked."""
        return ([part for (parts,) in self._each("data_transform", pair) for part in parts],)

    def feature_names(self, pair: Any) -> list[list[str]]:
        return [[name for (names,) in self._each("feature_names", pair) for name in names]]

    def _each(self, method: str, pair: Any) -> list[Any]:
        texts = zip(self._maskers, _texts(pair), strict=True)
        return [getattr(masker, method)(text) for masker, text in texts]


def for_pairs(explainer: Any, args: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """Return the explainer and the arguments of its call, made for pairs of texts where the rows are such.

    Parameters
    ----------
    explainer : SpexExplainer
    args : tuple
        Arguments of its call. Pairs are a sequence of dicts with "text" and "text_pair", or of two strings
        each, a data frame of two columns, or a dict of the two columns.

    Returns
    -------
    explainer : SpexExplainer
        For pairs, a copy with the masker `TextPairs`.
    args : tuple
        For pairs, a single sequence of them.

    Raises
    ------
    InputError
        If only some of the rows are pairs, or the model or the masker cannot read pairs.
    """
    masker = getattr(explainer.masker, "masker", explainer.masker)
    if not isinstance(masker, shap.maskers.Text) or not args:
        return explainer, args
    rows = _rows(args[0])
    pairs = [_is_pair(row) for row in rows]
    if not any(pairs):
        return explainer, args
    if not all(pairs):
        raise InputError(
            "rows: some are pairs of texts and some are not; explain the two kinds in separate calls."
        )
    if masker is not explainer.masker or len(args) > 1:
        raise InputError(
            "rows: a generative language model takes one text, got pairs; join each pair into one text."
        )
    if masker.output_type != "string":
        raise InputError("masker: pairs are masked as texts; leave output_type='string'.")
    if isinstance(explainer.model, TextClassifier):  # the kind of pair that pipelines take
        rows = [dict(zip(_KEYS, _texts(row), strict=True)) for row in rows]
    explainer = copy(explainer)
    explainer.masker = TextPairs(masker)
    return explainer, (rows,)


def _rows(given: Any) -> Sequence[Any]:
    if isinstance(given, Mapping) and set(_KEYS) <= set(given):
        columns = [given[key] for key in _KEYS]
        if any(isinstance(column, str) for column in columns):
            raise InputError("rows: got a single pair; pass a list of pairs, explainer([pair]).")
        return [dict(zip(_KEYS, pair, strict=True)) for pair in zip(*columns, strict=True)]
    if isinstance(given, pd.DataFrame):
        columns = list(_KEYS) if set(_KEYS) <= set(given.columns) else list(given.columns)
        return list(given[columns].itertuples(index=False, name=None))
    if isinstance(given, np.ndarray):
        return given.tolist() if given.ndim else ()
    return list(given) if isinstance(given, list | tuple | pd.Series) else ()


def _is_pair(row: Any) -> bool:
    if isinstance(row, Mapping):
        return set(_KEYS) <= set(row) and all(isinstance(row[key], str) for key in _KEYS)
    several = isinstance(row, list | tuple | np.ndarray)
    return several and len(row) == 2 and all(isinstance(text, str) for text in row)


def _texts(pair: Any) -> tuple[str, str]:
    first, second = (pair[key] for key in _KEYS) if isinstance(pair, Mapping) else pair
    return first, second
