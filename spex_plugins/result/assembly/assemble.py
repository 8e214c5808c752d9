"""From values to a result: the steps that `explain`, `fit` and runs in rounds share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spex_plugins.core.basis.scaling import well_scaled
from spex_plugins.core.designs.design import Design
from spex_plugins.errors import ValueFunctionError
from spex_plugins.estimators.base import Estimator
from spex_plugins.estimators.common.fit_result import Fit
from spex_plugins.queries import Answers
from spex_plugins.result.interactions import Interactions
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["averaged", "fitted", "interactions", "usable"]


def usable(design: Design, answers: Answers, statement: str) -> tuple[BoolArray, FloatArray]:
    """Return the masks that were evaluated and their values; raise ValueFunctionError for fewer than two."""
    if answers.answered.all():
        return design.masks, answers.values
    masks, values = design.masks[answers.answered], answers.values[answers.answered]
    if len(masks) < 2:
        raise ValueFunctionError(
            f"value_function: {len(masks)} of {len(design.masks)} masks were evaluated, at least 2 "
            f"are needed; {statement}.",
            masks=masks,
            values=values,
            failed_masks=design.masks[~answers.answered],
        )
    return masks, values


def fitted(
    method: Estimator,
    masks: BoolArray,
    values: FloatArray,
    design: Design | None,
    max_order: int | None,
    rng: np.random.Generator,
) -> Fit:
    """Run an estimator on values (m,) or (m, K), scaled to avoid overflow and underflow."""
    scaled, scaling = well_scaled(values.reshape(len(masks), -1))
    found = method.fit(masks, scaled, design=design, max_order=max_order, rng=rng)
    function = found.function.rescaled(scaling) if scaling.changes else found.function
    if values.ndim == 2:
        return replace(found, function=function)
    error = None if found.r2_error is None else found.r2_error[0]
    return Fit(function.output(0), found.r2[0], found.r2_source, found.method, error)


def interactions(
    result: Fit,
    masks: BoolArray,
    values: FloatArray,
    names: tuple[str, ...],
    budget: int,
    estimator: str,
    statement: str,
    n_stored: int = 0,
) -> Interactions:
    """Return the result of a fit, with its cost and the values at the empty and the full mask."""
    kept = masks.sum(axis=1)
    missing = np.full(values.shape[1:], np.nan)

    def measured(count: int) -> FloatArray:
        return values[np.argmax(kept == count)] if (kept == count).any() else missing

    return Interactions(
        function=result.function,
        feature_names=names,
        n_calls=len(masks) - n_stored,
        n_stored=n_stored,
        budget=budget,
        r2=np.asarray(result.r2),
        r2_source=result.r2_source,
        r2_error=np.asarray(np.nan if result.r2_error is None else result.r2_error),
        estimator=estimator,
        design=statement,
        method=result.method,
        empty_value=np.asarray(measured(0)),
        full_value=np.asarray(measured(masks.shape[1])),
        exact=len(masks) == 2 ** masks.shape[1],
    )


def averaged(masks: BoolArray, values: FloatArray) -> tuple[BoolArray, FloatArray]:
    """Return the distinct masks (m', n), in an order of their own, with the mean value of each."""
    _, first, inverse = np.unique(np.packbits(masks, axis=1), axis=0, return_index=True, return_inverse=True)
    total = np.zeros((len(first), *values.shape[1:]))
    np.add.at(total, inverse.ravel(), values)
    return masks[first], (total.T / np.bincount(inverse.ravel())).T
