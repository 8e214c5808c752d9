"""Which way a model is asked: by its kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spex_plugins.errors import InputError
from spex_plugins.games.causal import CausalScorer
from spex_plugins.games.classifier import ClassifierScorer
from spex_plugins.games.seq2seq import Seq2SeqScorer

__all__ = ["make_scorer"]


def make_scorer(
    model: Any,
    tokenizer: Any,
    answers: Sequence[Any],
    examples: Sequence[str],
    *,
    value: str,
    tokens: bool,
) -> Any:
    """Return what scores answers to prompts: a function of prompts, with their `lengths` and its `encoder`.

    Parameters
    ----------
    model, tokenizer : Any
        Of transformers.
    answers : sequence of str or int
    examples : sequence of str
        The whole prompt and the empty one.
    value : str
        One of `VALUES`.
    tokens : bool
        Whether tokens of the answer are outputs.
    """
    kind = type(model).__name__
    if kind.endswith("ForSequenceClassification"):
        if tokens:
            raise InputError(
                "tokens: the answers of a classifier are labels, which have no tokens; leave it out."
            )
        return ClassifierScorer(model, tokenizer, answers, examples, value)
    texts = [answer for answer in answers if isinstance(answer, str)]
    if len(texts) < len(answers):
        raise InputError("answer: a language model writes text, not numbers; write it as a string.")
    if not model.can_generate():
        raise InputError(
            f"model: must be a causal or sequence-to-sequence language model or a classifier, got {kind}."
        )
    if model.config.is_encoder_decoder:
        return Seq2SeqScorer(model, tokenizer, texts)
    return CausalScorer(model, tokenizer, texts, examples)
