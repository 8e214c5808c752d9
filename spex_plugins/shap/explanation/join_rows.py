"""Join explanations of single rows whose numbers of outputs differ, as those of generated texts do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shap
from slicer import Obj

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["joined", "objects"]


def joined(parts: Sequence[Any]) -> Any:
    """Join explanations of one row each.

    SHAP's own loop stacks rows of equally many inputs, and fails there (after the last model call) when they
    have different numbers of outputs. It also takes the rows for an axis of outputs when there are as many
    rows as inputs.

    Parameters
    ----------
    parts : sequence of shap.Explanation
        With values (1, M) + (K,), M and K possibly different in each.
    """
    first = parts[0]
    names = [np.asarray(part.output_names) for part in parts]
    same = all(np.array_equal(one, names[0]) for one in names)
    per_row = not isinstance(first.feature_names[0], str)
    base_values = _packed([part.base_values[0] for part in parts])
    explanation = shap.Explanation(
        _packed([part.values[0] for part in parts]),
        base_values,
        _packed([part.data[0] for part in parts]) if not per_row else tuple(part.data[0] for part in parts),
        feature_names=[part.feature_names[0] for part in parts] if per_row else first.feature_names,
        output_names=_packed(names) if not same else first.output_names if names[0].ndim == 0 else names[0],
        error_std=None if first.error_std is None else _packed([part.error_std[0] for part in parts]),
        clustering=None if first.clustering is None else _packed([part.clustering[0] for part in parts]),
        compute_time=sum(part.compute_time for part in parts),
    )
    if not same:
        axes = [0, *first.output_dims]
        explanation.output_dims = first.output_dims
        explanation._s.base_values = Obj(base_values, axes)
        explanation._s.output_names = Obj(_packed(names), axes)
    return explanation


def objects(items: Sequence[Any]) -> Any:
    """Return a 1-D array of objects, even when the items are arrays of one length."""
    out = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        out[i] = item
    return out


def _packed(arrays: Sequence[Any]) -> Any:
    if len({array.shape for array in arrays}) == 1:
        return np.stack(arrays)
    # For rows of different length SHAP has an array of arrays; among equal lengths its slicer needs a list.
    return list(arrays) if len({len(array) for array in arrays}) == 1 else objects(arrays)
