"""`MaskedPrompt`: a language model or classifier asked about a text some of whose parts are missing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from spex_plugins.errors import MissingExtraError

try:
    import torch
    import transformers  # noqa: F401
except ImportError as error:
    raise MissingExtraError(
        'MaskedPrompt needs torch and transformers: pip install "spex-plugins[llm]".'
    ) from error

from spex_plugins.games.model_fingerprint import digest, model_digest, tokenizer_digest
from spex_plugins.games.text.answer_scores import answer_values, token_values
from spex_plugins.games.text.context_window import check_window
from spex_plugins.games.text.make_scorer import make_scorer
from spex_plugins.games.text.prompt_arguments import (
    check_evaluating,
    check_value,
    distinct,
    listed,
    replacement_text,
)
from spex_plugins.games.text.prompt_length import text_work
from spex_plugins.games.text.prompts import PLACE, Prompt, make_prompts
from spex_plugins.games.text.text_features import Spans
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["MaskedPrompt"]


class MaskedPrompt:
    r"""The value function of a text: how much a model believes in an answer when parts of it are missing.

    One forward per call, whatever the number of masks, answers and tokens: of one row per mask, where the
    answers begin alike. Prompts of causal models are padded on the left; what all begin with, up to the first
    part that can be masked, is computed once and kept as keys and values. Every value is that of the same
    prompt alone, up to rounding: when the game is made, the shortest prompt is read alone and beside the
    longest, and a model that reads it differently (as recurrent ones that ignore the attention mask, or
    rotary positions that are scaled by the longest row) is asked at prompts of equal length. The model must
    stay as it is while the game is used.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        A causal or sequence-to-sequence language model, or a sequence classifier, in evaluation mode.
    tokenizer : Any
        The tokenizer of the model.
    text : str or (str, str)
        The text to be explained, or the two texts of a pair such as premise and hypothesis.
    template : str, (str, str) or list of dict
        What stands around the text, at ``{}``, and is never masked: examples, a question, "Answer:". Taken
        as it is; special tokens that the tokenizer would add, but the template brings along, stand once.
        Messages of a chat, dicts with "role" and "content", one of which holds ``{}``, become the prompt that
        the chat template of the tokenizer makes of them, up to where the model answers. Two strings are a
        pair, which classifiers and sequence-to-sequence models read: ``("{}", "It is positive.")``.
    features : {"word", "sentence", "paragraph"}, sequence of (start, end), or callable
        The n parts that can be masked: of a kind, spans of characters, or a function that gets the text and
        returns spans, or the parts as strings. What lies outside of all spans is never masked. Of two texts
        one for both, or two, one for each.
    replacement : str
        "remove": masked parts are removed, with the white space before them. "token": the mask token of the
        tokenizer replaces each of them. Any other text replaces each of them itself.
    answer : str, int or sequence of those
        What the model may write behind the prompt, exactly: ``" Paris"`` with its space behind ``"Answer:"``.
        Of a classifier, the name or the index of a label. A sequence of K makes K outputs.
    against : str, int or sequence of those, optional
        Alternatives to the answer, only for ``value="log_odds"``.
    value : {"log_prob", "mean_log_prob", "log_odds", "logit", "perplexity"}
        Of the answer's tokens: the sum of their log-probabilities, its mean over tokens, the logarithm of the
        answer's probability over that of all alternatives together (or, without ``against``, of everything
        else), the sum of their logits, or the inverse of the geometric mean of their probabilities.
    tokens : bool
        Every token of the one answer is an output, given the tokens before it.

    Attributes
    ----------
    n : int
        Number of parts.
    feature_names : tuple of str
    output_names : tuple of str or None
        The answers, or the tokens of the answer; None when there is one output and masks give values (b,).

    Raises
    ------
    InputError
        If an argument is unusable, the model is in training mode, or the whole prompt has no place in it.

    Warns
    -----
    WindowWarning
        If the whole prompt is longer than the window of the model. Nothing is ever cut.

    Examples
    --------
    >>> game = MaskedPrompt(
    ...     model, tokenizer, review, template="Review: {}\nSentiment:",
    ...     answer=" positive", against=" negative", value="log_odds",
    ... )
    >>> spex.explain(game, budget=1000)
    >>> chat = [{"role": "user", "content": "Is this review positive? {}"}]
    >>> game = MaskedPrompt(model, tokenizer, review, template=chat, answer="Yes")
    >>> nli = MaskedPrompt(classifier, words, (premise, hypothesis), answer="entailment")
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        text: str | tuple[str, str],
        *,
        answer: str | int | Sequence[str | int],
        template: str | tuple[str, str] | list[dict[str, Any]] = PLACE,
        features: Spans | tuple[Spans, Spans] = "word",
        replacement: str = "remove",
        against: str | int | Sequence[str | int] | None = None,
        value: str = "log_prob",
        tokens: bool = False,
    ) -> None:
        self._single = isinstance(answer, str | int)
        answers, alternatives = listed("answer", answer), listed("against", against)
        check_value(value, answers, against, tokens)
        check_evaluating(model)
        self._model, self._tokenizer, self._text, self._template = model, tokenizer, text, template
        self._value, self._alternatives, self._by_token = value, len(alternatives), tokens
        self._answers = (*answers, *alternatives)
        self._prompts = make_prompts(
            text, template, features, replacement_text(replacement, tokenizer), tokenizer
        )
        self.feature_names = self._prompts.names
        self.n = len(self.feature_names)
        ends = self._prompts(np.array([[True] * self.n, [False] * self.n]))
        self._scorer = make_scorer(
            model,
            tokenizer,
            self._answers,
            value=value,
            tokens=tokens,
            pairs=len(self._prompts.parts) == 2,
            complete=self._prompts.complete,
        )
        lengths = self._scorer.lengths(ends)
        check_window(model, tokenizer, max(lengths))
        with torch.inference_mode():
            self._scorer.prepare(ends)
        parts, text = self._prompts.parts, self._prompts.replacement
        self._tokens = text_work(parts, text, lengths[0], self._token_counts)
        self.output_names = self._names_of_outputs(ends[0], answers)

    def __call__(self, masks: BoolArray) -> FloatArray:
        """Return values (b,), or (b, K) of K outputs, of masks (b, n); True = kept."""
        check_evaluating(self._model)
        with torch.inference_mode():
            scores = self._scorer(self._prompts(masks))
        if self._by_token:
            return token_values(scores, self._value)
        values = answer_values(scores, self._value, self._alternatives)
        return values[:, 0] if self._single else values

    def prompt(self, mask: BoolArray) -> Prompt:
        """Return the prompt of a mask (n,), without answer; of a pair, both texts."""
        return self._prompts(np.asarray(mask, dtype=bool)[None])[0]

    def work(self, masks: BoolArray) -> FloatArray:
        """Return about how many tokens the prompts of masks (b, n) have, shape (b,)."""
        return self._tokens(masks)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all that the values depend on: weights, tokenizer, texts, parts, masking, value."""
        settings = {
            "game": "MaskedPrompt 2",
            "model": model_digest(self._model),
            "tokenizer": tokenizer_digest(self._tokenizer),
            "prompt": [self._text, self._template, self.prompt(np.ones(self.n, dtype=bool))],
            "spans": [part.spans for part in self._prompts.parts],
            "placeholder": self._prompts.replacement,
            "answers": [self._answers, self._alternatives, self._single],
            "value": [self._value, self._by_token],
        }
        return digest(settings)

    def _token_counts(self, texts: list[str]) -> list[int]:
        return [len(row) for row in self._scorer.encoder.bare(texts)]

    def _names_of_outputs(self, prompt: Prompt, answers: tuple[Any, ...]) -> tuple[str, ...] | None:
        if self._by_token:
            ids = self._scorer.answer_tokens(prompt)
            return distinct([self._tokenizer.decode([token]) for token in ids])
        return None if self._single else distinct([str(answer) for answer in answers])
