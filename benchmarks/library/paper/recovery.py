"""Which sentences an explanation says are enough, beside those that a person annotated."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from library.measure.result_files import Report as Record
from library.paper.questions import Question
from spex_plugins import Recording, Spectrum
from spex_plugins.comparison.report import Report
from spex_plugins.core.subsets.best_subset import best_subset

__all__ = ["RECOVERY", "add_recovery", "best_kept", "known_best"]

RECOVERY = "recovery_best"
_MAX_NODES = 50  # of the branch-and-bound tree


def add_recovery(report: Report, annotated: Sequence[Collection[int] | None]) -> None:
    """Add recovery@k to the scores of every run, k the number of annotated sentences of its input, if any.

    It is the share of annotated sentences in the set of k sentences that alone have the highest value by the
    explanation's own function. Of an additive function, these are the k sentences with the largest values.
    """
    for run in report.runs:
        wanted = set(annotated[run.cell.input] or ())
        if run.surrogate is not None and wanted:
            best = best_kept(run.surrogate.function.spectrum, len(wanted))
            run.scores.values[RECOVERY] = len(wanted & set(np.flatnonzero(best).tolist())) / len(wanted)


def best_kept(spectrum: Spectrum, size: int) -> np.ndarray:
    """Return the mask of a number of features, at most all, whose value is the highest."""
    return best_subset(spectrum, size=min(size, spectrum.n), max_nodes=_MAX_NODES).mask


def known_best(inputs: Sequence[tuple[Question, Recording]], output: int) -> Record:
    """Return a record of recovery@k by the model's own best set of k sentences, from all recorded masks."""
    shares = []
    for question, recording in inputs:
        masks, wanted = recording.masks(), set(question.supporting)
        masks = masks[masks.sum(axis=1) == len(wanted)]
        best = masks[np.argmax(recording(masks)[:, output])]
        shares.append(len(wanted & set(np.flatnonzero(best).tolist())) / len(wanted))
    return {
        "method": "the model itself, all masks",
        "kind": "interaction",
        "calls": max(len(recording) for _, recording in inputs),
        "inputs": len(inputs),
        "scores": {RECOVERY: [float(np.mean(shares)), None, None]},
    }
