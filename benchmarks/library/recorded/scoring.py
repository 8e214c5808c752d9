"""Scores of methods on a recording, at a number of its masks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import numpy as np

import spex_plugins as spex
from library.games.complete.true_indices import INDICES, relative_error, true_indices
from library.games.masks import all_masks
from library.measure.scores import r_squared
from library.methods.additive import FITS
from spex_plugins import Recording

__all__ = ["divided", "fitted", "scores"]

_HELD_OUT = {"uniform": 500, "all sizes": 200}


def scores(recording: Recording, method: str, calls: int, seed: int) -> Iterator[tuple[str, float]]:
    """Yield names and values of scores: R² of held-out masks, relative errors of Shapley values and pairs.

    R² is that of uniform masks, and of masks of all sizes; the function is fitted to uniform masks. Errors
    are those of a function that is fitted to the masks which its estimator chooses for Shapley values. Of a
    complete recording, all masks are held out, and estimators choose masks freely.
    """
    rest, held_out = divided(recording)
    predict = fitted(rest, method, calls, seed)
    for kind, masks in held_out.items():
        yield f"R² {kind}", r_squared(recording(masks), predict(masks))
    truth = _known_values(recording)
    if truth and method not in FITS:
        found = spex.explain(rest, budget=calls, estimator=method, index="SV", seed=seed, progress=False)
        for index, right in truth.items():
            if right.any():  # there is no relative error of nothing
                yield f"error {index}", relative_error(_values(found, index), right)


def divided(recording: Recording) -> tuple[Recording, dict[str, np.ndarray]]:
    """Return what functions may be fitted to, and held-out masks by their kind."""
    if recording.complete:
        return recording, {"uniform": recording.masks()}
    held_out = {}
    rest = recording
    for kind, count in _HELD_OUT.items():
        rest, held_out[kind] = rest.split(count, kind=kind)
    return rest, held_out


def fitted(rest: Recording, method: str, calls: int, seed: int) -> Callable[[np.ndarray], np.ndarray]:
    """Return the predictions of a method that was fitted to a number of masks."""
    if method in FITS:
        return FITS[method](*rest.sample(calls, kind="uniform", seed=seed)).predict
    return spex.explain(rest, budget=calls, estimator=method, seed=seed, progress=False).predict


def _known_values(recording: Recording) -> dict[str, np.ndarray]:
    if recording.complete:
        return true_indices(recording.n, recording(all_masks(recording.n)))
    known = recording.about.get("shapley_values")
    return {"SV": np.array(known)} if known else {}


def _values(found: Any, index: str) -> np.ndarray:
    if index == INDICES[0]:
        return found.single_values(index).values
    table = found.index(index, 2).as_dict()
    return np.array([table.get(pair, 0.0) for pair in combinations(range(len(found.feature_names)), 2)])
