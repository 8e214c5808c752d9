"""The claims about R² and removal on recorded answers: of all masks, or of a sample of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

import spex_plugins as spex
from library.measure.scores import r_squared
from library.paper.claims import CLAIMS, Outcome, outcome_of
from library.paper.methods import METHODS, OURS
from library.recorded.scoring import divided, fitted
from spex_plugins import Recording
from spex_plugins.comparison.report import Report

__all__ = ["ADDITIVE", "R2_AND_REMOVAL", "compared", "reports_of", "sampled_outcomes"]

ADDITIVE = ("lasso", "ridge", "lime")
"""What is fitted to the recorded masks where these are a sample; LIME's kernel, but not its masks."""

R2_AND_REMOVAL = tuple(claim for claim in CLAIMS if claim.metric in ("r2", "removal"))
_METRICS = ["r2", "r2_sizes", "removal", "value_error", "pair_error"]
_HELD_OUT = 1000


def reports_of(folder: Path, groups: Sequence[str]) -> dict[str, list[Recording]]:
    """Return the recordings for reports, by group, and apart where all masks were recorded."""
    found: dict[str, list[Recording]] = {}
    for path in sorted(folder.glob("*_report.npz")):
        group = path.stem.split("_")[0]
        if group in groups:
            recording = Recording.load(path)
            kind = "all masks" if recording.complete else "a sample"
            found.setdefault(f"{group}, {kind}", []).append(recording)
    return found


def compared(games: Sequence[object], methods: Sequence[str], budgets: Sequence[int], seeds: int) -> Report:
    """Compare methods, which choose their masks freely."""
    return spex.compare(
        list(games),
        methods={name: METHODS[name] for name in methods},
        budgets=budgets,
        seeds=seeds,
        held_out=_HELD_OUT,
        metrics=_METRICS,
        progress=False,
    )


def sampled_outcomes(
    recordings: Sequence[Recording], budgets: Sequence[int], seeds: int
) -> Iterator[Outcome]:
    """Yield the outcomes about R², the functions fitted to recorded uniform masks, as many as there are."""
    claims = [claim for claim in R2_AND_REMOVAL if claim.metric == "r2"]
    recorded = min(divided(one)[0].kinds["uniform"] for one in recordings)
    for calls in (calls for calls in budgets if calls <= recorded):
        found = {
            method: {i: _r2(one, method, calls, seeds) for i, one in enumerate(recordings)}
            for method in (OURS, *ADDITIVE)
        }
        best = max(ADDITIVE, key=lambda method: np.mean(list(found[method].values())))
        for claim in claims:
            yield outcome_of(claim, calls, found[OURS], best, found[best])


def _r2(recording: Recording, method: str, calls: int, seeds: int) -> float:
    rest, held_out = divided(recording)
    masks = held_out["uniform"]
    values = recording(masks)
    return float(
        np.mean([r_squared(values, fitted(rest, method, calls, seed)(masks)) for seed in range(seeds)])
    )
