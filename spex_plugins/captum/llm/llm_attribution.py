"""`SpexLLMAttribution`: Captum's LLM attribution with many prompts per model call, and with interactions."""

from __future__ import annotations

from copy import copy, deepcopy
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from captum.attr import LLMAttribution, TextTokenInput

from spex_plugins import checks as check
from spex_plugins.adapter_tools import default_budget
from spex_plugins.captum import captum_internals
from spex_plugins.captum.llm.features import feature_names, in_reading_order
from spex_plugins.captum.llm.fingerprint import queries_of_prompt
from spex_plugins.captum.llm.forward import MaskedPrompts
from spex_plugins.captum.llm.random_baselines import MeanOverDraws, draw_baselines
from spex_plugins.captum.llm.result import SpexLLMAttributionResult
from spex_plugins.captum.llm.special_tokens import check_special_tokens, prompt_tokens
from spex_plugins.captum.spex import Spex
from spex_plugins.core.designs.all_masks import FEATURES_OF_PROMPTS
from spex_plugins.errors import InputError
from spex_plugins.queries.calls.torch_modes import check_modes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from torch import Tensor

    from spex_plugins.estimators.base import Estimator
    from spex_plugins.queries import Queries

__all__ = ["SpexLLMAttribution"]


class SpexLLMAttribution(LLMAttribution):  # type: ignore[misc]
    r"""Attribute the answer of a language model to the words of its prompt, and to sets of words.

    A `captum.attr.LLMAttribution` that evaluates many masked prompts per model call: one call gives the
    log-probabilities of the whole target and of all its tokens. The common beginning of the prompts that is
    never masked (instructions, examples) is evaluated once.

    Parameters
    ----------
    attr_method : Spex
        Its ``forward_func`` is a causal language model with the calling convention of transformers.
    tokenizer : Any
        The tokenizer of the model.
    attr_target : str
        The value to explain: "log_prob" (default, natural logarithm) or "prob".

    Raises
    ------
    InputError
        If the method is not a `Spex`, or the target of attribution is unknown.

    Examples
    --------
    >>> from captum.attr import TextTemplateInput
    >>> from spex_plugins.captum import Spex, SpexLLMAttribution
    >>> words = "The plot is not bad".split()
    >>> inp = TextTemplateInput("Review: {} {} {} {} {}\nSentiment:", words)
    >>> result = SpexLLMAttribution(Spex(model), tokenizer).attribute(inp, " positive", n_samples=500)
    >>> result.plot_token_attr()
    >>> result.seq_interactions.top(3)
    """

    def __init__(self, attr_method: Spex, tokenizer: Any, attr_target: str = "log_prob") -> None:
        if not isinstance(attr_method, Spex):
            kind = type(attr_method).__name__
            raise InputError(
                f"attr_method: must be a Spex, got {kind}; write SpexLLMAttribution(Spex(model), tokenizer), "
                "or use captum.attr.LLMAttribution for Captum's own methods."
            )
        if attr_target not in ("log_prob", "prob"):
            raise InputError(f"attr_target: must be 'log_prob' or 'prob', got {attr_target!r:.80}.")
        super().__init__(attr_method, tokenizer, attr_target)

    def attribute(
        self,
        inp: Any,
        target: str | Tensor | None = None,
        num_trials: int = 1,
        gen_args: dict[str, Any] | None = None,
        use_cached_outputs: bool = False,
        *,
        forward_in_tokens: bool = False,
        n_samples: int | None = None,
        perturbations_per_eval: int = 16,
        show_progress: bool = False,
        index: str = "SV",
        max_order: int | None = None,
        estimator: str | Estimator = "auto",
        seed: int | np.random.Generator = 0,
        queries: Queries | None = None,
    ) -> SpexLLMAttributionResult:
        """Explain the log-probability (or probability) of an answer to a prompt.

        Parameters
        ----------
        inp : TextTemplateInput, TextTokenInput or ImageMaskInput
            Of `captum.attr`; n features.
        target : str or Tensor of int, shape (T,), optional
            The answer, as a text or T tokens. By default the text that the model generates.
        num_trials : int
            Number of draws of random baselines (a callable, such as `captum.attr.ProductBaselines`). They are
            drawn once, from the seed, and the value of a mask is its mean over them: that many prompts for
            each mask. Without random baselines it has no effect, as nothing else is random.
        gen_args : dict, optional
            Only without target: arguments of ``model.generate``, as in Captum.
        use_cached_outputs, forward_in_tokens : bool
            Must be False; accepted for code that was written for Captum. Every prompt is evaluated with its
            target in one forward pass. (Captum's cache gives wrong log-probabilities from transformers 5.3
            on, for every method.)
        n_samples : int, optional
            Largest number of masks, the whole prompt and the empty one included. It is never exceeded, and no
            mask is evaluated twice. By default all 2^n for up to 10 features, else max(500, 16 n).
        perturbations_per_eval : int
            Prompts per model call.
        show_progress : bool
            Show a bar, "Spex attribution".
        index : str
            The attributions are the single features of this index at order 1, as in `Spex.attribute`.
        max_order : int, optional
            As in `spex_plugins.explain`.
        estimator : str or Estimator
            As in `Spex.attribute`.
        seed : int or numpy Generator
            Of the masks and of random baselines. A Generator is copied and not advanced.
        queries : Queries, optional
            As in `Spex.attribute`. The fingerprint for a store names the model.

        Returns
        -------
        SpexLLMAttributionResult
            ``seq_attr`` (n,) and ``token_attr`` (T, n), float32, in the unit of the attribution target
            (natural logarithms, or probabilities); for grouped values, one column per value, as in Captum.
            ``interactions`` has 1 + T outputs: the whole answer, then its tokens.

        Raises
        ------
        InputError
            If an argument cannot be used.
        ValueFunctionError
            If the model fails at a mask; the error holds every answer obtained until then.
        """
        num_trials = check.count("num_trials", num_trials, 1, "draws of random baselines")
        _check_only("use_cached_outputs", use_cached_outputs, False, "Captum's cache gives wrong values")
        _check_only(
            "forward_in_tokens", forward_in_tokens, False, "one forward gives all tokens the same values"
        )
        check_modes(self.model, "forward_func")
        tokens = self._target_tokens(inp, target, gen_args)
        if isinstance(inp, TextTokenInput):
            check_special_tokens(inp)
        method = copy(self.attr_method)
        ordered = in_reading_order(inp)
        drawn = draw_baselines(ordered, num_trials, deepcopy(check.generator(seed)))
        prompts_of = [partial(self._prompt, one) for one, _ in drawn]
        weights = [weight for _, weight in drawn]
        method.forward_func = self._forward_of(prompts_of, weights, tokens.to(self.device))
        wanted = (tokens, self.attr_target, *(weights if len(weights) > 1 else ()))
        asked = queries_of_prompt(queries, self.model, prompts_of, inp.n_itp_features, wanted)
        attributions, (found,) = method.attribute(
            torch.ones(1, inp.n_itp_features),  # of floats and on the CPU, whatever the input's own tensor is
            n_samples=n_samples or default_budget(inp.n_itp_features, FEATURES_OF_PROMPTS),
            perturbations_per_eval=perturbations_per_eval,
            show_progress=show_progress,
            return_interactions=True,
            index=index,
            max_order=max_order,
            estimator=estimator,
            seed=seed,
            queries=asked,
        )
        values = ordered.format_attr(attributions[0].to(self.device, torch.float32))
        return SpexLLMAttributionResult(
            interactions=found.renamed(feature_names(ordered)),
            input_tokens=inp.values,
            output_tokens=captum_internals.pretty_tokens(tokens, self.tokenizer),
            seq_attr=values[0],
            token_attr=values[1:],
            inp=inp,
        )

    def _format_model_input(self, model_input: Any) -> dict[str, Any]:
        """Return the tokens of a text as they stand before the target: begun once, and not ended."""
        if isinstance(model_input, str):
            model_input = torch.tensor([prompt_tokens(self.tokenizer, model_input)], dtype=torch.long)
        formatted: dict[str, Any] = super()._format_model_input(model_input)
        return formatted

    def _prompt(self, inp: Any, perturbed: Tensor) -> dict[str, Any]:
        return self._format_model_input(inp.to_model_input(perturbed))

    def _forward_of(
        self,
        prompts_of: Sequence[Callable[[Tensor], dict[str, Any]]],
        weights: Sequence[float],
        tokens: Tensor,
    ) -> Any:
        """Return the forward function of an input, whose baselines may be several."""
        several = len(prompts_of) > 1

        def prompt_of(row: Tensor) -> dict[str, Any]:
            return prompts_of[int(row[0, -1])](row[:, :-1]) if several else prompts_of[0](row)

        forward: Any = MaskedPrompts(self.model, prompt_of, tokens)
        if self.attr_target == "prob":
            log_probs = forward
            forward = lambda rows: log_probs(rows).exp()  # noqa: E731
        return MeanOverDraws(forward, weights) if several else forward

    def _target_tokens(self, inp: Any, target: Any, gen_args: dict[str, Any] | None) -> Tensor:
        if not isinstance(inp, self.SUPPORTED_INPUTS):
            known = [kind.__name__ for kind in self.SUPPORTED_INPUTS]
            raise InputError(f"inp: must be one of {known} of captum.attr, got {type(inp).__name__}.")
        if target is not None and not isinstance(target, str | torch.Tensor):
            raise InputError(f"target: must be a text or a tensor of tokens, got {type(target).__name__}.")
        if target is not None and gen_args is not None:
            raise InputError("gen_args: leave it out when a target is given; nothing is generated then.")
        tokens = self._get_target_tokens(inp, target, gen_args=gen_args)
        if tokens.dim() != 1 or not tokens.numel() or tokens.is_floating_point():
            raise InputError(
                f"target: need one or more tokens, integers of shape (T,), got {tokens.dtype} of shape "
                f"{tuple(tokens.shape)}."
            )
        return tokens.long()


def _check_only(name: str, value: Any, only: Any, why: str) -> None:
    if value != only:
        raise InputError(f"{name}: must be {only}, got {value!r:.80}: {why}.")
