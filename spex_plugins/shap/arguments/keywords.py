"""Arguments under the names and in the places that they have in SHAP's other explainers."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from spex_plugins.errors import InputError

__all__ = ["budget_from", "check_algorithm", "checked_names"]

# They control the algorithms of SHAP's explainers, and have no effect on what is estimated here.
_WITHOUT_EFFECT = {
    "approximate",
    "batch_evals",
    "check_additivity",
    "fixed_context",
    "from_call",
    "gc_collect",
    "keep_index",
    "l1_reg",
    "min_samples_per_feature",
}
_BUDGETS = ("nsamples", "npermutations")
_FEATURES = "SpexExplainer(..., features=...)"  # no argument of a call
_ELSEWHERE = {  # names of other libraries, and of other functions of this one
    "budget": "max_evals",
    "n_samples": "max_evals",
    "group": _FEATURES,
    "regions": _FEATURES,
    "progress": "silent",
}
_OWN = ("max_evals", "main_effects", "error_bounds", "batch_size", "outputs", "interactions", "silent")


def budget_from(keywords: Mapping[str, Any], masker: Any) -> Any:
    """Return the number of evaluations in keywords of SHAP's other explainers, or None if there is none.

    Parameters
    ----------
    keywords : mapping
        Budgets: ``nsamples`` of `shap.KernelExplainer`, ``npermutations`` of `shap.PermutationExplainer`.
        Keywords of other algorithms have no effect; a keyword that is None counts as not given.
    masker : object

    Raises
    ------
    InputError
        If a keyword is unknown, as a misspelt budget would be no limit.
    """
    given = {name: value for name, value in keywords.items() if value is not None}
    for name in given:
        if name not in _WITHOUT_EFFECT and name not in _BUDGETS:
            meant = _ELSEWHERE.get(name) or next(iter(get_close_matches(name, _OWN, 1)), None)
            remedy = f"did you mean {meant}?" if meant else f"the keywords are {', '.join(_OWN)}."
            raise InputError(f"{name}: unknown keyword; {remedy}")
    if "nsamples" in given:
        return given["nsamples"]
    if "npermutations" not in given:
        return None
    shape = getattr(masker, "shape", None)
    if not isinstance(shape, tuple):
        raise InputError("npermutations: the number of features depends on the row; pass max_evals.")
    return given["npermutations"] * (2 * shape[1] + 1)  # forwards and backwards, from the empty coalition


def check_algorithm(algorithm: Any, feature_names: Any) -> Any:
    """Return the names of the features, which may stand in the place of the algorithm."""
    if algorithm in ("spex", "auto") if isinstance(algorithm, str) else algorithm is None:
        return feature_names
    if isinstance(algorithm, str | bool) or not hasattr(algorithm, "__len__"):
        raise InputError(
            f'algorithm: must be "spex", got {algorithm!r}; what is fitted is chosen by estimator=, '
            "SHAP's own algorithms by shap.Explainer. Pass linearize_link by name."
        )
    if feature_names is not None:
        raise InputError("feature_names: given twice, by name and in the place of algorithm.")
    return list(algorithm)


def checked_names(names: Any) -> list[str] | None:
    """Return names of outputs as a list; a single one may be a string."""
    if names is None:
        return None
    if isinstance(names, str):
        return [names]
    if not hasattr(names, "__len__"):
        raise InputError(f"output_names: expected a list of names, got {names!r:.80}; pass others by name.")
    return [str(name) for name in names]
