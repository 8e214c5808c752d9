"""The value function of one row: masks over the varying inputs to (averaged, linked) model outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shap
from shap.utils import OpChain

from spex_plugins import adapter_tools
from spex_plugins.core.designs.all_masks import CHEAP_FEATURES, FEATURES_OF_PROMPTS
from spex_plugins.errors import InputError
from spex_plugins.queries import Queries, Session
from spex_plugins.shap.models.links import LinkedMean
from spex_plugins.shap.models.masked_models import masked_model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["MaskedValueFunction"]

_OF_ENDS = ("store", "fingerprint", "description", "retries")
_TABLE_ROWS = 1024  # masks at once
_CELLS = 2**23  # masked inputs held at once, 64 MB as float64; a mask costs background samples × inputs


class MaskedValueFunction:
    """SHAP's masked model of one row, as a function of distinct masks over the inputs that vary.

    The empty and the full coalition are evaluated once, by the constructor, and their values are kept: a link
    needs the empty coalition first, and they show the number of outputs before the budget is spent.

    Parameters
    ----------
    model, masker, link, linearize_link
        As in `shap.Explainer`.
    row : tuple
        The inputs of the model, one sample each.
    outputs : sequence of int or OpChain, optional
        The outputs to explain, by default all.
    options : mapping, optional
        Keywords of `spex_plugins.Queries`; of these, store and retries apply to the constructor too.
    check : callable
        Raises an exception for a number n of features that is unusable, before any model call.

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
    most_listed : int
        Largest number of features of which all masks are evaluated by default.
    batch_size : int or None
        Masks for one model call: many for tables, whose models cost little compared with the call itself.
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
        check: Callable[[int], None] = lambda n: None,
    ) -> None:
        samples = _background_samples(masker, row)
        # Linearising keeps the mean over background samples additive. With one sample there is no mean, and
        # the weights would be 0/0.
        listed = np.atleast_1d([] if outputs is None or isinstance(outputs, OpChain) else outputs)
        explained = listed if listed.size and listed.dtype.kind in "iu" else None
        mean = LinkedMean(link, linearize_link and samples != 1, explained)
        self._masked = masked_model(model, masker, mean, row)
        # A generated text that happens to have one token is no model with one output.
        self._drops_axis = not isinstance(masker, shap.maskers.OutputComposite)
        self.most_listed = CHEAP_FEATURES if self._drops_axis else FEATURES_OF_PROMPTS
        self.n_inputs = self._masked.n_inputs
        self.varying: IntArray = self._masked.varying
        check(len(self.varying))
        self.mask_shapes = self._masked.mask_shapes
        # A masked image is larger than the number of its regions.
        size = max(self.n_inputs, *(int(np.prod(np.shape(part))) for part in row))
        self._chunk = max(1, _CELLS // (samples * size))
        by_flips = bool(getattr(masker, "supports_delta_masking", False))
        self.batch_size = min(_TABLE_ROWS, self._chunk) if by_flips else None
        coalitions = np.repeat([[False], [True]], len(self.varying), axis=1)
        kept = {name: value for name, value in (options or {}).items() if name in _OF_ENDS}
        if not self._drops_axis or mean.linearizes:
            kept["store"] = None  # asking is what gives a language model its labels, a link its weights
        elif link is not shap.links.identity:  # links of other outputs than these are not known
            kept = adapter_tools.about(kept, repr(explained))
        with Session(self._evaluate, Queries(batch_size=1, progress=False, **kept)) as session:
            ends = session.ask(coalitions if len(self.varying) else coalitions[:1]).values
        self.output_indices = _selected(outputs, ends[-1])
        self._chunk = max(1, _CELLS // (samples * max(size, ends.size // len(ends))))
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
        values = self._masked(inputs)
        return np.asarray(values[:, 0] if self._drops_axis and values.shape[1:] == (1,) else values)


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
    return numbers % len(full)
