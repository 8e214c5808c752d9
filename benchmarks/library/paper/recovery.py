"""Which sentences an explanation says are enough, beside those that a person annotated."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from library.measure.result_files import Report as Record
from library.paper.questions import Question
from spex_plugins import Recording, Spectrum
from spex_plugins.comparison.report import Report
from spex_plugins.core.subsets.best_subset import averaged_over_flips, best_subset

__all__ = ["NOISE", "RECOVERY", "STEADY", "add_recovery", "best_kept", "known_best"]

RECOVERY = "recovery_best"
STEADY = "recovery_steady"
NOISE = 0.1
"""Probability with which a feature is flipped, chosen on every other question (see docs/figures/paper.md)."""

_MAX_NODES = 50  # of the branch-and-bound tree


def add_recovery(report: Report, annotated: Sequence[Collection[int] | None]) -> None:
    """Add recovery@k to the scores of every run, k the number of annotated sentences of its input, if any.

    It is the share of annotated sentences in the set of k sentences that alone have the highest value by the
    explanation's own function. Of an additive function, these are the k sentences with the largest values.
    The steady set is that with the highest mean where every sentence is flipped with a probability of 0.1.
    """
    for run in report.runs:
        wanted = set(annotated[run.cell.input] or ())
        if run.surrogate is not None and wanted:
            for metric, noise in ((RECOVERY, 0.0), (STEADY, NOISE)):
                best = best_kept(run.surrogate.function.spectrum, len(wanted), noise)
                run.scores.values[metric] = len(wanted & set(np.flatnonzero(best).tolist())) / len(wanted)


def best_kept(spectrum: Spectrum, size: int, noise: float = 0.0) -> np.ndarray:
    """Return the mask of a number of features, at most all, whose value is the highest, also on average."""
    spectrum = averaged_over_flips(spectrum, noise)
    return best_subset(spectrum, size=min(size, spectrum.n), max_nodes=_MAX_NODES).mask


def known_best(inputs: Sequence[tuple[Question, Recording]], output: int) -> Record:
    """Return a record of recovery@k by the model's own best set of k sentences, from all recorded masks."""
    shares: dict[str, list[float]] = {RECOVERY: [], STEADY: []}
    for question, recording in inputs:
        masks, wanted = recording.masks(), set(question.supporting)
        values = recording(masks)[:, output]
        of_size = masks.sum(axis=1) == len(wanted)
        distances = (masks[of_size][:, None] != masks).sum(axis=2)
        weights = NOISE**distances * (1 - NOISE) ** (masks.shape[1] - distances)
        for metric, scores in ((RECOVERY, values[of_size]), (STEADY, weights @ values)):
            best = masks[of_size][np.argmax(scores)]
            shares[metric].append(len(wanted & set(np.flatnonzero(best).tolist())) / len(wanted))
    return {
        "method": "the model itself, all masks",
        "kind": "interaction",
        "calls": max(len(recording) for _, recording in inputs),
        "inputs": len(inputs),
        "scores": {metric: [float(np.mean(each)), None, None] for metric, each in shares.items()},
    }
