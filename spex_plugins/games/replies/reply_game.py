"""`ReplyGame`: how similar the reply to a masked text is to that to the whole; needs no probabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from spex_plugins import checks as check
from spex_plugins.core.basis.masks import checked_masks
from spex_plugins.errors import InputError
from spex_plugins.games.calls import CallResults, call_each, raise_problem
from spex_plugins.games.common.fingerprints import combined_fingerprint, fingerprint_of_part
from spex_plugins.games.documents.context_parts import LAYOUT, context_parts
from spex_plugins.games.documents.documents import group_numbers, read_documents
from spex_plugins.games.replies.similarity import similarity_of
from spex_plugins.games.text.prompt_length import prompt_lengths
from spex_plugins.games.text.prompts import PLACE
from spex_plugins.games.text.text_features import MaskedParts, Spans, masked_parts
from spex_plugins.queries.store.digest import digest_of_data
from spex_plugins.types import BoolArray, FloatArray, IntArray
from spex_plugins.wording import counted

__all__ = ["ReplyGame"]

_CHARACTERS_PER_TOKEN = 4.0  # of English; only an estimate of costs rests on it


class ReplyGame:
    """Value function of a text: the similarity of a model's reply to masked text and of that to the whole.

    It works for every model that replies with a text, also behind an API that gives no log-probabilities.
    Sampled replies make the values random: `explain_noisy` measures the noise and explains the rest.

    Parameters
    ----------
    reply : callable
        From a prompt to the reply of the model, synchronous or asynchronous; or `ChatReplies`. A method
        ``many(prompts, repeats)`` is used instead, if there is one.
    text : str
        The text to explain.
    template : str
        The prompt, with ``{}`` where the masked text belongs.
    features : {"word", "sentence", "paragraph"}, sequence of (start, end), or callable
        What is masked together, see `MaskedPrompt`.
    replacement : "remove" or str
        Masked features are removed with the white space before them, or replaced by this text.
    similarity : {"cosine", "exact", "number"} or callable
        Cosine of TF-IDF vectors; 1 for equal words (without case, punctuation and articles) or an equal last
        number, else 0; `Embedded` or any function of the reply and the reference, such as a judge.
    reference : str, optional
        The reply to compare with. By default, that to the whole text, which is asked for at once, and is not
        asked again for the mask that keeps all. Give it where replies are sampled and a store is used:
        another reference makes other values.
    repeats : int
        Number of replies to each mask, over which the similarity is averaged. One is best with
        `explain_noisy`, which spends calls on new masks where that tells more.
    concurrency : int
        Calls of ``reply`` at a time.
    fingerprint : str, optional
        Identifies ``reply`` or ``similarity`` where one has no ``fingerprint``; a store needs it. The
        fingerprint of the other one counts as well.

    Attributes
    ----------
    n : int
        Number of features.
    feature_names : tuple of str
        The parts of the text.
    reference : str
        The reply that others are compared with.
    fingerprint : str or None
        Digest of everything that the values depend on, if it is known.
    value_name : str
        What the values are.

    Raises
    ------
    InputError
        If an argument cannot be used.

    Examples
    --------
    >>> game = ReplyGame(ChatReplies("gpt-4.1-mini-2025-04-14"), review, template="Summarise: {}")
    >>> found = spex.explain_noisy(game, budget=500)
    >>> print(found.interactions.top(5), found.noise)
    """

    def __init__(
        self,
        reply: Callable[..., Any],
        text: str,
        *,
        template: str = PLACE,
        features: Spans = "word",
        replacement: str = "remove",
        similarity: str | Callable[[str, str], float] = "cosine",
        reference: str | None = None,
        repeats: int = 1,
        concurrency: int = 8,
        fingerprint: str | None = None,
    ) -> None:
        if not callable(reply):
            raise InputError(f"reply: must be a function of a prompt, got {type(reply).__name__}.")
        if not isinstance(text, str) or not isinstance(replacement, str):
            raise InputError('text, replacement: must be a text, and "remove" or what replaces masked parts.')
        if not isinstance(template, str) or template.count(PLACE) != 1:
            raise InputError(
                f"template: must hold {PLACE!r} once, the place of the text; got {template!r:.80}."
            )
        self._reply, self._around = reply, template.split(PLACE)
        self._parts: MaskedParts = masked_parts(text, features)
        self._replacement = None if replacement == "remove" else replacement
        self._similarity, named = similarity_of(similarity)
        self._repeats = check.count("repeats", repeats, 1, "replies to each mask")
        self._concurrency = check.count("concurrency", concurrency, 1, "calls at a time")
        self.n, self.feature_names = len(self._parts.names), self._parts.names
        characters = sum(map(len, self._around)) + len(text)
        self._characters = prompt_lengths([self._parts], self._replacement, characters, _lengths)
        self._known: dict[str, float] = {}
        self._paid: dict[tuple[str, int], Any] = {}
        if reference is None:
            reference = self._first_reply()
        elif not isinstance(reference, str):
            raise InputError(f"reference: must be a text, got {type(reference).__name__}.")
        self.reference = reference
        if isinstance(similarity, str) and not self._similarity(reference, reference):
            raise InputError(
                f"reference: to {reference!r:.60}, no reply is similar by {similarity!r}, not even itself; "
                "choose another similarity or reference."
            )
        parts = combined_fingerprint(
            [fingerprint_of_part(reply), named], check.text("fingerprint", fingerprint)
        )
        about = [template, text, repr(self._parts.described), replacement, reference, str(repeats)]
        self.fingerprint = None if parts is None else digest_of_data("ReplyGame", parts, *about)

    @classmethod
    def of_documents(
        cls,
        reply: Callable[..., Any],
        question: str,
        documents: Mapping[str, str] | Sequence[str],
        *,
        pinned: Sequence[str] = (),
        features: Spans = "document",
        document: str = "{name}: {text}",
        layout: str = LAYOUT,
        **options: Any,
    ) -> ReplyGame:
        """Return the game of the documents of a question, as `ContextGame` for models with probabilities.

        Parameters
        ----------
        reply : callable
            See `ReplyGame`.
        question : str
            The question.
        documents : mapping of str to str, or sequence of str
            Texts by name.
        pinned : sequence of str
            Names of documents that are never masked.
        features : {"document", "sentence", "paragraph", "word"} or callable
            The n parts that can be masked.
        document : str
            How a document is written, with "{text}" and, if it is shown, "{name}".
        layout : str
            The prompt, with "{context}" and "{question}".
        **options
            Further arguments of `ReplyGame`.

        Returns
        -------
        ReplyGame
            Also with ``groups`` and ``group_names``, for `explain_levels`.

        Raises
        ------
        InputError
            If an argument cannot be used.
        """
        read = read_documents(documents, pinned, features, document)
        text, parts = context_parts(read, range(len(read)), layout, question)
        game = cls(reply, text, features=parts, **options)
        game.question, game.documents = question, {one.name: one.text for one in read}
        game.groups = group_numbers(read)
        game.group_names = tuple(one.name for one in read if one.parts is not None)
        return game

    question: str
    documents: dict[str, str]
    groups: IntArray
    group_names: tuple[str, ...]
    value_name = "similarity to this answer"

    def __call__(self, masks: BoolArray) -> FloatArray:
        """Return the similarities of the replies to masks; masks that leave the same text are asked once.

        Parameters
        ----------
        masks : ndarray of bool, shape (b, n)
            True where a feature is kept.

        Returns
        -------
        ndarray of float64, shape (b,)
            Means over the repeats.

        Raises
        ------
        PartialAnswerError
            If some calls fail. It has the values of the others.
        InputError
            If the similarity is no number.
        """
        kept, proven = checked_masks(masks, self.n), bool(self._known)
        b = len(kept)
        # All repeats of a mask together: if a call fails, the masks before it are complete.
        rows, repeats = np.repeat(np.arange(b), self._repeats), np.tile(np.arange(self._repeats), b)
        values, done, failed = self._values(kept[rows], repeats)
        means = values.reshape(b, self._repeats).mean(axis=1)
        failed_masks = np.asarray(failed.reshape(b, self._repeats).any(axis=1))
        proven &= done.unread
        raise_problem(done.problem, means, ~np.isnan(means), failed_masks, proven=proven)
        return means

    def sample(self, masks: BoolArray, repeats: IntArray) -> FloatArray:
        """Return the similarity of one reply to every mask.

        Parameters
        ----------
        masks : ndarray of bool, shape (b, n)
            True where a feature is kept.
        repeats : ndarray of int, shape (b,)
            Number of the repeat of every mask, from 0.

        Returns
        -------
        ndarray of float64, shape (b,)
            Similarities.

        Raises
        ------
        PartialAnswerError
            If some calls fail. It has the values of the others.
        InputError
            If the similarity is no number.
        """
        proven = bool(self._known)
        values, done, failed = self._values(checked_masks(masks, self.n), np.asarray(repeats))
        proven &= done.unread
        raise_problem(done.problem, values, ~np.isnan(values), failed, proven=proven)
        return values

    def prompt(self, mask: BoolArray) -> str:
        """Return the prompt of a mask.

        Parameters
        ----------
        mask : ndarray of bool, shape (n,)
            True where a feature is kept.

        Returns
        -------
        str
            The text of the template with what is kept.
        """  # numpydoc ignore=RS01
        return self._prompts(checked_masks(np.asarray(mask)[None], self.n))[0]

    def work(self, masks: BoolArray) -> FloatArray:
        """Estimate the tokens of every mask's prompts.

        Parameters
        ----------
        masks : ndarray of bool, shape (b, n)
            True where a feature is kept.

        Returns
        -------
        ndarray of float64, shape (b,)
            Tokens of all repeats, at four characters each, without those of the replies.
        """  # numpydoc ignore=RS01
        return self._characters(masks) * self._repeats / _CHARACTERS_PER_TOKEN

    def limit_time(self, seconds: float | None) -> None:
        """Pass a time limit on to a ``reply`` that has this method; `explain` calls it with ``max_seconds``.

        Parameters
        ----------
        seconds : float or None
            From now on; None for no limit.
        """  # numpydoc ignore=RS01
        if hasattr(self._reply, "limit_time"):
            self._reply.limit_time(seconds)

    def __repr__(self) -> str:
        each = "1 reply" if self._repeats == 1 else f"{self._repeats} replies"
        return f"ReplyGame({counted(self.n, 'feature')}, {each} a mask, reference {self.reference!r:.60})"

    def _prompts(self, masks: BoolArray) -> list[str]:
        before, behind = self._around
        return [f"{before}{text}{behind}" for text in self._parts.texts(masks, self._replacement)]

    def _values(self, masks: BoolArray, repeats: IntArray) -> tuple[FloatArray, CallResults, BoolArray]:
        """Return similarities (b,), NaN where there is none, why, and which of them failed (b,).

        Replies of a batch that fails are kept: they are paid for, and their masks may be asked again.
        """
        asked = list(zip(self._prompts(masks), map(int, repeats), strict=True))
        distinct = list(dict.fromkeys(asked))
        kept = {one: self._paid.pop(one) for one in distinct if one in self._paid}
        missing = [one for one in distinct if one not in kept]
        done = self._replies(missing) if missing else CallResults([])
        known = {**kept, **dict(zip(missing, done.results, strict=True))}
        failed = {missing[i] for i in done.failed_at}
        done.results, done.failed_at = [known[one] for one in distinct], set()
        value_of = dict(zip(distinct, done.read(self._compared), strict=True))
        if done.problem is not None:
            self._paid |= {one: reply for one, reply in known.items() if reply is not None}
        values = [np.nan if value_of[one] is None else value_of[one] for one in asked]
        failed |= {distinct[i] for i in done.failed_at}
        failing = np.array([one in failed for one in asked], dtype=bool)
        return np.array(values, dtype=np.float64), done, failing

    def _replies(self, asked: Sequence[tuple[str, int]]) -> CallResults:
        many = getattr(self._reply, "many", None)
        if many is not None:
            found = many([prompt for prompt, _ in asked], [repeat for _, repeat in asked])
            return found if isinstance(found, CallResults) else CallResults(list(found))
        return call_each(self._reply, [(prompt,) for prompt, _ in asked], self._concurrency)

    def _compared(self, reply: Any) -> float:
        """Return the similarity of a reply; that of an equal one is not computed again."""
        if not isinstance(reply, str):
            raise InputError(f"reply: must return a text, got {type(reply).__name__}.")
        if reply not in self._known:
            value = self._similarity(reply, self.reference)
            try:
                number = float(value)
            except (TypeError, ValueError):
                number = np.nan
            if not np.isfinite(number):
                raise InputError(f"similarity: must return a finite number, got {value!r:.80}.")
            self._known[reply] = number
        return self._known[reply]

    def _first_reply(self) -> str:
        whole = (self._prompts(np.ones((1, self.n), dtype=bool))[0], 0)
        done = self._replies([whole])
        if done.problem is not None:
            raise done.problem
        reply = done.results[0]
        if not isinstance(reply, str) or not reply.strip():
            raise InputError(f"reply: must return a text, got {reply!r:.80}.")
        self._paid[whole] = reply
        return reply


def _lengths(texts: list[str]) -> list[int]:
    return [len(text) for text in texts]
