"""Methods that are compared, each called through its own library, and their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spex_plugins.comparison.methods import shap_explainers
from spex_plugins.comparison.methods.given import Given, is_explanation
from spex_plugins.comparison.methods.method import Method, Surrogate
from spex_plugins.comparison.methods.ours import Ours
from spex_plugins.errors import InputError

__all__ = ["METHODS", "Given", "Method", "Ours", "Surrogate", "resolve_method"]

METHODS: dict[str, Callable[[], Method]] = {
    **{name: (lambda name=name: Ours(name)) for name in ("auto", "gaussian_process", "shapley", "spex", "proxyspex")},
    "shap:permutation": shap_explainers.permutation,
    "shap:partition": shap_explainers.partition,
    "shap:kernel": shap_explainers.ShapKernel,
}
"""The methods that have a name."""


def resolve_method(value: Any) -> Method:
    """Return the method for a name, an explanation, or a method."""
    if isinstance(value, str):
        if value not in METHODS:
            raise InputError(f"methods: {value!r} is unknown; the names are {', '.join(METHODS)}.")
        return METHODS[value]()
    if is_explanation(value):
        return Given([value])
    return value
