"""The methods that the tasks of the paper compare, and which of them stand for what."""

from __future__ import annotations

from spex_plugins.comparison.methods.libraries.shapiq_approximators import ShapiqMethod

__all__ = ["FAITHFUL", "METHODS", "OURS"]

OURS = "auto"
"""The method that claims are about, chosen beforehand: the default of `spex_plugins.explain`."""

FAITHFUL = ("shapiq:FSII", "shapiq:FBII", "shapiq:FSII, order 3", "shapiq:FBII, order 3")
"""Faith-Shapley and Faith-Banzhaf."""

METHODS = {
    **{name: name for name in ("auto", "shapley", "proxyspex", "spex")},
    **{name: name for name in ("shap:permutation", "shap:kernel", "lime", "banzhaf", "lasso")},
    **{name: name for name in ("captum:feature_ablation", "captum:shapley_value_sampling")},
    **{
        name: name
        for name in ("shapiq:FSII", "shapiq:FBII", "shapiq:k-SII", "shapiq:ProxySPEX", "shapiq:SPEX")
    },
    "shapiq:FSII, order 3": ShapiqMethod("FSII3", "RegressionFSII", "FSII", {"max_order": 3}),
    "shapiq:FBII, order 3": ShapiqMethod("FBII3", "RegressionFBII", "FBII", {"max_order": 3}),
}
"""Methods of `spex_plugins.compare`, by their names in tables."""
