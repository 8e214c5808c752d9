"""The inputs that are recorded, by name, and in which order.

An input is for choosing between designs of estimators ("choose"), or for reports alone ("report"): nothing
may be tuned on it. The name of its file ends in its role.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["GROUPS", "ROLES", "Asked", "Input", "Step", "inputs", "steps"]

ROLES = ("choose", "report")
GROUPS = ("trees", "efficientnet", "smollm2", "minilm", "paper")
"""The last one, with two outputs and all its inputs for reports, is that of the benchmarks in ``paper/``."""
_MODULES = {
    "trees": "columns",
    "efficientnet": "photos",
    "smollm2": "language_model",
    "minilm": "encoder",
    "paper": "paper",
}


@dataclass(frozen=True)
class Asked:
    """The value function of an input.

    Attributes
    ----------
    game : callable
        With ``n``, ``feature_names`` and ``fingerprint``.
    about : dict
        What is asked, of which model, where the input is from.
    single_precision : bool
        Whether the model computes in single precision.
    names : tuple of str, optional
        Instead of the names of the game, where these are a text that may not be passed on.
    batch_size : int
        Masks of a model call.
    """

    game: Any
    about: Mapping[str, Any]
    single_precision: bool = True
    names: tuple[str, ...] | None = None
    batch_size: int = 16


class Input(NamedTuple):
    """An input: its group, its name and role, and how to make its value function.

    ``make`` takes the folder of trained models. ``rounds`` are the growing numbers of uniform masks, empty
    where all 2^n masks are asked; every fourth as many masks of all sizes are asked as well.
    """

    group: str
    name: str
    role: str
    make: Callable[[Path], Asked]
    rounds: tuple[int, ...] = ()
    first: int = 0
    """Place in the order of the first round, lowest first."""

    def path(self, folder: Path) -> Path:
        """Return the file of the recording."""
        return folder / f"{self.group}_{self.name}_{self.role}.npz"


class Step(NamedTuple):
    """An input and a number of uniform masks, 0 for all 2^n masks."""

    input: Input
    count: int


def inputs(group: str) -> list[Input]:
    """Return the inputs of a group."""
    found: list[Input] = import_module(f"library.recorded.{_MODULES[group]}").INPUTS
    return found


def steps(groups: tuple[str, ...]) -> list[Step]:
    """Return what is to be recorded, the most valuable per second first: first rounds, then later ones."""
    found = []
    for each in (one for group in groups for one in inputs(group)):
        rounds = each.rounds or (0,)
        found += [((number, each.first), Step(each, count)) for number, count in enumerate(rounds)]
    return [step for _, step in sorted(found, key=lambda pair: pair[0])]
