"""SHAP's dense format of pairs: a matrix per row, as `shap.ExactExplainer(interactions=True)` gives it.

Its index is the Shapley–Taylor index of order 2. A pair's value is split in two halves, at (i, j) and at
(j, i), so that the rows of the matrix add up to the Shapley values and the whole matrix to f(x) − f(∅).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shap

from spex_plugins.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spex_plugins.result.interactions import Interactions
    from spex_plugins.types import FloatArray

__all__ = ["check_pair_matrix", "pair_matrix", "pair_matrix_explanation"]


def check_pair_matrix(interactions: Any, index: str, masker: Any, inputs: Sequence[Any]) -> None:
    """Raise InputError, before any model call, if there is no matrix of pairs.

    Parameters
    ----------
    interactions : bool
        The user's argument.
    index : str
        Index of the values.
    masker : object
        Of `shap.maskers`.
    inputs : sequence
        The inputs of the model, all rows of each.
    """
    if interactions is not True:
        raise InputError(
            f"interactions: must be True or False, got {interactions!r}; "
            "sets of more than two features are in explanation[i].interactions."
        )
    if index != "SV":
        raise InputError(
            f'interactions: True needs index="SV", got {index!r}; read explanation[i].interactions instead.'
        )
    shapes_of = getattr(masker, "mask_shapes", None)
    if isinstance(masker, shap.maskers.OutputComposite):
        inputs = inputs[:1]  # the second holds the texts that a language model is to generate
    if callable(shapes_of):
        shapes = {tuple(tuple(shape) for shape in shapes_of(*row)) for row in zip(*inputs, strict=True)}
    else:
        shapes = {tuple(np.shape(one)[1:] for one in inputs)}
    if len(shapes) > 1:
        raise InputError("interactions: True needs rows of one length; explain them one by one.")
    (shape,) = shapes
    if len(shape) != 1:
        raise InputError(f"interactions: True needs a model of one input, got {len(shape)}.")
    if len(shape[0]) != 1:
        raise InputError(f"interactions: True needs rows that are vectors, got shape {shape[0]}.")


def pair_matrix(single: FloatArray, found: Interactions) -> FloatArray:
    """Return the matrix of one row.

    Parameters
    ----------
    single : ndarray of float64, shape (M,) or (M, K)
        The Shapley values as reported.
    found : Interactions
        Of the same M features and outputs.

    Returns
    -------
    ndarray of float64, shape (M, M) or (M, M, K)
        Symmetric; its rows add up to ``single``. What the pairs leave of a Shapley value is on the diagonal:
        the feature's effect alone, f({i}) − f(∅), when the spectrum is exact.
    """
    matrix = np.zeros((len(single), *single.shape))
    pairs = found.index("STII", 2).of_order(2)
    if len(pairs):
        i, j = pairs.supports[:, 0], pairs.supports[:, 1]
        matrix[i, j] = matrix[j, i] = pairs.values / 2
    diagonal = np.arange(len(single))
    matrix[diagonal, diagonal] = single - matrix.sum(axis=1)
    return matrix


def pair_matrix_explanation(explanation: Any, rows: Sequence[Interactions]) -> Any:
    """Return a `shap.Explanation` with matrices, (rows, M, M) or (rows, M, M, K), in place of the values."""
    singles = zip(explanation.values, rows, strict=True)
    return shap.Explanation(
        np.stack([pair_matrix(single, found) for single, found in singles]),
        base_values=explanation.base_values,
        data=explanation.data,
        feature_names=explanation.feature_names,
        output_names=explanation.output_names,
        main_effects=explanation.main_effects,
        clustering=explanation.clustering,
        compute_time=explanation.compute_time,
    )
