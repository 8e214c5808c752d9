"""Drawing: seconds of the processor for every view of 1,000 features and 200 interactions.

    python benchmarks drawing [--top 200]

Two explanations are drawn: a polynomial with 200 pairs and triples, whose spectrum is known, and a function
fitted to 2,000 of its values by the estimator "shapley", whose indices are computed from all samples. Each
view reads its explanation from a file, so that it computes the indices itself. Prints markdown; see
benchmarks/README.md.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

os.environ.setdefault("MPLBACKEND", "Agg")

import matplotlib.pyplot as plt
import numpy as np

import spex_plugins as spex
from library.measure.machine import machine
from library.measure.result_files import Report, save
from library.report.markdown import seconds, table
from spex_plugins import plots

_VIEWS = (
    "text_arcs",
    "image_regions",
    "heatmap",
    "network",
    "upset",
    "waterfall",
    "bar",
    "force",
    "energy_by_order",
    "r2_card",
    "to_html",
    "network_html",
)
_WITHOUT_TOP = ("energy_by_order", "r2_card")
_KINDS = ("polynomial", "fitted")


def polynomial(n: int, interactions: int) -> tuple[list[list[int]], np.ndarray]:
    """Return random sets of one to three features and their coefficients."""
    rng = np.random.default_rng(0)
    joint = {
        tuple(sorted(rng.choice(n, rng.choice([2, 3]), replace=False).tolist())) for _ in range(interactions)
    }
    sets = [[i] for i in range(n)] + sorted(map(list, joint))
    values = rng.normal(size=len(sets)) * np.where(np.arange(len(sets)) < n, 0.2, 1.0)
    return sets, values


def explanations(n: int, interactions: int, calls: int, folder: Path) -> dict[str, Path]:
    """Write both explanations and return their files."""
    sets, values = polynomial(n, interactions)
    names = [f"word{i}" for i in range(n)]

    def value(masks: np.ndarray) -> np.ndarray:
        return sum(
            v * masks[:, members].all(axis=1) for members, v in zip(sets, values.tolist(), strict=True)
        )

    estimated = spex.explain(value, n=n, budget=calls, feature_names=names, estimator="shapley", seed=0)
    # x_i = (1 − χ_i) / 2, with χ_i = −1 where feature i is kept.
    spectrum: dict[tuple[int, ...], float] = {}
    for members, v in zip(sets, values.tolist(), strict=True):
        for kept in product((False, True), repeat=len(members)):
            part = tuple(i for i, one in zip(members, kept, strict=True) if one)
            spectrum[part] = spectrum.get(part, 0.0) + v * (-1) ** len(part) / 2 ** len(members)
    known = spex.Interactions(
        function=spex.Spectrum.from_dict(n, spectrum),
        feature_names=tuple(names),
        n_calls=0,
        budget=0,
        r2=np.array(1.0),
        r2_source="known",
        estimator="none",
        design="none",
    )
    files = {kind: folder / f"{kind}.npz" for kind in _KINDS}
    for file, found in zip(files.values(), (known, estimated), strict=True):
        found.save(file)
    return files


def case(view: str, kind: str, file: Path, top: int | None) -> Report:
    """Draw one view and return its seconds and its size."""
    found = spex.Interactions.load(file)
    options = {} if top is None or view in _WITHOUT_TOP else {"top": top}
    side = int(np.ceil(np.sqrt(found.n)))
    regions = np.minimum(np.add.outer(np.arange(8 * side) // 8 * side, np.arange(8 * side) // 8), found.n - 1)
    image = np.random.default_rng(0).random(regions.shape)
    arguments = (image, regions, found) if view == "image_regions" else (found,)
    start = process_time()
    drawn = getattr(plots, view)(*arguments, **options)
    if isinstance(drawn, str):
        extent = f"{len(drawn.encode()) / 1024:.0f} KiB"
    else:
        drawn.figure.canvas.draw()
        extent = "{:.0f} × {:.0f} inches".format(*drawn.figure.get_size_inches())
    used = process_time() - start
    plt.close("all")
    return {"view": view, "explanation": kind, "top": top, "cpu_s": used, "extent": extent}


def main() -> None:
    parser = ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--interactions", type=int, default=200)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument(
        "--top", type=int, help="interactions that are drawn; by default what each view draws"
    )
    parser.add_argument("--out", type=Path, help="write the raw numbers here")
    arguments = parser.parse_args()
    where = machine()
    with TemporaryDirectory() as folder:
        files = explanations(arguments.n, arguments.interactions, arguments.calls, Path(folder))
        plt.figtext(0, 0, "fonts are read once")
        plt.gcf().canvas.draw()
        reports = [case(view, kind, files[kind], arguments.top) for view in _VIEWS for kind in _KINDS]
    print(f"{where} n = {arguments.n:,}, {arguments.interactions} interactions; top: {arguments.top}.\n")
    rows = [
        [first["view"], seconds(first["cpu_s"]), first["extent"], seconds(second["cpu_s"]), second["extent"]]
        for first, second in zip(reports[::2], reports[1::2], strict=True)
    ]
    print(table(("view", "polynomial", "size", "fitted", "size"), rows))
    save(arguments.out, "drawing", reports)


if __name__ == "__main__":
    main()
