"""The features that matter by a person's judgement, as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spex_plugins.comparison.inputs import Input
from spex_plugins.errors import InputError

__all__ = ["read_annotations"]


def read_annotations(annotations: Any, inputs: Sequence[Input]) -> list[frozenset[int] | None]:
    """Return the annotated features of every input, None where there are no annotations.

    Parameters
    ----------
    annotations : sequence, or list of sequences for several inputs, or None
        Numbers or names of features, or a bool for each.
    inputs : sequence of Input

    Raises
    ------
    InputError
        If a feature does not exist, or there are not as many annotations as inputs.
    """
    if annotations is None:
        return [None] * len(inputs)
    given = _listed(annotations)
    if len(inputs) == 1 and not (len(given) == 1 and (given[0] is None or np.ndim(given[0]) == 1)):
        given = [given]
    if len(given) != len(inputs):
        raise InputError(f"annotations: expected {len(inputs)}, one for each input, got {len(given)}.")
    return [None if one is None else _numbers(one, about) for one, about in zip(given, inputs, strict=True)]


def _numbers(features: Any, about: Input) -> frozenset[int]:
    given = _listed(features)
    array = np.asarray(given) if all(np.ndim(one) == 0 for one in given) else np.zeros(0, dtype=object)
    if array.dtype == bool:
        if len(array) != about.n:
            raise InputError(
                f"annotations: expected a bool for each of {about.n} features, got {len(array)}."
            )
        return frozenset(np.flatnonzero(array).tolist())
    if array.dtype.kind in "iu" and ((array >= 0) & (array < about.n)).all():
        return frozenset(array.tolist())
    if array.dtype.kind == "U" and set(array.tolist()) <= set(about.feature_names):
        named = set(array.tolist())
        return frozenset(i for i, name in enumerate(about.feature_names) if name in named)
    raise InputError(
        f"annotations: must be numbers from 0 to {about.n - 1}, feature names or bools, got {features!r:.80}."
    )


def _listed(annotations: Any) -> list[Any]:
    if isinstance(annotations, str) or not hasattr(annotations, "__iter__"):
        raise InputError(
            "annotations: must be a list of features, or a list of those for several inputs, "
            f"got {annotations!r:.80}."
        )
    return list(annotations)
