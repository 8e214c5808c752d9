"""Captum's perturbation methods and ours on one forward function, each as a prediction of its values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from captum._utils.models.linear_model import SkLearnLasso
from captum.attr import FeatureAblation, KernelShap, Lime, ShapleyValueSampling

from library.games.stored_answers import StoredAnswers
from spex_plugins import Interactions
from spex_plugins.captum import Spex

__all__ = ["OURS", "PEERS", "CaptumGame", "Predict", "additive"]

PEERS = ("FeatureAblation", "Lime", "Lime, α = 0.001", "KernelShap", "ShapleyValueSampling")
OURS = ("Spex", 'Spex, "auto"')

_AT_ONCE = 200

Predict = Callable[[npt.NDArray[np.bool_]], npt.NDArray[np.float64]]
"""Masks (m, n) → predicted values (m,)."""


class CaptumGame:
    """A text as Captum sees it: an input of n ones, with a baseline of zeros."""

    def __init__(self, text: StoredAnswers) -> None:
        self.text = text
        self.inputs = torch.ones(1, text.n)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the values of perturbed inputs (m, n)."""
        return torch.from_numpy(self.text(inputs.numpy() > 0.5))

    def explain(self, method: str, budget: int, seed: int) -> dict[str, Predict]:
        """Explain with at most ``budget`` masks; return predictions of the value, by reading."""
        torch.manual_seed(seed)
        settings: dict[str, Any] = {"perturbations_per_eval": _AT_ONCE}
        if method in OURS:
            settings |= {"n_samples": budget, "seed": seed, "return_interactions": True}
            if method != "Spex":
                settings["estimator"] = "auto"
            values, (found,) = Spex(self.forward).attribute(self.inputs, **settings)
            return {
                method: additive(values[0]),
                f'{method}, index="BV"': additive(found.single_values("BV").values),
                f"{method}, with interactions": with_interactions(found),
            }
        if method == "ShapleyValueSampling":
            settings["n_samples"] = (budget - 1) // self.text.n  # permutations, and the baseline once
        elif method != "FeatureAblation":
            settings["n_samples"] = budget
        return {method: additive(peer(method, self.forward).attribute(self.inputs, **settings)[0])}


def peer(name: str, forward: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """Return one of Captum's methods with its own settings, but for the LASSO of the second Lime.

    Lime's default, 0.01, is meant for larger outputs than log-probabilities of a short answer.
    """
    if name == "Lime, α = 0.001":
        return Lime(forward, interpretable_model=SkLearnLasso(alpha=0.001))
    kinds = {"FeatureAblation": FeatureAblation, "Lime": Lime, "KernelShap": KernelShap}
    return (kinds | {"ShapleyValueSampling": ShapleyValueSampling})[name](forward)


def additive(values: npt.ArrayLike) -> Predict:
    """Return the additive prediction; its constant cancels or is fitted, for every method."""
    array = np.asarray(values, dtype=np.float64)
    return lambda masks: masks @ array


def with_interactions(found: Interactions) -> Predict:
    """Return the prediction of everything that was found; at the input itself, the answer is known."""
    return lambda masks: np.where(masks.all(axis=1), found.full_value, found.predict(masks))
