"""Random baselines of a prompt: drawn from a seed, and every mask's value is the mean over the draws."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from captum.attr import TextTemplateInput

from spex_plugins.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["MeanOverDraws", "draw_baselines"]


class MeanOverDraws:
    """The forward function of a prompt with random baselines: the mean of its values with each draw.

    Shapley values and interactions of the mean are the means of those of the draws.

    Parameters
    ----------
    forward : callable
        From perturbed tensors (c, n + 1), whose last column is the number of a draw, to values (c, K).
    draws : int
    """

    def __init__(self, forward: Callable[[Tensor], Tensor], draws: int) -> None:
        self._forward, self._draws = forward, draws

    def __call__(self, perturbed: Tensor) -> Tensor:
        """Evaluate perturbed tensors (c, n), with at most c prompts per model call; returns (c, K)."""
        whole = (perturbed != 0).all(dim=1)  # has no baseline in it, and is asked once
        draws = torch.where(whole, 1, self._draws)
        rows = perturbed.repeat_interleave(draws, dim=0)
        number = torch.cat([torch.arange(count) for count in draws.tolist()]).to(rows)
        asked = torch.cat([rows, number[:, None]], dim=1).split(len(perturbed))
        values = torch.cat([self._forward(chunk) for chunk in asked])
        return torch.stack([each.mean(dim=0) for each in values.split(draws.tolist())])


def draw_baselines(inp: Any, draws: int, rng: np.random.Generator) -> list[Any]:
    """Return an input with each of its random baselines, or the input alone where they are not random.

    Parameters
    ----------
    inp : InterpretableInput
    draws : int
    rng : numpy Generator
        Not advanced by more than one number; those that all code shares are left as they were.

    Raises
    ------
    InputError
        If what is drawn does not fit the values.
    """
    if not isinstance(inp, TextTemplateInput) or not callable(inp.baselines):
        return [inp]
    with _seeded(int(rng.integers(2**32))):
        return [_with_baselines(inp, inp.baselines()) for _ in range(draws)]


def _with_baselines(inp: Any, drawn: Any) -> Any:
    if isinstance(drawn, Mapping) and inp.dict_keys:
        fits = drawn.keys() >= set(inp.dict_keys)
        values = [drawn[key] for key in inp.dict_keys] if fits else []
    else:
        fits = not inp.dict_keys and isinstance(drawn, Sequence) and not isinstance(drawn, str)
        values = list(drawn) if fits else []
    if len(values) != len(inp.values):
        needed = f"a dict with the keys {inp.dict_keys}" if inp.dict_keys else f"{len(inp.values)} texts"
        raise InputError(f"inp: its baselines must return {needed}, got {drawn!r:.80}.")
    fixed = copy(inp)
    fixed.baselines = values
    return fixed


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed the generators of random numbers that all code shares, and restore them."""
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
