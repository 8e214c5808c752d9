"""The kinds of games, and their tables in a folder, made where they are missing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np

from library.games.complete.game import Game, complete_table

__all__ = ["KINDS", "Kind", "Name", "load", "names"]


class Kind(NamedTuple):
    """Where a kind of games is made, and how many inputs there are.

    Every input gives two games, with rows, reviews or parts of photos of their own: the first may be looked
    at while an estimator is developed, the second is for reports alone.
    """

    module: str
    function: str
    inputs: int
    needs_folder: bool = False  # for models and answers that are worth keeping

    def game(self, number: int, folder: Path) -> Game:
        """Return a game by its number."""
        make = getattr(import_module(f"library.games.complete.{self.module}"), self.function)
        more = (folder,) if self.needs_folder else ()
        return make(*divmod(number, 2), *more)


KINDS = {
    "forest": Kind("columns", "forest", 4),
    "boosting": Kind("columns", "boosting", 4),
    "neighbours": Kind("columns", "neighbours", 4),
    "svm": Kind("columns", "support_vectors", 4),
    "uncertainty": Kind("columns", "uncertainty", 3),
    "global": Kind("columns", "global_loss", 4),
    "valuation": Kind("retraining", "data_valuation", 4),
    "selection": Kind("retraining", "feature_selection", 4),
    "clustering": Kind("retraining", "clustering", 3),
    "correlation": Kind("correlation", "total_correlation", 3),
    "vader": Kind("texts", "rules", 4, True),
    "tfidf": Kind("texts", "tfidf", 3, True),
    "encoder": Kind("texts", "encoder", 3, True),
    "llm": Kind("texts", "language_model", 3, True),
    "patches": Kind("images", "patches", 3),
}


class Name(NamedTuple):
    """A game: its kind and its number, which is odd where it is reserved for reports."""

    kind: str
    number: int

    @property
    def reserved(self) -> bool:
        """Whether the game is for reports alone."""
        return self.number % 2 == 1

    def __str__(self) -> str:
        return f"{self.kind}_{self.number}"

    @classmethod
    def parse(cls, text: str) -> Name:
        """Return the name that was written as ``text``."""
        kind, _, number = text.partition("_")
        return cls(kind, int(number))

    def path(self, folder: Path) -> Path:
        """Return the file of the game's table."""
        return folder / f"{self}{'_report' * self.reserved}.npz"


def names(kinds: Iterable[str], which: str) -> Iterator[Name]:
    """Yield the games of some kinds: "develop", "report" or "all" of them."""
    for kind in kinds:
        for number in range(2 * KINDS[kind].inputs):
            name = Name(kind, number)
            if which == "all" or name.reserved == (which == "report"):
                yield name


def load(name: Name, folder: Path) -> tuple[int, np.ndarray]:
    """Return n and the values (2^n,) of a game; the table is made and kept if there is none in the folder."""
    path = name.path(folder)
    if not path.exists():
        made = KINDS[name.kind].game(name.number, folder)
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.npz")  # a table is there complete or not at all
        np.savez_compressed(part, n=made.n, values=complete_table(made))
        part.rename(path)
    with np.load(path) as stored:
        return int(stored["n"]), stored["values"]
