"""Explain every example of a batch; examples with equally many features share their forward calls."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins import adapter_tools
from spex_plugins.api import explain_each
from spex_plugins.captum.forward.value_function import MaskedForward
from spex_plugins.wording import counted

if TYPE_CHECKING:
    from spex_plugins.captum.batch import Batch
    from spex_plugins.captum.features import Features
    from spex_plugins.captum.forward.end_points import EndPoints
    from spex_plugins.result.assembly.few_samples import FewSamples
    from spex_plugins.result.interactions import Interactions
    from spex_plugins.types import FloatArray, IntArray

__all__ = ["explain_batch", "feature_values"]


def explain_batch(
    forward: Any,
    batch: Batch,
    features: Features,
    end_points: EndPoints,
    n_samples: int | None,
    *,
    repeated: IntArray,
    title: str,
    seed: np.random.Generator,
    options: dict[str, Any],
    few: FewSamples,
    **settings: Any,
) -> list[Interactions]:
    """Explain E examples: all B of them, or the batch as one where the output is for the whole batch.

    Parameters
    ----------
    forward : callable
    batch : Batch
        B examples.
    features, end_points
        Of E examples.
    n_samples : int, optional
        By default `spex_plugins.adapter_tools.default_budget`.
    repeated : ndarray of int, shape (E,)
        Evaluations of every example so far, without those of its inputs and its baselines.
    title : str
        Title of progress bars.
    seed : numpy Generator
        Every example uses it in the same state, so that none depends on the others.
    options : dict
        Of `spex_plugins.adapter_tools.query_options`.
    few : FewSamples
        Checks every explanation, for one warning at the end.
    **settings
        Further arguments of `spex_plugins.explain`.

    Returns
    -------
    list of Interactions
        One for each of the E examples, over its own features.
    """
    counts = features.varying.sum(axis=1)
    found: dict[int, Interactions] = {}
    for n in np.unique(counts).tolist():
        rows = np.flatnonzero(counts == n)
        budget = n_samples or adapter_tools.default_budget(n)
        spent = int(repeated[rows].max())
        if n_samples and n_samples < 2**n + spent:  # else all masks are asked and leave some
            budget = max(2, n_samples - spent)
        if n == 0:
            for e in rows.tolist():
                one = adapter_tools.constant(end_points.full[e], features.names(e), budget)
                found[e] = replace(one, feature_ids=features.ids_of(e))
            continue
        value_function = MaskedForward(
            forward,
            batch if end_points.for_batch else batch.select(rows),
            features.columns_of(rows),
            np.nonzero(features.varying[rows])[1].reshape(len(rows), n),
            len(features.ids),
            end_points.select(rows),
            title,
        )
        query_settings = options
        if "store" in options:
            query_settings = adapter_tools.about(options, *value_function.digest_parts())
        try:
            group = explain_each(
                value_function,
                n,
                value_function.split,
                budget=budget,
                seed=deepcopy(seed),
                **settings,
                **query_settings,
            )
        except BaseException as error:  # an interrupt by the user as well
            if len(counts) > 1:
                failing = rows[_failing(error, value_function)].tolist()
                adapter_tools.name_rows(error, "example", failing, found)
            raise
        for e, one in zip(rows.tolist(), group, strict=True):
            wide = adapter_tools.widened(few.see(one), features.varying_positions(e), features.names(e))
            found[e] = replace(wide, feature_ids=features.ids_of(e))
    return [_with_checks(found[e], int(repeated[e])) for e in range(len(counts))]


def _with_checks(one: Interactions, repeated: int) -> Interactions:
    """State evaluations that did not serve the fit."""
    more = f"; {counted(repeated, 'evaluation')} more to check f" if repeated else ""
    return replace(one, method=one.method + more)


def feature_values(
    found: list[Interactions], index: str, features: Features, end_points: EndPoints
) -> FloatArray:
    """Return the value of every feature, (E, F) or (E, K, F); 0 where an example does not have it."""
    difference = end_points.full - end_points.empty
    values = np.zeros((*difference.shape, len(features.ids)))
    for e, one in enumerate(found):
        single = adapter_tools.single_values(one, index, difference[e], features.varying_positions(e))
        values[e][..., features.present[e]] = single.T
    return values


def _failing(error: BaseException, value_function: MaskedForward) -> slice | IntArray:
    """Return the examples of a group whose values are not finite; all where that is not known."""
    values = getattr(error, "failed_values", None)
    if values is None:
        return slice(None)
    return np.flatnonzero([not np.isfinite(each).all() for each in value_function.split(values)])
