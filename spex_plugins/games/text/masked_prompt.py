"""`MaskedPrompt`: the score that a language model or classifier gives an answer when words are masked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from spex_plugins.core.basis.masks import checked_masks
from spex_plugins.errors import MissingExtraError
from spex_plugins.games.common.no_masks import no_values

try:
    import torch
    import transformers  # noqa: F401
except ImportError as error:
    raise MissingExtraError(
        'MaskedPrompt needs torch and transformers: pip install "spex-plugins[llm]".'
    ) from error

from spex_plugins.games.common.model_fingerprint import digest, model_digest, tokenizer_digest
from spex_plugins.games.text.answer_scores import answer_values, token_values
from spex_plugins.games.text.context_window import check_window
from spex_plugins.games.text.make_scorer import make_scorer
from spex_plugins.games.text.prompt_arguments import (
    as_tuple,
    check_eval_mode,
    check_value,
    distinct_names,
    replacement_text,
)
from spex_plugins.games.text.prompt_length import prompt_lengths
from spex_plugins.games.text.prompts import PLACE, Prompt, make_prompts
from spex_plugins.games.text.text_features import Spans
from spex_plugins.types import BoolArray, FloatArray
from spex_plugins.wording import counted

__all__ = ["MaskedPrompt"]


class MaskedPrompt:
    r"""Value function of a text: the score that a model gives an answer when parts of the text are masked.

    A call is one forward pass, whatever the number of masks, answers and tokens, with one row per mask where
    the answers begin alike. Prompts of causal models are padded on the left; their common beginning, up to
    the first part that can be masked, is evaluated once and cached as keys and values. Every value is that of
    the same prompt alone, up to rounding: when the game is made, the shortest prompt is evaluated alone and
    beside the longest, and a model for which the two differ (recurrent ones that ignore the attention mask,
    or rotary positions that are scaled by the longest row) is evaluated at prompts of equal length. The model
    must not be changed while the game is used.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        A causal or sequence-to-sequence language model, or a sequence classifier, in evaluation mode.
    tokenizer : Any
        The tokenizer of the model.
    text : str or (str, str)
        The text to be explained, or the two texts of a pair such as premise and hypothesis.
    template : str, (str, str) or list of dict
        The text around ``{}``, the place of the masked text: examples, a question, "Answer:". It is never
        masked or changed; special tokens that the template contains are not added again by the tokenizer.
        Messages of a chat, dicts with "role" and "content", one of which holds ``{}``, are formatted by the
        chat template of the tokenizer, up to the answer. Two strings are a pair, for classifiers and
        sequence-to-sequence models: ``("{}", "It is positive.")``.
    features : {"word", "sentence", "paragraph"}, sequence of (start, end), or callable
        The n parts that can be masked: of a kind, spans of characters, or a function from the text to such
        spans or to the parts as strings. Text outside of all spans is never masked. For a pair of texts, one
        value for both, or two values.
    replacement : str
        "remove": masked parts are removed, with the white space before them. "token": the mask token of the
        tokenizer replaces each of them. Any other text replaces each of them itself.
    answer : str, int or sequence of those
        The text after the prompt, exactly: ``" Paris"`` with its space after ``"Answer:"``. For a classifier,
        the name or the index of a label. A sequence of K answers gives K outputs.
    against : str, int or sequence of those, optional
        Alternatives to the answer, only for ``value="log_odds"``.
    value : {"log_prob", "mean_log_prob", "log_odds", "logit", "perplexity"}
        The value of an answer: the sum of the log-probabilities of its tokens, their mean, the logarithm of
        its probability over that of all alternatives together (without ``against``: of everything else), the
        sum of the logits of its tokens, or the inverse geometric mean of their probabilities. Logarithms are
        natural.
    tokens : bool
        Whether every token of the one answer, given the tokens before it, is an output.

    Attributes
    ----------
    n : int
        Number of features.
    feature_names : tuple of str
        The parts of the text.
    output_names : tuple of str or None
        The answers, or the tokens of the answer; None when there is one output and masks give values (b,).

    Raises
    ------
    InputError
        If an argument cannot be used, the model is in training mode, or the whole prompt exceeds its learned
        positions.

    Warns
    -----
    WindowWarning
        If the whole prompt is longer than the context window of the model. Prompts are never truncated.

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
        template: str | tuple[str, str] | list[dict[str, Any]] = PLACE,
        features: Spans | tuple[Spans, Spans] = "word",
        replacement: str = "remove",
        answer: str | int | Sequence[str | int],
        against: str | int | Sequence[str | int] | None = None,
        value: str = "log_prob",
        tokens: bool = False,
    ) -> None:
        self._single = isinstance(answer, str | int)
        answers, alternatives = as_tuple("answer", answer), as_tuple("against", against)
        check_value(value, answers, against, tokens)
        check_eval_mode(model)
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
        self._tokens = prompt_lengths(
            self._prompts.parts, self._prompts.replacement, lengths[0], self._token_counts
        )
        self.output_names = self._names_of_outputs(answers)

    def __call__(self, masks: BoolArray) -> FloatArray:
        """Evaluate the model at masks.

        Parameters
        ----------
        masks : ndarray of bool, shape (b, n)
            True where a feature is kept.

        Returns
        -------
        ndarray of float64, shape (b,) or (b, K)
            See ``value``; K outputs where several answers or ``tokens`` were given.

        Raises
        ------
        InputError
            If the model is in training mode, tokens of the answer change with the mask, or the masks do not
            have this shape.
        """
        check_eval_mode(self._model)
        kept = checked_masks(masks, self.n)
        if not len(kept):
            return no_values(self.output_names)
        with torch.inference_mode():
            scores = self._scorer(self._prompts(kept))
        if self._by_token:
            return token_values(scores, self._value)
        values = answer_values(scores, self._value, self._alternatives)
        return values[:, 0] if self._single else values

    def prompt(self, mask: BoolArray) -> Prompt:
        """Return the prompt of a mask, without the answer.

        Parameters
        ----------
        mask : ndarray of bool, shape (n,)
            True where a feature is kept.

        Returns
        -------
        str or (str, str)
            Two texts of a pair.
        """  # numpydoc ignore=RS01
        return self._prompts(checked_masks(np.asarray(mask)[None], self.n))[0]

    @property
    def answer_tokens(self) -> list[int]:
        """The tokens of the first answer, with all features."""
        tokens: list[int] = self._scorer.answer_tokens(self.prompt(np.ones(self.n, dtype=bool)))
        return tokens

    def work(self, masks: BoolArray) -> FloatArray:
        """Estimate the number of tokens of the prompts of masks.

        Parameters
        ----------
        masks : ndarray of bool, shape (b, n)
            True where a feature is kept.

        Returns
        -------
        ndarray of float64, shape (b,)
            Tokens, with the longest answer.
        """  # numpydoc ignore=RS01
        return self._tokens(masks)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of everything that the values depend on: model, tokenizer and arguments."""
        return digest({"model": model_digest(self._model), **self.about})

    @property
    def about(self) -> dict[str, Any]:
        """Everything that the values depend on, except the model."""
        return {
            "game": "MaskedPrompt 2",
            "tokenizer": tokenizer_digest(self._tokenizer),
            "prompt": [self._text, self._template, self.prompt(np.ones(self.n, dtype=bool))],
            "spans": [part.described for part in self._prompts.parts],
            "placeholder": self._prompts.replacement,
            "answers": [self._answers, self._alternatives, self._single],
            "value": [self._value, self._by_token],
        }

    def __repr__(self) -> str:
        answers = ", ".join(map(repr, self._answers[: len(self._answers) - self._alternatives]))
        model = f"{type(self._model).__name__}, {counted(self.n, 'feature')}"
        return f"MaskedPrompt({model}, {answers:.60}, {self._value})"

    def _token_counts(self, texts: list[str]) -> list[int]:
        return [len(row) for row in self._scorer.encoder.bare(texts)]

    def _names_of_outputs(self, answers: tuple[Any, ...]) -> tuple[str, ...] | None:
        if self._by_token:
            return distinct_names([self._tokenizer.decode([token]) for token in self.answer_tokens])
        return None if self._single else distinct_names([str(answer) for answer in answers])
