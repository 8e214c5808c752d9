"""The model's answers to a masked row, averaged over background samples and linked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shap
from shap.utils import MaskedModel

from spex_plugins.errors import InputError

if TYPE_CHECKING:
    from spex_plugins.shap.models.links import LinkedMean
    from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["MaskedInputs", "MaskedTables", "masked_model"]


class MaskedTables:
    """Rows of tables with background rows in place of masked cells.

    Parameters
    ----------
    model : callable
    masker : TableMasker or TablesMasker
    mean : LinkedMean
    row : tuple of ndarray
        One row of every table.

    Attributes
    ----------
    n_inputs : int
        Number M of all inputs.
    varying : ndarray of int
        The inputs whose masking can change anything.
    mask_shapes : list of tuple
    """

    def __init__(self, model: Any, masker: Any, mean: LinkedMean, row: tuple[Any, ...]) -> None:
        self._model = _Numeric(model)
        self._masker = masker
        self._mean = mean
        self._row = row
        self.mask_shapes: list[tuple[int, ...]] = masker.mask_shapes(*row)
        self.n_inputs = sum(int(np.prod(shape)) for shape in self.mask_shapes)
        self.varying: IntArray = np.flatnonzero(~masker.invariants(*row).all(axis=0))

    def __call__(self, masks: BoolArray) -> FloatArray:
        """Return values (m,) or (m, K) of masks (m, M); the empty one must be asked first, and alone."""
        inputs, changed = self._masker.masked_rows(masks, *self._row)
        answers = self._model(*inputs)
        if len(answers) != changed.sum():
            raise InputError(f"model: got {changed.sum()} rows of input, but returned {len(answers)} rows")
        number = np.where(changed, np.cumsum(changed).reshape(changed.shape) - 1, 0)
        latest = np.maximum.accumulate(number, axis=0)  # of rows that did not change since the mask before
        return self._mean(answers[latest])


class MaskedInputs:
    """Inputs of any other kind, as `shap.utils.MaskedModel` masks them; arguments as of `MaskedTables`."""

    def __init__(self, model: Any, masker: Any, mean: LinkedMean, row: tuple[Any, ...]) -> None:
        self._model = _Numeric(model)
        self._mean = mean
        # Where SHAP averages links, it takes the weights from below; its own are 0/0 at the mean.
        link = mean.link if mean.linearizes else shap.links.identity
        self._masked = MaskedModel(self._model, masker, link, False, *row)
        # SHAP's maskers of tables get flips: with full masks they multiply by 0, which NaN survives, and drop
        # the column names of a DataFrame.
        self._by_flips = bool(getattr(masker, "supports_delta_masking", False))
        self.mask_shapes = [tuple(shape) for shape in self._masked.mask_shapes]
        self.n_inputs = len(self._masked)
        self.varying: IntArray = _varying(masker, row, self._masked)

    def __call__(self, masks: BoolArray) -> FloatArray:
        """Return values (m,) or (m, K) of masks (m, M); the empty one must be asked first, and alone."""
        values = self._masked(_flips(masks), zero_index=0) if self._by_flips else self._masked(masks)
        if not self._mean.linearizes:
            return self._mean(values[:, None])
        if self._mean.weights is None:
            self._masked._linearizing_weights = self._mean.fitted(self._model.latest)
        return np.asarray(values)


def masked_model(
    model: Any, masker: Any, mean: LinkedMean, row: tuple[Any, ...]
) -> MaskedTables | MaskedInputs:
    """Return the masked model of a row."""
    kind = MaskedTables if hasattr(masker, "masked_rows") else MaskedInputs
    return kind(model, masker, mean, row)


class _Numeric:
    """A model whose answers are checked before they reach SHAP's compiled code."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.latest: Any = None

    def __call__(self, *inputs: Any) -> Any:
        answers = np.asarray(self._model(*inputs))
        if answers.dtype.kind in "OV":  # objects, and types such as bfloat16 that NumPy does not know
            answers = _as_floats(answers)
        if answers.dtype.kind not in "fiub" or answers.ndim not in (1, 2):
            raise InputError(
                f"model: must return a number, or K numbers, for every input; got shape {answers.shape} "
                f"with {answers.ravel()[:1].tolist()!r:.40}; pass a function like predict_proba"
            )
        self.latest = answers
        return answers


def _as_floats(answers: Any) -> Any:
    try:
        return answers.astype(np.float64)
    except (TypeError, ValueError):
        return answers


def _varying(masker: Any, row: tuple[Any, ...], masked: Any) -> IntArray:
    """Return the inputs whose masking changes something, as far as the masker can tell."""
    masker = getattr(masker, "masker", masker)  # of the composites for language models
    if not isinstance(masker, shap.maskers.Image):
        return masked.varying_inputs()
    inpaints = isinstance(masker.mask_value, str) and masker.mask_value.startswith("inpaint")
    if inpaints:  # the value of a pixel depends on which neighbours are masked
        return masked.varying_inputs()
    hidden = masker(np.zeros(len(masked), dtype=bool), *row)[0]
    return np.flatnonzero(np.ravel(hidden) != np.ravel(row[0]))


def _flips(masks: BoolArray) -> IntArray:
    """Encode distinct masks as SHAP's flips: every mask by what changes since the one before it.

    All flips of a mask but its last are written as −i − 1, the last as i; the empty coalition, which can
    only come first, is a flip of nothing.
    """
    changed = np.diff(masks, axis=0, prepend=np.zeros((1, masks.shape[1]), dtype=bool))
    rows, columns = np.nonzero(changed)
    last = np.append(rows[1:] != rows[:-1], True)[: len(rows)]
    codes = np.where(last, columns, -columns - 1)
    return codes if masks[0].any() else np.append(MaskedModel.delta_mask_noop_value, codes)
