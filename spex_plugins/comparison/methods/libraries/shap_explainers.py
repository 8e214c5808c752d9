"""SHAP's explainers, called through SHAP: the value function as a model of rows of ones and zeros."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.comparison.methods.given import surrogate_of
from spex_plugins.comparison.methods.library_calls import library, seeded
from spex_plugins.comparison.methods.method import Kind, Method, Surrogate
from spex_plugins.comparison.methods.sums import additive

if TYPE_CHECKING:
    from spex_plugins.comparison.calls.counted_game import CountedGame

__all__ = ["ShapKernel", "ShapMethod", "partition", "permutation"]

_INSTALL = '"spex-plugins[shap]"'


class ShapMethod(Method):  # numpydoc ignore=RS01
    """An explainer of SHAP, made for a value function.

    Parameters
    ----------
    factory : callable
        From a model and a masker, and a ``seed`` if it takes one, to an explainer, such as
        ``shap.PermutationExplainer``. The rows of the model hold 1 where a feature is kept and 0 where it is
        masked. The explainer is called with ``max_evals``.
    name : str
        Name in the report.
    index : str, optional
        What its values estimate; "SV" by default.
    least : callable, optional
        From the number of features to the smallest budget that the explainer takes.
    """

    kind: Kind = "marginal"
    asks = True

    def __init__(
        self,
        factory: Callable[..., Any],
        name: str,
        index: str | None = "SV",
        least: Callable[[int], int] = lambda n: 2,
    ) -> None:
        self.factory, self.name, self._index, self._least = factory, name, index, least

    def least(self, n: int) -> int:
        """Return the smallest budget that the explainer takes."""
        return self._least(n)

    def explain(self, game: CountedGame, budget: int, seed: int) -> Surrogate:
        """Call the explainer for a row of ones."""
        host = library("spex_plugins.shap", "SHAP", _INSTALL)
        model, masker, row = host.as_model(game)
        takes_seed = "seed" in signature(self.factory).parameters
        with seeded(seed):
            explainer = self.factory(model, masker, **({"seed": seed} if takes_seed else {}))
            explanation = explainer(row.to_numpy(), max_evals=budget, silent=True)
        found = surrogate_of(explanation, game.n)
        return Surrogate(found.function, self._index)


class ShapKernel(Method):
    """SHAP's Kernel explainer without its selection of features, which would leave most values 0."""

    kind: Kind = "marginal"
    asks = True
    name = "shap:kernel"

    def least(self, n: int) -> int:
        """Return 4: both ends, and two samples."""
        return 4

    def explain(self, game: CountedGame, budget: int, seed: int) -> Surrogate:
        """Let it draw all that the budget leaves beside the empty and the full mask."""
        shap = _shap()
        ones = np.ones(game.n)
        with seeded(seed):
            explainer = shap.KernelExplainer(lambda rows: game(rows > 0.5), 0 * ones[None])
            samples = budget - 2
            values = explainer.shap_values(ones, nsamples=samples, l1_reg=False, silent=True)
        return Surrogate(additive(values, float(explainer.expected_value)), "SV")


def permutation() -> ShapMethod:
    """Return SHAP's Permutation explainer; it takes 2 n + 1 evaluations or more."""
    return ShapMethod(
        lambda model, masker, seed: _shap().PermutationExplainer(model, masker, seed=seed),
        "shap:permutation",
        least=lambda n: 2 * n + 1,
    )


def partition() -> ShapMethod:
    """Return SHAP's Partition explainer on a balanced tree of neighbouring features.

    Its values are Owen values of that tree, not Shapley values.
    """

    def make(model: Any, masker: Any) -> Any:
        from scipy.cluster.hierarchy import linkage

        shap, rows = _shap(), masker.data
        tree = linkage(np.arange(rows.shape[1], dtype=float)[:, None], method="complete")
        return shap.PartitionExplainer(model, shap.maskers.Partition(rows, clustering=tree))

    return ShapMethod(make, "shap:partition", index=None)


def _shap() -> Any:
    return library("shap", "SHAP", _INSTALL)
