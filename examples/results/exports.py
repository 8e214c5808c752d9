"""Take an explanation elsewhere: a formula, shapiq, SHAP, NetworkX, pandas, JSON (a second, no model needed).

Files are written to ``out/``::

    pip install ".[shap,plots]" sympy shapiq networkx pandas
    python examples/results/exports.py [--out out]
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "Agg")

import numpy as np

import spex_plugins as spex

_TEXT = "it never fails to charm but it is too long"
WORDS = _TEXT.split()


def rating(masks: np.ndarray) -> np.ndarray:
    """Stand for a model: "charm" is good, "never" turns "fails" around, and "too long" is bad."""
    charm, never, fails, too, long = (masks[:, i] for i in (4, 1, 2, 8, 9))
    return 2.0 * charm - 1.0 * fails + 2.5 * (never & fails) - 1.0 * (too & long)


def main() -> None:
    """Explain once, and print or write what every format has."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder of the files")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)

    found = spex.explain(rating, n=len(WORDS), feature_names=WORDS, progress=False)

    formula = found.to_sympy("moebius")
    print("formula:", formula.evalf(3))
    print("LaTeX:  ", found.to_latex(digits=2))

    values = found.to_shapiq("k-SII", order=2)
    back = spex.Interactions.from_shapiq(values, WORDS)
    masks = np.random.default_rng(0).random((100, len(WORDS))) < 0.5
    print("shapiq: ", len(values.interactions), "values; and back, the largest difference of predictions is")
    print(f"          {np.abs(back.predict(masks) - found.predict(masks)).max():.1g}")

    flat = found.to_explanation("FSII", order=2)
    print("SHAP:   ", dict(zip(flat.feature_names, np.round(flat.values, 2).tolist(), strict=True)))

    graph = found.to_networkx("FSII", order=2)
    pairs = [(graph.nodes[a]["label"], graph.nodes[b]["label"]) for a, b in graph.edges]
    print("graph:  ", pairs)

    found.to_frame("FSII").to_csv(out / "interactions.csv", index=False)
    (out / "explanation.json").write_text(found.to_json())
    again = spex.Interactions.from_json((out / "explanation.json").read_text())
    print("files:  ", out / "interactions.csv", "and", out / "explanation.json")
    assert repr(again) == repr(found)


if __name__ == "__main__":
    main()
