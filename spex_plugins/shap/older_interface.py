"""SHAP's older interface, which notebooks and dashboards use: arrays of values, and the expected value."""

from __future__ import annotations

from typing import Any

import numpy as np
from shap.utils import MaskedModel, OpChain

from spex_plugins.shap.arguments.checks import one_row, rows_to_explain

__all__ = ["OlderInterface"]


class OlderInterface:
    """Methods of an explainer that SHAP's explainers had before they could be called."""

    model: Any
    masker: Any
    link: Any
    outputs: Any
    _expected_value: Any = None

    def shap_values(self, X: Any, **keywords: Any) -> Any:
        """Return an array of values, as the older interface of SHAP's explainers does.

        Parameters
        ----------
        X : array_like
            Rows, as in a call; for a table also a single row.
        **keywords
            As in a call.

        Returns
        -------
        ndarray of float64, shape (rows, M) or (rows, M, K)
            For a single row without the first axis; for a model with several inputs a list.

        Raises
        ------
        InputError, ValueFunctionError
            As a call does.
        """
        rows = one_row(self.masker, X)
        explain: Any = self
        explanation = explain(X if rows is None else rows, **keywords)
        if isinstance(explanation, list):
            return [one.values for one in explanation]
        return explanation.values if rows is None else explanation.values[0]

    def shap_interaction_values(self, X: Any, **keywords: Any) -> Any:
        """Return matrices of pairs, as `shap.TreeExplainer` does: the values with ``interactions=True``.

        Parameters
        ----------
        X : array_like
            Rows, as in a call; for a table also a single row.
        **keywords
            As in a call.

        Returns
        -------
        ndarray of float64, shape (rows, M, M) or (rows, M, M, K)
            For a single row without the first axis.

        Raises
        ------
        InputError, ValueFunctionError
            As a call does.
        """
        return self.shap_values(X, **keywords | {"interactions": True})

    @property
    def expected_value(self) -> Any:
        """f(∅), the link of the mean output over the background: a float, or an ndarray of shape (K,).

        Known once rows were explained; before, the model is evaluated at one mask.

        Raises
        ------
        AttributeError
            If it depends on the row, as that of texts does: read ``explanation.base_values``.
        """
        if not _has_fixed_background(self.masker) or isinstance(self.outputs, OpChain):
            raise AttributeError("expected_value: it depends on the row; read explanation.base_values.")
        if self._expected_value is None:
            self._expected_value = _expected_value(self.model, self.masker, self.link)
        chosen = self.outputs is not None and np.ndim(self._expected_value) > 0
        return self._expected_value[np.atleast_1d(self.outputs)] if chosen else self._expected_value

    @expected_value.setter
    def expected_value(self, value: Any) -> None:
        self._expected_value = value

    def _keep_base_value(self, value: Any) -> None:
        """Remember f(∅), if it is the same for every row."""
        if self._expected_value is None and _has_fixed_background(self.masker):
            self._expected_value = value


def _has_fixed_background(masker: Any) -> bool:
    """Return whether a masker is of tables, whose background is the same for every row."""
    return all(hasattr(one, "data") and isinstance(one.shape, tuple) for one in _tables(masker))


def _expected_value(model: Any, masker: Any, link: Any) -> Any:
    """Return the link of the model's mean over the background: f(∅), a number or shape (K,).

    Parameters
    ----------
    model : callable
        Called once, with all background rows.
    masker : object
        With a fixed background.
    link : callable
    """
    tables = _tables(masker)
    _, first = rows_to_explain(masker, tuple(one.data[:1] for one in tables))
    # As a flip of no feature: with Boolean masks SHAP multiplies cells of the row by 0, and NaN · 0 is NaN.
    nothing = np.array([MaskedModel.delta_mask_noop_value])
    background, _ = masker(nothing, *(np.asarray(rows)[0] for rows in first))
    answers = np.asarray(model(*background), dtype=np.float64)
    mean = answers.mean(axis=0)
    return np.asarray(link(mean[0] if mean.shape == (1,) else mean))[()]


def _tables(masker: Any) -> Any:
    return getattr(masker, "maskers", (masker,))
