"""Explain every example of a batch; examples with equally many features share their forward calls."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins import adapter_tools as hosts
from spex_plugins.api import explain_each
from spex_plugins.captum.forward import MaskedForward

if TYPE_CHECKING:
    from spex_plugins.captum.batch import Batch
    from spex_plugins.captum.end_points import Ends
    from spex_plugins.captum.features import Features
    from spex_plugins.result.few_samples import FewSamples
    from spex_plugins.result.interactions import Interactions
    from spex_plugins.types import FloatArray, IntArray

__all__ = ["explain_batch", "feature_values"]


def explain_batch(
    forward: Any,
    batch: Batch,
    features: Features,
    ends: Ends,
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
    features, ends
        Of E examples.
    n_samples : int, optional
        By default `spex_plugins.adapter_tools.default_budget`.
    repeated : ndarray of int, shape (E,)
        Evaluations of every example that were spent before, beyond its inputs and its baselines.
    title : str
        Of progress bars.
    seed : numpy Generator
        Every example meets it in the same state, so that none depends on its neighbours.
    options : dict
        Of `spex_plugins.adapter_tools.query_options`.
    few : FewSamples
        Sees every explanation.
    **settings
        Further arguments of `spex_plugins.explain`.

    Returns
    -------
    list of Interactions
        One for each of the E examples, over the features that it has.
    """
    counts = features.varying.sum(axis=1)
    found: dict[int, Interactions] = {}
    for n in np.unique(counts).tolist():
        rows = np.flatnonzero(counts == n)
        budget = n_samples or hosts.default_budget(n)
        if n_samples and n_samples < 2**n:  # else all masks are asked and leave some
            budget = max(2, n_samples - int(repeated[rows].max()))
        if n == 0:
            for e in rows.tolist():
                one = hosts.constant(ends.full[e], features.names(e), budget)
                found[e] = replace(one, feature_ids=features.ids_of(e))
            continue
        ask = MaskedForward(
            forward,
            batch if ends.for_batch else batch.select(rows),
            features.columns_of(rows),
            np.nonzero(features.varying[rows])[1].reshape(len(rows), n),
            len(features.ids),
            ends.select(rows),
            title,
        )
        asked = hosts.about(options, *ask.asked()) if "store" in options else options
        try:
            group = explain_each(ask, n, ask.split, budget=budget, seed=deepcopy(seed), **settings, **asked)
        except BaseException as error:  # also when the user loses patience
            if len(counts) > 1:
                hosts.name_rows(error, "example", rows[_failing(error, ask)].tolist(), found)
            raise
        for e, one in zip(rows.tolist(), group, strict=True):
            wide = hosts.widened(few.see(one), features.playing(e), features.names(e))
            found[e] = replace(wide, feature_ids=features.ids_of(e))
    for e in np.flatnonzero(repeated).tolist():
        found[e] = replace(found[e], method=f"{found[e].method}; {repeated[e]} evaluations more to check f")
    return [found[e] for e in range(len(counts))]


def feature_values(found: list[Interactions], index: str, features: Features, ends: Ends) -> FloatArray:
    """Return the value of every feature, (E, F) or (E, K, F); 0 where an example does not have it."""
    difference = ends.full - ends.empty
    values = np.zeros((*difference.shape, len(features.ids)))
    for e, one in enumerate(found):
        single = hosts.single_values(one, index, difference[e], features.playing(e))
        values[e][..., features.present[e]] = single.T
    return values


def _failing(error: BaseException, ask: MaskedForward) -> slice | IntArray:
    """Return which examples of a group are the trouble; all where nothing tells."""
    values = getattr(error, "failed_values", None)
    if values is None:
        return slice(None)
    return np.flatnonzero([not np.isfinite(each).all() for each in ask.split(values)])
