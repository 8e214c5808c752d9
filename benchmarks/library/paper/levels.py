"""Recovery of annotated sentences in two levels, paragraphs first, with half of the calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

import spex_plugins as spex
from library.paper.claims import Claim, Outcome, by_input, outcome_of
from library.paper.methods import OURS
from library.paper.questions import Question
from library.paper.recovery import NOISE, RECOVERY, STEADY, best_kept
from spex_plugins import Recording
from spex_plugins.comparison.report import Report

__all__ = ["level_outcomes", "recovery_in_levels"]

_CLAIMS = (
    (
        0.0,
        Claim("recovery in two levels with half of the calls is that of one level", RECOVERY, strict=False),
    ),
    (NOISE, Claim("the same, in the steady set", STEADY, strict=False)),
)


def level_outcomes(
    inputs: Sequence[tuple[Question, Recording]], output: int, report: Report, seeds: int
) -> Iterator[Outcome]:
    """Yield the outcome for two levels, each with half of a budget of the report."""
    single = [_one_output(recording, output) for _, recording in inputs]
    for calls in report.budgets:
        for noise, claim in _CLAIMS:
            found = {}
            for i, (question, _) in enumerate(inputs):
                each = [
                    recovery_in_levels(single[i], question, calls // 2, seed, noise) for seed in range(seeds)
                ]
                found[i] = float(np.mean(each))
            flat = by_input(report, OURS, calls, claim.metric)
            if flat:
                yield outcome_of(claim, calls // 2, found, f"{OURS}, {calls} calls", flat)


def recovery_in_levels(
    recording: Recording, question: Question, calls: int, seed: int, noise: float = 0.0
) -> float:
    """Return recovery@k of `spex_plugins.explain_levels`; unopened paragraphs recover nothing."""
    groups = question.paragraphs
    found = spex.explain_levels(recording, groups, budget=calls, seed=seed, progress=False)
    best = best_kept(found.interactions.spectrum, len(question.supporting), noise)
    parts = [found.features[i] for i in np.flatnonzero(best)]
    named = {part[0] for part in parts if len(part) == 1}
    return len(named & set(question.supporting)) / len(question.supporting)


def _one_output(recording: Recording, output: int) -> Recording:
    masks = recording.masks()
    return Recording(masks, recording(masks)[:, output], feature_names=recording.feature_names)
