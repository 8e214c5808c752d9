"""The value function of one row: masks over the varying inputs to (averaged, linked) model outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shap
from shap.utils import MaskedModel, OpChain

from spex_plugins.errors import InputError
from spex_plugins.queries import Queries, Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["MaskedValueFunction"]

_OF_ENDS = ("store", "fingerprint", "description", "retries")
_CELLS = 2**23  # masked inputs held at once, 64 MB as float64; a mask costs background samples × inputs


class MaskedValueFunction:
    """SHAP's masked model of one row, as a function of distinct masks over the inputs that vary.

    Both end points are asked once, here, and answered from memory afterwards: a link needs the empty
    coalition first, and the end points tell the number of outputs before the budget is spent.

    Parameters
    ----------
    model, masker, link, linearize_link
        As in `shap.Explainer`.
    row : tuple
        The inputs of the model, one sample each.
    outputs : sequence of int or OpChain, optional
        The outputs to explain, by default all.
    options : mapping, optional
        Keywords of `spex_plugins.Queries`; of these, store and retries hold for the end points too.

    Attributes
    ----------
    varying : ndarray of int, shape (n,)
        The inputs whose masking can change anything; special tokens and values equal to the whole
        background cannot.
    n_inputs : int
        Number M of all inputs.
    mask_shapes : list of tuple
        Shape of every model input, for SHAP.
    output_indices : ndarray of int, shape (K,), or None
        Which outputs of the model are explained; None for a model with one output.
    empty, full : ndarray of float64, shape () or (K,)
        f(∅) and f(x).
    """

    def __init__(
        self,
        model: Any,
        masker: Any,
        link: Any,
        linearize_link: bool,
        row: tuple[Any, ...],
        outputs: Any = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        samples = _background_samples(masker, row)
        # Linearising keeps the mean over background samples additive. With one sample there is no mean, and
        # the weights would be 0/0.
        linearizes = linearize_link and samples != 1
        self._masked = MaskedModel(_Numeric(model), masker, link, linearizes, *row)
        # A generated text that happens to have one token is no model with one output.
        self._drops_axis = not isinstance(masker, shap.maskers.OutputComposite)
        self._by_flips = bool(getattr(masker, "supports_delta_masking", False))
        self.n_inputs = len(self._masked)
        self.varying: IntArray = _varying(masker, row, self._masked)
        self.mask_shapes = [tuple(shape) for shape in self._masked.mask_shapes]
        # A masked image is larger than the number of its regions.
        size = max(self.n_inputs, *(int(np.prod(np.shape(part))) for part in row))
        self._chunk = max(1, _CELLS // max(1, samples * size))
        coalitions = np.repeat([[False], [True]], len(self.varying), axis=1)
        kept = {name: value for name, value in (options or {}).items() if name in _OF_ENDS}
        if not self._drops_axis or (linearizes and link is not shap.links.identity):
            kept["store"] = None  # asking is what gives a language model its labels, a link its weights
        with Session(self._evaluate, Queries(batch_size=1, progress=False, **kept)) as session:
            ends = session.ask(coalitions if len(self.varying) else coalitions[:1]).values
        self.output_indices = _selected(outputs, ends[-1])
        ends = ends if self.output_indices is None else ends[:, self.output_indices]
        self.empty: FloatArray = np.asarray(ends[0])
        self.full: FloatArray = np.asarray(ends[-1])

    def __call__(self, masks: BoolArray) -> FloatArray:
        """Evaluate distinct masks (m, n); returns (m,) or (m, K)."""
        kept = masks.sum(axis=1)
        values = np.empty((len(masks), *self.empty.shape))
        values[kept == 0] = self.empty
        values[kept == masks.shape[1]] = self.full
        inner = np.flatnonzero((kept > 0) & (kept < masks.shape[1]))
        for start in range(0, len(inner), self._chunk):
            rows = inner[start : start + self._chunk]
            answers = self._evaluate(masks[rows])
            values[rows] = answers if self.output_indices is None else answers[:, self.output_indices]
        return values

    def _evaluate(self, masks: BoolArray) -> FloatArray:
        """Ask SHAP's masked model; a model that returns (m, 1) has one output and gets (m,)."""
        inputs = np.zeros((len(masks), self.n_inputs), dtype=bool)
        inputs[:, self.varying] = masks
        # Tabular maskers get flips: with full masks they multiply by 0, which NaN survives, and drop the
        # column names of a DataFrame. The empty coalition goes as flips to every masker, because only that
        # path of SHAP computes the weights of a linearised link.
        if self._by_flips or not masks.any():
            values = self._masked(_flips(inputs), zero_index=0)
        else:
            values = self._masked(inputs)
        return np.asarray(values[:, 0] if self._drops_axis and values.shape[1:] == (1,) else values)


class _Numeric:
    """A model whose answers are checked before SHAP's compiled code meets them."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def __call__(self, *inputs: Any) -> Any:
        answers = np.asarray(self._model(*inputs))
        if answers.dtype == object:
            answers = _as_floats(answers)
        if answers.dtype.kind not in "fiub" or answers.ndim not in (1, 2):
            raise InputError(
                f"model: must return a number, or K numbers, for every input; got shape {answers.shape} "
                f"with {answers.ravel()[:1].tolist()!r:.40}; pass a function like predict_proba"
            )
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
    if inpaints:  # a pixel is drawn from its neighbours, whatever is masked along with it
        return masked.varying_inputs()
    hidden = masker(np.zeros(len(masked), dtype=bool), *row)[0]
    return np.flatnonzero(np.ravel(hidden) != np.ravel(row[0]))


def _background_samples(masker: Any, row: tuple[Any, ...]) -> int:
    """Return how many samples the masker makes of a mask; a function is called to see it."""
    if not hasattr(masker, "shape"):
        masked = masker(np.zeros(sum(np.size(part) for part in row), dtype=bool), *row)
        return len(masked[0] if isinstance(masked, tuple) else masked)
    shape = masker.shape
    return int((shape(*row) if callable(shape) else shape)[0] or 1)


def _selected(outputs: Any, full: FloatArray) -> IntArray | None:
    """Return the numbers of the outputs to explain: all, a list, or SHAP's ``Explanation.argsort`` chains."""
    if full.ndim == 0:
        try:
            numbers = None if outputs is None else _selected(outputs, full[None])
        except InputError:
            numbers = np.zeros(0, dtype=np.int64)
        if numbers is not None and len(numbers) != 1:
            raise InputError(f"outputs: the model has a single output, got {outputs!r}; leave outputs out.")
        return None
    if outputs is None:
        return np.arange(len(full))
    chosen = outputs.apply(shap.Explanation(full)).values if isinstance(outputs, OpChain) else outputs
    numbers = np.atleast_1d(np.asarray(chosen))
    if numbers.dtype.kind not in "iu" or numbers.size == 0 or not (-len(full) <= numbers).all():
        raise InputError(f"outputs: expected numbers from 0 to {len(full) - 1}, got {chosen!r}.")
    if (numbers >= len(full)).any():
        raise InputError(f"outputs: the model has {len(full)} outputs, got {chosen!r}.")
    return numbers


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
