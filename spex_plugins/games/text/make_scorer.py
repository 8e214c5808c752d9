"""The scorer of a model, by its kind: causal, sequence-to-sequence or classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spex_plugins.errors import InputError
from spex_plugins.games.text.causal import CausalScorer
from spex_plugins.games.text.classifier import ClassifierScorer
from spex_plugins.games.text.seq2seq import Seq2SeqScorer

__all__ = ["make_scorer"]


def make_scorer(
    model: Any,
    tokenizer: Any,
    answers: Sequence[Any],
    *,
    value: str,
    tokens: bool,
    pairs: bool,
    complete: bool,
) -> Any:
    """Return the scorer of answers to prompts: a function of prompts with ``lengths`` and ``encoder``.

    Its ``prepare`` must be called first, with prompts that differ in all features.

    Parameters
    ----------
    model, tokenizer : Any
        Of transformers.
    answers : sequence of str or int
    value : str
        One of `VALUES`.
    tokens : bool
        Whether the tokens of the answer are outputs.
    pairs : bool
        Whether prompts are pairs of texts.
    complete : bool
        Whether prompts have all their special tokens.
    """
    kind = type(model).__name__
    if kind.endswith("ForSequenceClassification"):
        if tokens:
            raise InputError(
                "tokens: the answers of a classifier are labels, which have no tokens; leave tokens out."
            )
        return ClassifierScorer(model, tokenizer, answers, value, complete)
    texts = [answer for answer in answers if isinstance(answer, str)]
    if len(texts) < len(answers):
        raise InputError("answer: a language model generates text, not numbers; give a string.")
    if not model.can_generate():
        raise InputError(
            f"model: must be a causal or sequence-to-sequence language model or a classifier, got {kind}."
        )
    if model.config.is_encoder_decoder:
        return Seq2SeqScorer(model, tokenizer, texts, complete)
    if pairs:
        raise InputError(f"template: {kind} continues one text and takes no pairs; put both texts into one.")
    return CausalScorer(model, tokenizer, texts, complete)
