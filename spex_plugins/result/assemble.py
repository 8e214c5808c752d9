"""From answers to a result: what the ways of asking have in common."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spex_plugins.core.basis.scaling import Scaling, well_scaled
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.designs.design import Design
from spex_plugins.errors import ValueFunctionError
from spex_plugins.estimators.base import Estimator
from spex_plugins.estimators.fit_result import Fit, SingleValues
from spex_plugins.queries import Answers
from spex_plugins.result.interactions import Interactions
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["averaged", "fitted", "interactions", "usable"]


def usable(design: Design, answers: Answers, statement: str) -> tuple[BoolArray, FloatArray]:
    """Return the masks that were answered and their values; two at least, or nothing can be explained."""
    if answers.answered.all():
        return design.masks, answers.values
    masks, values = design.masks[answers.answered], answers.values[answers.answered]
    if len(masks) < 2:
        raise ValueFunctionError(
            f"value_function: {len(masks)} of {len(design.masks)} masks were answered, at least 2 are "
            f"needed; {statement}.",
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
    """Run an estimator on values (m,) or (m, K), brought to a scale on which float64 serves."""
    scaled, scaling = well_scaled(values.reshape(len(masks), -1))
    found = method.fit(masks, scaled, design=design, max_order=max_order, rng=rng)
    if scaling.changes:
        found = _rescaled(found, scaling)
    if values.ndim == 2:
        return found
    singles = {
        index: SingleValues(single.values[:, 0], single.deviations[:, 0])
        for index, single in found.singles.items()
    }
    error = None if found.r2_error is None else found.r2_error[0]
    process = found.process and found.process.output(0)
    spectrum = found.spectrum.output(0)
    return Fit(spectrum, found.r2[0], found.r2_source, found.method, singles, error, process)


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
    """Make the result of a fit, with what it cost and what was measured at the end points."""
    kept = masks.sum(axis=1)
    missing = np.full(values.shape[1:], np.nan)

    def measured(count: int) -> FloatArray:
        return values[np.argmax(kept == count)] if (kept == count).any() else missing

    return Interactions(
        spectrum=result.spectrum,
        feature_names=names,
        n_calls=len(masks) - n_stored,
        n_stored=n_stored,
        budget=budget,
        r2=np.asarray(result.r2),
        r2_source=result.r2_source,
        r2_error=np.asarray(np.nan if result.r2_error is None else result.r2_error),
        estimator=estimator,
        plan=f"{statement}; {result.method}",
        empty_value=np.asarray(measured(0)),
        full_value=np.asarray(measured(masks.shape[1])),
        singles=result.singles,
        process=result.process,
        exact=len(masks) == 2 ** masks.shape[1],
    )


def _rescaled(found: Fit, scaling: Scaling) -> Fit:
    """Return a fit of values of which scaled ones were fitted."""
    n = found.spectrum.n
    constant = Spectrum.from_terms(n, np.empty((1, 0), dtype=np.int32), scaling.centre[None])
    spectrum = Spectrum(n, found.spectrum.supports, found.spectrum.coefficients * scaling.factor)
    singles = {
        index: SingleValues(single.values * scaling.factor, single.deviations * scaling.factor)
        for index, single in found.singles.items()
    }
    process = found.process and found.process.rescaled(scaling)
    return replace(found, spectrum=spectrum + constant, singles=singles, process=process)


def averaged(masks: BoolArray, values: FloatArray) -> tuple[BoolArray, FloatArray]:
    """Return distinct masks (m', n) with the mean of the values of equal ones."""
    _, first, inverse = np.unique(np.packbits(masks, axis=1), axis=0, return_index=True, return_inverse=True)
    if len(first) == len(masks):
        return masks, values
    total = np.zeros((len(first), *values.shape[1:]))
    np.add.at(total, inverse.ravel(), values)
    return masks[first], (total.T / np.bincount(inverse.ravel())).T
