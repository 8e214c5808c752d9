"""`HeadsGame`: what attention heads, or neurons, of a transformer contribute to its answers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from inspect import signature
from typing import Any

import numpy as np

from spex_plugins import checks as check
from spex_plugins.core.basis.masks import checked_masks
from spex_plugins.errors import InputError, MissingExtraError

try:
    import torch
    import transformers  # noqa: F401
except ImportError as error:
    raise MissingExtraError(
        'HeadsGame needs torch and transformers: pip install "spex-plugins[llm]".'
    ) from error

from spex_plugins.games.common.model_fingerprint import digest, model_digest, tokenizer_digest
from spex_plugins.games.heads.examples import Batch, Examples
from spex_plugins.games.heads.projections import find_projections, masked_inputs, mean_inputs
from spex_plugins.games.text.prompt_arguments import check_eval_mode
from spex_plugins.types import BoolArray, FloatArray
from spex_plugins.wording import counted

__all__ = ["HeadsGame"]

_VALUES = ("log_prob", "log_odds", "accuracy")
_ROWS = 64  # of a call of the model


class HeadsGame:
    """Value function of the attention heads, or neurons, of a causal language model.

    A mask replaces the outputs of heads or neurons at all tokens, by forward hooks on the linear maps behind
    them; the model itself is not changed. Every mask is a pass over all examples.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        A causal language model, in evaluation mode.
    tokenizer : Any
        The tokenizer of the model.
    prompts, answers : sequence of str
        Examples: prompts, and the answer to each, with its space.
    against : sequence of str, optional
        A wrong answer to each prompt, for "log_odds" and "accuracy".
    part : {"heads", "neurons"}
        What is masked.
    layers : sequence of int, optional
        Layers whose parts are features, from 0; by default all.
    block : int
        Number of neighbouring neurons, or heads, that are one feature.
    replacement : {"mean", "zero"}
        What takes the place of masked outputs: their means over the tokens of the examples, or 0.
    value : {"log_prob", "log_odds", "accuracy"}
        Mean over examples of the log-probability of the answer, or of that minus that of the wrong answer;
        or the share of examples in which the answer is the more probable one.

    Attributes
    ----------
    n : int
        Number of features.
    feature_names : tuple of str
        Such as "layer 3 head 1".

    Raises
    ------
    InputError
        If an argument cannot be used, or the model is in training mode.

    Examples
    --------
    >>> game = HeadsGame(model, tokenizer, prompts, answers, against=wrong, value="log_odds", layers=range(4))
    >>> found = spex.explain(game, budget=2000)
    >>> kept = found.best_keeping(game.n // 2)
    >>> game.accuracy(kept.mask[None])
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        prompts: Sequence[str],
        answers: Sequence[str],
        *,
        against: Sequence[str] | None = None,
        part: str = "heads",
        layers: Sequence[int] | None = None,
        block: int = 1,
        replacement: str = "mean",
        value: str = "log_prob",
    ) -> None:
        check_eval_mode(model)
        for name, given, known in (
            ("part", part, ("heads", "neurons")),
            ("replacement", replacement, ("mean", "zero")),
            ("value", value, _VALUES),
        ):
            if given not in known:
                raise InputError(f"{name}: must be one of {list(known)}, got {given!r}.")
        if (against is None) != (value == "log_prob"):
            raise InputError("against: needed for value='log_odds' and 'accuracy', and only for them.")
        if getattr(model.config, "is_encoder_decoder", False) or not model.can_generate():
            raise InputError(f"model: must be a causal language model, got {type(model).__name__}.")
        self._model, self._value = model, value
        self._takes_last = "logits_to_keep" in signature(type(model).forward).parameters
        self._projections = find_projections(model, part, layers)
        size = check.count("block", block, 1, "parts of a feature")
        heads = int(model.config.num_attention_heads)
        self._labels: list[Any] = []
        names: list[str] = []
        for projection in self._projections:
            units = heads if part == "heads" else projection.width
            if projection.width % units:
                raise InputError(
                    f"model: {projection.width} outputs are not those of {units} heads of one size."
                )
            unit = np.arange(projection.width) // (projection.width // units)
            self._labels.append(len(names) + unit // size)
            names += [f"layer {projection.layer} {_named(part, first, min(first + size, units))}"
                      for first in range(0, units, size)]  # fmt: skip
        self.feature_names = tuple(names)
        self.n = len(names)
        device = model.get_input_embeddings().weight.device
        self._examples = Examples(tokenizer, prompts, answers, against, device)
        texts = [[] if given is None else list(given) for given in (prompts, answers, against)]
        self._about = [*texts, part, block, replacement, value]
        self._about += [[one.layer for one in self._projections], tokenizer_digest(tokenizer)]
        self._means = [torch.zeros(one.width) for one in self._projections]
        if replacement == "mean":
            with torch.inference_mode():
                self._means = mean_inputs(self._projections, self._all_logits)

    def __call__(self, masks: BoolArray) -> FloatArray:
        """Evaluate the model on all examples, with masked parts.

        Parameters
        ----------
        masks : ndarray of bool, shape (b, n)
            True where a head or neuron is kept.

        Returns
        -------
        ndarray of float64, shape (b,)
            See ``value``.

        Raises
        ------
        InputError
            If the model is in training mode.
        """
        scores = self.scores(masks)
        return (scores > 0).mean(axis=1) if self._value == "accuracy" else scores.mean(axis=1)

    def scores(self, masks: BoolArray) -> FloatArray:
        """Return how well each example is answered.

        Parameters
        ----------
        masks : ndarray of bool, shape (b, n)
            True where a head or neuron is kept.

        Returns
        -------
        ndarray of float64, shape (b, E)
            Log-probabilities (natural) of the answers, minus those of the wrong ones if there are any.

        Raises
        ------
        InputError
            If the model is in training mode.
        """
        check_eval_mode(self._model)
        masks = checked_masks(masks, self.n)
        scores = np.zeros((len(masks), self._examples.n_answers))
        with torch.inference_mode():
            for batch in self._examples.batches:
                step = max(1, _ROWS // len(batch.ids))
                for start in range(0, len(masks), step):
                    scores[start : start + step] += self._part(batch, masks[start : start + step])
        right, wrong = scores[:, : self._examples.count], scores[:, self._examples.count :]
        return right - wrong if wrong.shape[1] else right

    def accuracy(self, masks: BoolArray) -> FloatArray:
        """Return the share of examples in which the answer is more probable than the wrong one.

        Parameters
        ----------
        masks : ndarray of bool, shape (b, n)
            True where a head or neuron is kept.

        Returns
        -------
        ndarray of float64, shape (b,)
            Accuracies.

        Raises
        ------
        InputError
            If the game has no wrong answers.
        """
        if self._value == "log_prob":
            raise InputError("against: accuracy needs a wrong answer to each prompt.")
        return (self.scores(masks) > 0).mean(axis=1)

    def work(self, masks: BoolArray) -> FloatArray:
        """Return the number of tokens of every mask, which are those of the examples.

        Parameters
        ----------
        masks : ndarray of bool, shape (b, n)
            True where a head or neuron is kept.

        Returns
        -------
        ndarray of float64, shape (b,)
            All equal.
        """  # numpydoc ignore=RS01
        return np.full(len(masks), float(self._examples.tokens))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of everything that the values depend on: model, tokenizer and arguments."""
        return digest(["HeadsGame 2", model_digest(self._model), self._about])

    def __repr__(self) -> str:
        sizes = f"{counted(self.n, 'feature')} in {counted(len(self._projections), 'layer')}"
        return f"HeadsGame({sizes}, {counted(self._examples.count, 'example')}, {self._value})"

    def _part(self, batch: Batch, masks: BoolArray) -> FloatArray:
        """Return what a batch adds to the log-probabilities (b, answers) of some masks."""
        rows = len(batch.ids)
        kept = [torch.from_numpy(masks[:, label]).repeat_interleave(rows, dim=0) for label in self._labels]
        with masked_inputs(self._projections, kept, self._means):
            found: FloatArray = batch.log_probs(self._logits(batch, len(masks))).cpu().numpy()
        return found

    def _logits(self, batch: Batch, copies: int) -> Any:
        ids = batch.ids.repeat(copies, 1)
        # The vocabulary is large.
        last = {"logits_to_keep": batch.n_last} if self._takes_last else {}
        real = torch.ones_like(ids)
        return self._model(input_ids=ids, attention_mask=real, use_cache=False, **last).logits

    def _all_logits(self) -> None:
        for batch in self._examples.batches:
            self._logits(batch, 1)


def _named(part: str, first: int, stop: int) -> str:
    kind = part.removesuffix("s")
    return f"{kind} {first}" if stop == first + 1 else f"{part} {first}–{stop - 1}"
