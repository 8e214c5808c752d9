"""The fingerprint of an explained prompt, for a store: the model, the masked prompts and the target."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch

from spex_plugins import adapter_tools
from spex_plugins.captum.forward.value_function import digestible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

    from spex_plugins.queries import Queries

__all__ = ["queries_of_prompt"]


def queries_of_prompt(
    queries: Queries | None,
    model: Any,
    prompts_of: Sequence[Callable[[Tensor], Mapping[str, Any]]],
    n: int,
    wanted: Any,
) -> Queries | None:
    """Extend the fingerprint of a model by the masked prompts and the target.

    Parameters
    ----------
    queries : Queries, optional
        As given by the user.
    model : torch.nn.Module
    prompts_of : sequence of callable
        From one perturbed tensor (1, n) to a model input, one for each draw of the baselines.
    n : int
        Number of features.
    wanted : Any
        The target and the kind of value.
    """
    options = adapter_tools.query_options(queries, model)
    if queries is None or "store" not in options:
        return queries
    masks = torch.from_numpy(adapter_tools.telling_masks(n)).float()
    prompts = [sorted(prompt_of(mask[None]).items()) for mask in masks for prompt_of in prompts_of]
    asked = adapter_tools.about(options, *digestible([prompts, wanted]))
    return replace(queries, fingerprint=asked["fingerprint"])
