"""One row: from its value function to its interactions, and to the dict that SHAP's loop over rows takes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins import adapter_tools
from spex_plugins.api import explain_each
from spex_plugins.estimators.common.size_limits import check_size
from spex_plugins.shap.arguments.checks import with_target
from spex_plugins.shap.images.grouped_image import values_in_shape_of_input
from spex_plugins.shap.models.masked_value_function import MaskedValueFunction
from spex_plugins.shap.rows.row_digest import digest_parts
from spex_plugins.shap.rows.row_labels import (
    clustering_of_row,
    feature_names_of_row,
    name_of_single_output,
    output_labels,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spex_plugins.estimators.base import Estimator
    from spex_plugins.result.assembly.few_samples import FewSamples
    from spex_plugins.result.interactions import Interactions
    from spex_plugins.shap.rows.row_loop import RowLoop
    from spex_plugins.types import IntArray

__all__ = ["explain_one_row"]


def explain_one_row(
    explainer: Any,
    row: tuple[Any, ...],
    loop: RowLoop,
    max_evals: int | None,
    batch_size: int | None,
    outputs: Any,
) -> dict[str, Any]:
    """Explain one row, add its interactions to ``loop.found``, and return what SHAP makes an explanation of.

    Parameters
    ----------
    explainer : SpexExplainer
    row : tuple
        The inputs of the model, one sample each.
    loop : RowLoop
    max_evals, batch_size : int, optional
        None for "auto".
    outputs : sequence of int or OpChain, optional

    Returns
    -------
    dict
        With the keys of `shap.Explainer.explain_row`.
    """
    target = None if loop.targets is None else loop.targets[len(loop.found)]
    masker = loop.masker if loop.targets is None else with_target(loop.masker, target)
    options = adapter_tools.query_options(explainer.queries, explainer.model.inner_model)
    if "store" in options:
        about = digest_parts(masker, row, explainer.link, explainer.linearize_link, target)
        options = adapter_tools.about(options, *about)
    check = partial(_check_row, explainer.estimator, max_evals)
    f = MaskedValueFunction(
        explainer.model, masker, explainer.link, explainer.linearize_link, row, outputs, options, check
    )
    labels = _labels(f.output_indices, loop, explainer.model, row)
    chosen = [] if f.output_indices is None else f.output_indices.tolist()
    names = feature_names_of_row(explainer.masker, loop.columns, row, f.mask_shapes)
    found = _interactions(
        f,
        names,
        max_evals,
        loop.few,
        estimator=loop.estimator_of(f.varying, [names[i] for i in f.varying]),
        max_order=explainer.max_order,
        seed=np.random.default_rng(explainer.seed),
        progress=loop.progress,
        batch_size=batch_size,
        **adapter_tools.about(options, str(chosen)),
    )
    loop.found.append(found)
    single_output_axis = f.empty.shape == (1,)  # SHAP would drop it from the values and keep it elsewhere
    values = adapter_tools.single_values(found, explainer.index, f.full - f.empty, f.varying)
    values, shapes = values_in_shape_of_input(explainer.masker, row, values, f.mask_shapes)
    deviations = _deviations(explainer, found, row, f.mask_shapes) if loop.settings.error_bounds else None
    return {
        "values": values,
        "expected_values": f.empty if f.empty.ndim else float(f.empty),
        "mask_shapes": [(*shape, 1) if single_output_axis else shape for shape in shapes],
        "error_std": deviations,
        "main_effects": found.index("Moebius", 1).first_order() if loop.settings.main_effects else None,
        "clustering": clustering_of_row(masker, row),
        **labels,
    }


def _interactions(
    f: MaskedValueFunction,
    names: Sequence[str],
    max_evals: int | None,
    few: FewSamples,
    **settings: Any,
) -> Interactions:
    """Explain f, over all inputs; those that do not vary are features without effect.

    Parameters
    ----------
    f : MaskedValueFunction
    names : sequence of str
        Names of all inputs.
    max_evals : int, optional
        By default `spex_plugins.adapter_tools.default_budget`.
    few : FewSamples
        Checks the explanation.
    **settings
        Further arguments of `spex_plugins.explain`.
    """
    n = len(f.varying)
    budget = adapter_tools.default_budget(n, f.most_listed) if max_evals is None else max_evals
    if n == 0:
        return adapter_tools.constant(f.empty, names, budget)
    settings["feature_names"] = [names[i] for i in f.varying]
    (found,) = explain_each(f, n, lambda values: [values], budget=budget, **settings)
    return adapter_tools.widened(few.see(found), f.varying, names)


def _labels(indices: IntArray | None, loop: RowLoop, model: Any, row: tuple[Any, ...]) -> dict[str, Any]:
    """Return the labels of the outputs for SHAP, which has none for a single one: the loop keeps it."""
    if indices is None:
        loop.single_names.add(name_of_single_output(loop.output_names, model, row))
    return output_labels(indices, loop.output_names, model, row)


def _check_row(estimator: str | Estimator, max_evals: int | None, n: int) -> None:
    """Refuse a row of n features that cannot be explained; see `check_size`."""
    check_size(estimator, n, adapter_tools.default_budget(n) if max_evals is None else max_evals, "max_evals")


def _deviations(
    explainer: Any, found: Interactions, row: tuple[Any, ...], shapes: list[tuple[int, ...]]
) -> Any:
    """Return the standard deviations of the values in the shape of the input; None for several inputs."""
    deviations = found.single_values(explainer.index).deviations
    deviations, shapes = values_in_shape_of_input(explainer.masker, row, deviations, shapes)
    return deviations.reshape(*shapes[0], *deviations.shape[1:]) if len(shapes) == 1 else None
