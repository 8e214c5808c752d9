"""One row of a SHAP model as a game: a value function of masks with names and a fingerprint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins import adapter_tools
from spex_plugins.errors import InputError
from spex_plugins.queries.store.fingerprint import fingerprint_of
from spex_plugins.shap.explainer import SpexExplainer
from spex_plugins.shap.models.masked_value_function import MaskedValueFunction
from spex_plugins.shap.rows.row_digest import digest_parts
from spex_plugins.wording import counted

if TYPE_CHECKING:
    from spex_plugins.queries import Queries
    from spex_plugins.types import BoolArray, FloatArray

__all__ = ["RowGame"]


class RowGame:
    """The outputs of a model for one row when some of its features are masked.

    Features that no mask can change are left out.

    Parameters
    ----------
    model, masker : Any
        As in `SpexExplainer`.
    row : Any
        One sample: an array (M,) or (1, M), a DataFrame of one row, a text.
    queries : Queries, optional
        Of which a store is used for both ends, which are evaluated here.

    Attributes
    ----------
    n, feature_names
        Of the features that vary.
    varying : ndarray of int, shape (n,)
        Their numbers among all M features.
    fingerprint : str or None
        None where the model has none and the queries give none.

    Raises
    ------
    InputError
        If nothing varies.
    """

    argument_name = "model"

    def __init__(self, model: Any, masker: Any, row: Any, queries: Queries | None = None) -> None:
        explainer = SpexExplainer(model, masker)
        sample = _sample(row)
        _check_columns(explainer.masker, sample)
        settings = {} if queries is None else vars(queries)
        options = {name: settings[name] for name in ("store", "retries") if settings.get(name) is not None}
        self.fingerprint: str | None = None
        if "store" in options:
            whole = fingerprint_of(explainer.model.inner_model, settings["fingerprint"])
            about = digest_parts(explainer.masker, sample, explainer.link, explainer.linearize_link, None)
            options = adapter_tools.about(options | {"fingerprint": whole}, *about)
            self.fingerprint = options["fingerprint"]
        self._values = MaskedValueFunction(
            explainer.model, explainer.masker, explainer.link, explainer.linearize_link, sample, None, options
        )
        self.varying = self._values.varying
        self.n = len(self.varying)
        if not self.n:
            raise InputError("row: equals its background in every feature, so that no mask changes it.")
        names = _names(explainer, sample, row, self._values.n_inputs)
        self.feature_names = tuple(names[i] for i in self.varying)

    def __call__(self, masks: BoolArray) -> FloatArray:
        """Return the outputs (m,) or (m, K) at masks (m, n)."""
        return self._values(masks)


def _sample(row: Any) -> tuple[Any, ...]:
    """Return the row as the inputs of a model, one sample each."""
    if isinstance(row, tuple):
        return row
    if isinstance(row, str):
        return (row,)
    array = row.to_numpy() if hasattr(row, "to_numpy") else np.asarray(row)
    return (array[0] if array.ndim == 2 and len(array) == 1 else array,)


def _check_columns(masker: Any, sample: tuple[Any, ...]) -> None:
    """Raise InputError where a masker of a table gets anything but one row of it."""
    background: tuple[int, ...] = np.shape(getattr(masker, "data", ()))
    if len(background) == 2 and len(sample) == 1 and np.shape(sample[0]) != background[1:]:
        raise InputError(
            f"row: must be one row of the {counted(background[1], 'column')} of the background, got shape "
            f"{np.shape(sample[0])}; for several rows give a list of (model, masker, row)."
        )


def _names(explainer: Any, sample: tuple[Any, ...], row: Any, count: int) -> list[str]:
    """Return the names of all features: of columns, of tokens, or x0, x1, …."""
    names = getattr(explainer.masker, "feature_names", None)
    if callable(names):
        names = [name for part in names(*sample) for name in part]
    columns = getattr(row, "columns", getattr(row, "index", None) if hasattr(row, "to_numpy") else None)
    for known in (columns, names, explainer.feature_names):
        if known is not None and len(known) == count:
            return [str(name) for name in known]
    return [f"x{i}" for i in range(count)]
