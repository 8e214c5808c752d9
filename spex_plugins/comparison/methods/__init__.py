"""Methods that are compared, each called through its own library, and their names."""

from __future__ import annotations

from spex_plugins.comparison.methods.given import Given
from spex_plugins.comparison.methods.libraries.captum_methods import CaptumMethod
from spex_plugins.comparison.methods.libraries.shap_explainers import ShapMethod
from spex_plugins.comparison.methods.method import Method, Surrogate
from spex_plugins.comparison.methods.named import METHODS
from spex_plugins.comparison.methods.ours import Ours
from spex_plugins.comparison.methods.resolve import resolve_methods
from spex_plugins.comparison.methods.user_function import UserFunction

__all__ = [
    "METHODS",
    "CaptumMethod",
    "Given",
    "Method",
    "Ours",
    "ShapMethod",
    "Surrogate",
    "UserFunction",
    "resolve_methods",
]
