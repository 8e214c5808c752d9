"""What the benchmarks per model call share: options, what a process keeps, and one attempt of a method."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from library.games.masks import Value, keys
from library.measure.cells import Computation
from library.measure.counted import Counted
from library.measure.result_files import Report
from library.methods.peers import Peer

__all__ = ["CountedMasks", "Worker", "attempt", "compute", "options", "peer_versions"]


class CountedMasks(Counted):
    """A value function that also knows which masks it was asked.

    Attributes
    ----------
    asked : set of bytes
    """

    def __init__(self, value: Value) -> None:
        super().__init__(value)
        self.asked: set[bytes] = set()

    def __call__(self, masks: np.ndarray) -> np.ndarray:
        values = super().__call__(masks)
        self.asked.update(keys(masks))
        return values


class Worker:
    """What a process keeps between cells.

    Attributes
    ----------
    folder : Path
        Trained models, answers and references.
    """

    folder: Path
    _peer: Peer | None

    @classmethod
    def set_up(cls, folder: Path, python: str | None, limit: float) -> None:
        """Set the attributes of this process."""
        cls.folder = folder
        cls._peer = Peer(python, limit) if python else None

    @classmethod
    def peer(cls) -> Peer:
        """Return the peers' process."""
        if cls._peer is None:
            raise RuntimeError("--peer-python is missing")
        return cls._peer


def attempt(estimate: Callable[[Counted], Report], value: Counted, calls: int) -> Report:
    """Let a method ask; an error, or more masks than allowed, becomes the field "failed"."""
    try:
        report = estimate(value)
    except Exception as error:
        report = {"failed": f"{type(error).__name__}: {error}"[:300]}
    if value.inputs > calls:
        report["failed"] = f"asked {value.inputs} masks instead of {calls}"
    return report | {"asked": value.inputs}


def options(
    description: str, *, games: Sequence[str], default: Sequence[str], limit: float, file: str
) -> ArgumentParser:
    """Return a parser of the options that both benchmarks have."""
    parser = ArgumentParser(description=description.split("\n", maxsplit=1)[0])
    parser.add_argument("--games", nargs="+", choices=games, default=list(default))
    parser.add_argument("--budgets", type=int, nargs="+", default=[500, 1000, 2000, 4000], help="B, in calls")
    parser.add_argument("--inputs", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--peer-python", help="an interpreter that has the peers; without it, leave them out")
    parser.add_argument("--limit", type=float, default=limit, help="seconds after which a peer is stopped")
    parser.add_argument("--jobs", type=int, default=1, help="processes, of one thread each")
    parser.add_argument("--out", type=Path, default=Path("out/per_call"), help="folder of results and models")
    parser.add_argument("--file", default=file, help="in it, where new cells are appended")
    parser.add_argument("--report", action="store_true", help="compute nothing: show what has been computed")
    return parser


def compute(
    arguments: Namespace,
    benchmark: str,
    cells: Iterable[Report],
    work: Callable[[Report], Report],
    path: Path,
) -> None:
    """Compute the cells that are missing, with the options of `options`."""
    settings = (arguments.out / "models", arguments.peer_python, arguments.limit)
    Computation(benchmark, work, Worker.set_up, settings, peer_versions(arguments)).run(
        cells, path, arguments.jobs
    )


def peer_versions(arguments: Namespace) -> dict[str, str]:
    """Return the versions of the packages of the peers' interpreter, when one was given."""
    if arguments.peer_python is None:
        return {}
    peer = Peer(arguments.peer_python, arguments.limit)
    try:
        return peer.versions()
    finally:
        peer.stop()
