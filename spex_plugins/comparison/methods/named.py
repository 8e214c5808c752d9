"""The methods that have a name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from spex_plugins.comparison.methods.libraries.captum_methods import CAPTUM_METHODS, captum_method
from spex_plugins.comparison.methods.libraries.lime import Lime
from spex_plugins.comparison.methods.libraries.regressions import Regression, fit_lasso, fit_ridge
from spex_plugins.comparison.methods.libraries.shap_explainers import ShapKernel, partition, permutation
from spex_plugins.comparison.methods.libraries.shapiq_approximators import SHAPIQ_METHODS
from spex_plugins.comparison.methods.method import Method
from spex_plugins.comparison.methods.ours import Ours
from spex_plugins.estimators import ESTIMATORS

__all__ = ["METHODS"]

METHODS: dict[str, Callable[[], Method]] = {
    **{name: partial(Ours, name) for name in ESTIMATORS},
    "shap:permutation": permutation,
    "shap:partition": partition,
    "shap:kernel": ShapKernel,
    **{name: partial(captum_method, name) for name in CAPTUM_METHODS},
    "lime": Lime,
    "banzhaf": partial(Regression, "banzhaf", fit_ridge),
    "lasso": partial(Regression, "lasso", fit_lasso),
    **{name: partial(SHAPIQ_METHODS.__getitem__, name) for name in SHAPIQ_METHODS},
}
"""What makes each method, by its name in `spex_plugins.compare`."""
