"""SPEX as a black-box explainer of InterpretML, ``from interpret.ext.blackbox import Spex``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from spex_plugins.errors import InputError, MissingExtraError

try:
    import pandas as pd
    from interpret.api.base import ExplainerMixin
    from interpret.api.templates import FeatureValueExplanation
except ImportError as error:
    raise MissingExtraError(
        "spex_plugins.clients.interpret needs InterpretML: pip install interpret."
    ) from error

from spex_plugins.result.feature_labels import told_apart, visible
from spex_plugins.shap import SpexExplainer

__all__ = ["Spex"]


class Spex(ExplainerMixin):  # type: ignore[misc]
    """Local explanations of any model for InterpretML's dashboard, with interactions among the bars.

    Parameters
    ----------
    model : object or callable
        A fitted estimator with ``predict_proba`` or ``predict``, or a function from rows to values (m,) or
        (m, K).
    data : ndarray or DataFrame, shape (S, n)
        Background rows, as in `SpexExplainer`.
    feature_names : sequence of str, optional
        By default the columns of the data.
    feature_types : sequence of str, optional
        Passed on to the explanations.
    target : int, optional
        Which of K outputs is explained; by default the only one, or the second of two classes.
    index : str
        A key of `spex_plugins.INDICES`.
    order : int, optional
        Largest number of features in a bar, by default 2, or 3 where the rows have such terms.
    top : int
        Number of bars; another one has the sum of the others, so that they add up to the prediction.
    max_evals : int or "auto"
        Largest number of masks for a row.
    seed : int
        Seed of the masks and of the fit.

    Raises
    ------
    InputError
        If an argument is unusable.

    Notes
    -----
    The entry point makes it ``interpret.ext.blackbox.Spex``; ``interpret.show`` draws what `explain_local`
    returns.
    """

    available_explanations: ClassVar[list[str]] = ["local"]
    explainer_type = "blackbox"

    def __init__(
        self,
        model: Any,
        data: Any,
        feature_names: Any = None,
        feature_types: Any = None,
        *,
        target: int | None = None,
        index: str = "FSII",
        order: int | None = None,
        top: int = 15,
        max_evals: Any = "auto",
        seed: int = 0,
    ) -> None:
        self.model, self.feature_types = model, feature_types
        self.target, self.index, self.order, self.top = target, index, order, top
        names = list(data.columns) if feature_names is None and hasattr(data, "columns") else feature_names
        self.feature_names = names
        self.explainer = SpexExplainer(
            _prediction(model), data, feature_names=names, max_evals=max_evals, seed=seed
        )

    def explain_local(self, X: Any, y: Any = None, name: str | None = None) -> Any:
        """Explain rows.

        Parameters
        ----------
        X : ndarray or DataFrame, shape (m, n)
            The rows.
        y : array_like, shape (m,), optional
            Their true values or classes, for display.
        name : str, optional
            Title in the dashboard.

        Returns
        -------
        FeatureValueExplanation
            One entry per row, with names, scores (bars), values (data of single features) and, as "extra",
            the base value.

        Raises
        ------
        InputError
            If the model has several outputs and ``target`` is not given.
        """
        found = self._of_target(self.explainer(X, silent=True))
        bars = found.interaction_explanation(self.top, self.index, self.order)
        predicted = np.asarray(bars.base_values) + bars.values.sum(axis=1)
        labels = told_apart([visible(str(name)) for name in found.feature_names])[1]
        data = dict(zip(labels, np.asarray(X).T, strict=True))
        rows = []
        for i, (scores, base) in enumerate(zip(bars.values, np.asarray(bars.base_values), strict=True)):
            actual = np.nan if y is None else np.asarray(y)[i]
            rows.append(
                {
                    "type": "univariate",
                    "names": list(bars.feature_names),
                    "scores": scores.tolist(),
                    "values": [data[label][i] if label in data else "" for label in bars.feature_names],
                    "extra": {"names": ["Base Value"], "scores": [float(base)], "values": [1]},
                    "perf": _performance(float(predicted[i]), actual),
                }
            )
        selector = pd.DataFrame(
            {
                "Actual": [row["perf"]["actual"] for row in rows],
                "Predicted": predicted,
            }
        )
        return FeatureValueExplanation(
            "local",
            {"overall": None, "specific": rows, "mli": []},
            feature_names=list(bars.feature_names),
            feature_types=self.feature_types,
            name=name or "Spex",
            selector=selector.round(3),
        )

    def _of_target(self, found: Any) -> Any:
        if np.ndim(found.base_values) < 2:
            return found
        outputs = found.shape[-1]
        if self.target is None and outputs > 2:
            raise InputError(f"target: the model has {outputs} outputs; give the number of one, such as 0.")
        return found[..., (outputs - 1 if self.target is None else self.target)]


def _prediction(model: Any) -> Callable[..., Any]:
    for name in ("predict_proba", "predict"):
        if hasattr(model, name):
            return getattr(model, name)
    return model


def _performance(predicted: float, actual: Any) -> dict[str, Any]:
    return {
        "is_classification": False,
        "actual": actual,
        "predicted": predicted,
        "actual_score": actual,
        "predicted_score": predicted,
    }
