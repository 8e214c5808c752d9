"""`ContextGame`: which documents, or sentences of them, made a language model give its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from math import factorial
from typing import Any

import numpy as np

from spex_plugins import checks as check
from spex_plugins.errors import InputError
from spex_plugins.games.common.model_fingerprint import digest
from spex_plugins.games.context.reply import own_reply, sentence_of_tokens
from spex_plugins.games.documents.context_parts import LAYOUT, ContextParts, context_parts
from spex_plugins.games.documents.documents import group_numbers, read_documents
from spex_plugins.games.text.masked_prompt import MaskedPrompt
from spex_plugins.games.text.prompt_arguments import check_eval_mode, distinct_names
from spex_plugins.games.text.prompts import PLACE, make_prompts
from spex_plugins.games.text.text_features import Spans
from spex_plugins.types import BoolArray, FloatArray, IntArray
from spex_plugins.wording import counted

__all__ = ["ContextGame"]

_OUTPUTS = ("answer", "sentences", "orders")


class ContextGame:
    r"""Value function of the documents of a question: how probable the answer is with some of them.

    The answer is scored by `MaskedPrompt`: one prompt per mask and order, in batches, with their common
    beginning evaluated once. Documents that are masked are left out of the prompt together with their names.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        A causal or sequence-to-sequence language model, in evaluation mode.
    tokenizer : Any
        The tokenizer of the model. Where it has a chat template, the documents and the question are the
        message of the user, and the answer is that of the assistant; otherwise "Answer:" follows them.
    question : str
        The question.
    documents : mapping of str to str, or sequence of str
        Texts by name; texts without names are "document 1", "document 2", ….
    pinned : sequence of str
        Names of documents that are never masked.
    answer : str, optional
        The answer to explain. By default, the model's own reply to the question with all documents.
    system : str, optional
        Message of the system; only for tokenizers with a chat template.
    features : {"document", "sentence", "paragraph", "word"} or callable
        The n parts that can be masked, see `MaskedPrompt`.
    replacement : str
        "remove": masked parts are removed. Any other text replaces each of them.
    document : str
        How a document is written, with "{text}" and, if it is shown, "{name}".
    layout : str
        The message of the user, with "{context}", the place of the documents, and "{question}".
    outputs : {"answer", "sentences", "orders"}
        "answer": one value. "sentences": one for each sentence of the answer, given the sentences before it.
        "orders": one for each order of the documents.
    orders : int
        Number of different orders of the documents: the given one, and random ones, over which values are
        averaged unless they are outputs. A mask is a prompt for each.
    value : {"log_prob", "mean_log_prob"}
        Sum or mean of the log-probabilities (natural) of the tokens of the answer, or of a sentence.
    max_new_tokens : int
        Largest number of tokens of the model's own reply.
    seed : int or numpy.random.Generator
        Seed of the orders.

    Attributes
    ----------
    n : int
        Number of features.
    feature_names : tuple of str
        Names of the documents, with their parts if there are several.
    output_names : tuple of str or None
        Sentences of the answer, or orders.
    question, answer : str
        As given, or as the model replied.
    documents : dict of str to str
        Texts by name.
    groups : ndarray of int, shape (n,)
        Number of the document of every feature, pinned ones not counted; see `explain_levels`.
    group_names : tuple of str
        Names of these documents.
    value_name : str
        What the values are.

    Raises
    ------
    InputError
        If an argument cannot be used, or the model is in training mode.

    Warns
    -----
    TruncatedReplyWarning
        If the model's own reply does not end within `max_new_tokens`.
    WindowWarning
        If the whole prompt is longer than the context window of the model. Prompts are never truncated.

    Examples
    --------
    >>> game = ContextGame(model, tokenizer, "Where does Anna live?", {"letter": letter, "diary": diary})
    >>> found = spex.explain(game, budget=200)
    >>> found.index("FSII", order=2).top(5)
    >>> save_sources_html(found, "sources.html", game)
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        question: str,
        documents: Mapping[str, str] | Sequence[str],
        *,
        pinned: Sequence[str] = (),
        answer: str | None = None,
        system: str | None = None,
        features: Spans = "document",
        replacement: str = "remove",
        document: str = "{name}: {text}",
        layout: str = LAYOUT,
        outputs: str = "answer",
        orders: int = 1,
        value: str = "log_prob",
        max_new_tokens: int = 64,
        seed: int | np.random.Generator = 0,
    ) -> None:
        check_eval_mode(model)
        _check_choices(outputs, value, orders)
        most = check.count("max_new_tokens", max_new_tokens, 1, "the longest reply")
        count = check.count("orders", orders, 1, "orders of the documents")
        read = read_documents(documents, pinned, features, document)
        self.question, self.documents = question, {one.name: one.text for one in read}
        self.groups = group_numbers(read)
        self.group_names = tuple(one.name for one in read if one.parts is not None)
        template = _template(tokenizer, system)
        texts = [context_parts(read, order, layout, question) for order in _orders(len(read), count, seed)]
        if answer is None:
            answer = _reply_to_all(model, tokenizer, *texts[0], template, most)
        else:
            answer = _given_answer(answer, template)
        self.answer = answer.strip()
        self._by_sentence, self._averaged = outputs == "sentences", outputs != "orders"
        self._mean = value == "mean_log_prob"
        self.value_name = _value_name(outputs, self._mean, count)
        self._games = [
            MaskedPrompt(
                model,
                tokenizer,
                text,
                template=template,
                features=parts,
                replacement=replacement,
                answer=answer,
                value="log_prob" if self._by_sentence else value,
                tokens=self._by_sentence,
            )
            for text, parts in texts
        ]
        self.feature_names = self._games[0].feature_names
        self.n = len(self.feature_names)
        self.output_names: tuple[str, ...] | None = None
        if self._by_sentence:
            found, self._sentence = self._sentences(tokenizer, answer, model.config.is_encoder_decoder)
            self.output_names = distinct_names(found)
        elif not self._averaged:
            self.output_names = ("as given", *(f"order {i}" for i in range(2, count + 1)))

    def __call__(self, masks: BoolArray) -> FloatArray:
        """Evaluate the model at masks.

        Parameters
        ----------
        masks : ndarray of bool, shape (b, n)
            True where a feature is kept.

        Returns
        -------
        ndarray of float64, shape (b,) or (b, K)
            Log-probabilities of the answer, of its sentences, or with every order of the documents.

        Raises
        ------
        InputError
            If the model is in training mode, or tokens of the answer change with the mask.
        """
        values = np.array([game(masks) for game in self._games])
        if self._by_sentence:
            member = self._sentence[:, None] == np.arange(len(self.output_names or ()))
            values = values @ (member / member.sum(axis=0).clip(1) if self._mean else member)
        return values.mean(axis=0) if self._averaged else values.T

    def prompt(self, mask: BoolArray) -> str:
        """Return the prompt of a mask, with the documents in the given order.

        Parameters
        ----------
        mask : ndarray of bool, shape (n,)
            True where a feature is kept.

        Returns
        -------
        str
            Without the answer.
        """  # numpydoc ignore=RS01
        return str(self._games[0].prompt(mask))

    def work(self, masks: BoolArray) -> FloatArray:
        """Estimate the number of tokens of the prompts of masks.

        Parameters
        ----------
        masks : ndarray of bool, shape (b, n)
            True where a feature is kept.

        Returns
        -------
        ndarray of float64, shape (b,)
            Tokens, with the answer, of all orders together.
        """  # numpydoc ignore=RS01
        return np.sum([game.work(masks) for game in self._games], axis=0)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of everything that the values depend on: model, tokenizer and arguments."""
        about = [self._by_sentence and self._sentence.tolist(), self._averaged, self._mean]
        orders = [game.about for game in self._games]  # of one model, whose weights are read once
        return digest(["ContextGame 2", self._games[0].fingerprint, orders, about])

    def _sentences(self, tokenizer: Any, answer: str, encoder_decoder: bool) -> tuple[list[str], IntArray]:
        """Return the sentences of the answer, and the number of that of each token."""
        # The decoder of a sequence-to-sequence model reads the answer alone.
        before = "" if encoder_decoder else self.prompt(np.ones(self.n, dtype=bool))
        return sentence_of_tokens(tokenizer, self._games[0].answer_tokens, before, answer)

    def __repr__(self) -> str:
        sizes = [counted(len(self.documents), "document"), counted(self.n, "feature")]
        sizes += [counted(len(self.output_names), "output")] if self.output_names else []
        return f"ContextGame({self.question!r:.60}: {', '.join(sizes)}, answer {self.answer!r:.60})"


def _template(tokenizer: Any, system: str | None) -> str | list[dict[str, Any]]:
    """Return messages where the tokenizer knows how to write them, else a text."""
    user = {"role": "user", "content": PLACE}
    if getattr(tokenizer, "chat_template", None):
        return [user] if system is None else [{"role": "system", "content": system}, user]
    if system is not None:
        raise InputError("system: the tokenizer has no chat template; put it into layout.")
    return f"{PLACE}\nAnswer:"


def _check_choices(outputs: str, value: str, orders: Any) -> None:
    if outputs not in _OUTPUTS:
        raise InputError(f"outputs: must be one of {list(_OUTPUTS)}, got {outputs!r}.")
    if outputs == "orders" and orders == 1:
        raise InputError("orders: outputs='orders' compares several orders of the documents; give 2 or more.")
    if value not in ("log_prob", "mean_log_prob"):
        raise InputError(f"value: must be 'log_prob' or 'mean_log_prob', got {value!r}.")


def _reply_to_all(
    model: Any, tokenizer: Any, text: str, parts: ContextParts, template: Any, most: int
) -> str:
    """Return what the model itself replies to the prompt with all documents."""
    prompts = make_prompts(text, template, parts, None, tokenizer)
    (whole,) = prompts(np.ones((1, len(parts.names)), dtype=bool))
    return own_reply(model, tokenizer, str(whole), complete=prompts.complete, most=most)


def _given_answer(answer: str, template: Any) -> str:
    """Return the answer as it follows the prompt."""
    if not isinstance(answer, str) or not answer.strip():
        raise InputError(f"answer: must be a text, got {answer!r:.80}.")
    return f" {answer}" if isinstance(template, str) and not answer[0].isspace() else answer  # "Answer:"


def _value_name(outputs: str, mean: bool, orders: int) -> str:
    what = "the sentence, given those before it" if outputs == "sentences" else "the answer"
    each = "mean log-probability of the tokens of" if mean else "log-probability of"
    return f"{each} {what}" + (f", mean of {orders} orders" if outputs != "orders" and orders > 1 else "")


def _orders(documents: int, count: int, seed: Any) -> list[list[int]]:
    """Return the given order of documents, followed by random ones, all different."""
    if count > factorial(documents):
        raise InputError(
            f"orders: must be at most {factorial(documents)} for {counted(documents, 'document')}, pinned "
            f"ones included; got {count}."
        )
    rng, found = check.generator(seed), {tuple(range(documents)): None}
    while len(found) < count:
        found[tuple(rng.permutation(documents).tolist())] = None
    return [list(order) for order in found]
