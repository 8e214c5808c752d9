"""Random baselines of a prompt: drawn from a seed; the value of a mask is the mean over the draws."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from captum.attr import LLMAttribution, TextTemplateInput

from spex_plugins.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["MeanOverDraws", "check_fixed", "draw_baselines"]

_TRIES = 8  # draws that are all alike are not random


class MeanOverDraws:
    """The forward function of a prompt with random baselines: the mean of its values with each draw.

    Shapley values and interactions of the mean are the means of those of the draws.

    Parameters
    ----------
    forward : callable
        From perturbed tensors (c, n + 1), whose last column is the number of a draw, to values (c, K).
    weights : sequence of float
        Shares of the D different draws, which sum to 1.
    """

    def __init__(self, forward: Callable[[Tensor], Tensor], weights: Sequence[float]) -> None:
        self._forward, self._weights = forward, tuple(weights)

    def __call__(self, perturbed: Tensor) -> Tensor:
        """Return the values (c, K) of perturbed tensors (c, n), with at most c prompts per model call."""
        whole = (perturbed != 0).all(dim=1).tolist()  # has no baseline in it, and is asked once
        weights = [torch.tensor((1.0,) if w else self._weights, dtype=torch.float64) for w in whole]
        counts = [len(one) for one in weights]
        rows = perturbed.repeat_interleave(torch.tensor(counts), dim=0)
        number = torch.cat([torch.arange(count) for count in counts]).to(rows)
        asked = torch.cat([rows, number[:, None]], dim=1).split(len(perturbed))
        values = torch.cat([self._forward(chunk) for chunk in asked]).split(counts)
        return torch.stack([w.to(v) @ v for w, v in zip(weights, values, strict=True)])


def check_fixed(forward: Any, extra: tuple[Any, ...] | None) -> None:
    """Raise an error for random baselines in `captum.attr.LLMAttribution`, which draws them for every mask.

    Raises
    ------
    InputError
        If the forward function is that of `LLMAttribution`, and the baselines of its input change.
    """
    if not isinstance(getattr(forward, "__self__", None), LLMAttribution) or not extra:
        return
    if len(draw_baselines(extra[0], _TRIES, np.random.default_rng(0))) > 1:
        raise InputError(
            "inp: its baselines are random, and LLMAttribution draws others for every mask; give fixed "
            "baselines, or use SpexLLMAttribution, whose num_trials averages over draws from its seed."
        )


def draw_baselines(inp: Any, draws: int, rng: np.random.Generator) -> list[tuple[Any, float]]:
    """Return an input with each of its random baselines, and their shares of the draws.

    Without random baselines, return the input alone.

    Parameters
    ----------
    inp : InterpretableInput
    draws : int
    rng : numpy Generator
        Advanced by one number; the global generators are left unchanged.

    Raises
    ------
    InputError
        If the drawn baselines do not fit the values.
    """
    if not isinstance(inp, TextTemplateInput) or not callable(inp.baselines):
        return [(inp, 1.0)]
    with _seeded(int(rng.integers(2**32))):
        drawn = Counter(tuple(_fitted(inp, inp.baselines())) for _ in range(draws))
    return [(_with_baselines(inp, baselines), count / draws) for baselines, count in drawn.items()]


def _fitted(inp: Any, drawn: Any) -> list[Any]:
    """Return baselines in the order of the values."""
    if isinstance(drawn, Mapping) and inp.dict_keys:
        values = [drawn[key] for key in inp.dict_keys if key in drawn]
    else:
        fits = not inp.dict_keys and isinstance(drawn, Sequence) and not isinstance(drawn, str)
        values = list(drawn) if fits else []
    if len(values) != len(inp.values):
        needed = f"a dict with the keys {inp.dict_keys}" if inp.dict_keys else f"{len(inp.values)} texts"
        raise InputError(f"inp: its baselines must return {needed}, got {drawn!r:.80}.")
    return values


def _with_baselines(inp: Any, baselines: Sequence[Any]) -> Any:
    fixed = copy(inp)
    fixed.baselines = list(baselines)
    return fixed


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed the global random number generators, and restore them."""
    python, legacy = random.getstate(), np.random.get_state(legacy=False)  # noqa: NPY002
    try:
        with torch.random.fork_rng(devices=[]):
            random.seed(seed)
            np.random.seed(seed)  # noqa: NPY002
            torch.default_generator.manual_seed(seed)
            yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)  # noqa: NPY002
