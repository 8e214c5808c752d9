"""Fit a Gaussian process and boosted trees, stacked, to given samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import zip_longest

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.conjunctions import Conjunctions
from spex_plugins.core.basis.single_values import SingleValues
from spex_plugins.core.designs.size_law import UNIFORM_INDICES
from spex_plugins.core.fitted.expansion import Expansion, KernelExpansion
from spex_plugins.core.fitted.frames import PairFrame, WholeFrame, pair_frames
from spex_plugins.core.fitted.stacked import StackedFunction, no_conjunctions
from spex_plugins.core.parity_process.gram import inner_masks
from spex_plugins.core.parity_process.kernel_prior import KernelPrior
from spex_plugins.core.parity_process.process import PartProcess, fit_part
from spex_plugins.core.regression.linear_odd_part import linear_odd_part
from spex_plugins.core.sized_process.process import fit_whole
from spex_plugins.estimators.common.exact_sparse_fit import exact_sparse_fit
from spex_plugins.estimators.common.fit_result import Fit
from spex_plugins.estimators.common.held_out import measured
from spex_plugins.estimators.kernel_stack.far_masks import error_growth
from spex_plugins.estimators.kernel_stack.fold_differences import fold_spreads
from spex_plugins.estimators.kernel_stack.logistic_member import CURVES, fit_curves
from spex_plugins.estimators.kernel_stack.member import Member, Samples, out_of_fold, pair_folds
from spex_plugins.estimators.kernel_stack.mixed_part import MixedPart, mixed_part, nearer_to_the_mean
from spex_plugins.estimators.kernel_stack.shared_fits import WHOLE, SharedFits
from spex_plugins.estimators.kernel_stack.sparse_readout import fit_of_order
from spex_plugins.estimators.kernel_stack.tree_member import TREES, fit_trees, trees_available
from spex_plugins.estimators.kernel_stack.unseen import unseen_masks, unseen_weights
from spex_plugins.types import BoolArray, FloatArray
from spex_plugins.wording import counted

__all__ = ["fit_stack"]

_LEAST_VARYING = 2  # masks beside the empty and the full one; fewer do not tell how values vary
_LEAST_MIXED = 60  # masks whose left-out errors tell the shares of trees and of the mean
_LEAST_CURVED = 40  # masks that tell the share of a logistic curve
_MOST_BOOSTED = 32  # outputs; the leaves of more need gigabytes
_PAIRED = 0.8  # share of the masks whose complement is known, or the odd and even parts are not
_INDEPENDENT = 0.5  # share of the squared errors that is taken as independent between masks
_UNEVEN = 0.3  # correlation of the errors of both parts, from which on a process with sizes may serve better


def fit_stack(
    masks: BoolArray,
    values: FloatArray,
    index: str,
    max_order: int | None,
    rng: np.random.Generator,
    shared: SharedFits | None = None,
    prior: KernelPrior | None = None,
) -> Fit:
    """Fit masks (m, n) and values (m, K) for an index.

    With ``max_order``, the function is a spectrum of sets of so many features. With ``shared``, the fit
    begins with what other functions tell, and is added to it; ``prior`` has the kernels of earlier ones.
    """
    sparse = None if max_order else _sparse(masks, values, shared)
    if sparse is not None:
        return sparse
    m = len(masks)
    used = _used(masks, index)
    frames = pair_frames(masks, used)
    paired = 2 * len(frames[0].first) >= _PAIRED * used.sum()
    linear = _linear_part(masks, values, frames[0]) if paired else None
    rest = values if linear is None else values - _linear(linear).predict(masks)
    weights, unasked = unseen_weights(masks, index), unseen_masks(masks, index, rng)
    inner = weights > 0
    mean = rest[inner].mean(axis=0) if inner.any() else rest.mean(axis=0)
    processes = _processes(frames if paired else (), masks, rest - mean, linear, rng, shared, prior)
    off = [frame.spread(part.left_out[0], m) for frame, part in zip(frames, processes, strict=False)]
    others = _others(masks, rest, weights, used, np.sum(off, axis=0) if off else None, rng, shared)
    parts = [
        mixed_part(frame, process, others, rest, mean, weights, unasked)
        for frame, process in zip(frames, processes, strict=False)
    ]
    gain = 0.0
    if not parts or (_uneven(parts, weights) and _tried(WHOLE, shared)):
        process = fit_whole(masks[used], (rest - mean)[used], rng)
        whole = mixed_part(WholeFrame(np.flatnonzero(used)), process, others, rest, mean, weights, unasked)
        gain = 1 - _left_out([whole], weights) / _left_out(parts, weights) if parts else 1.0
        parts = [whole] if gain > 0 else parts
    if m >= _LEAST_MIXED and _left_out(parts, weights) > (weights @ (rest - mean) ** 2).sum():
        parts = [nearer_to_the_mean(part, rest - mean, weights) for part in parts]
    if shared is not None:
        shared.add_members(others, parts, weights)
        shared.add_gain(WHOLE, max(gain, 0.0))
    function = _function(masks, rest, mean, parts, others, weights)
    if index in UNIFORM_INDICES:
        function = replace(function, growth=error_growth(masks, function.residuals, parts, weights))
    if linear is not None:
        function = function.plus(_linear(linear))
    if max_order:
        return fit_of_order(masks, values, function, [part.process for part in parts], max_order, rng)
    left_out = sum(part.frame.spread(part.left_out * part.easier, m) for part in parts)
    known = np.any([part.frame.spread(np.ones(len(part.left_out)), m) for part in parts], axis=0)
    unseen = np.where((inner & known)[:, None], values - left_out, np.nan)
    source = _source(int((inner & known).sum()), index)
    r2, error, source = measured(masks, values, unseen, source, weights)
    function = replace(function, shapley=_shapley_values(function, parts))  # while the factors are at hand
    return Fit(function, r2, source, _method(parts, others, prior), error)


def _others(
    masks: BoolArray,
    values: FloatArray,
    weights: FloatArray,
    used: BoolArray,
    left_out: FloatArray | None,
    rng: np.random.Generator,
    shared: SharedFits | None,
) -> list[Member]:
    """Return the members of the stack beside the process, whose left-out errors (m, K) are given."""
    if len(masks) < _LEAST_CURVED:
        return []
    samples = Samples(masks, values, used, pair_folds(masks, rng), weights)
    curves = None
    if _tried(CURVES, shared):
        curves = fit_curves(samples, left_out, None if shared is None else shared.penalty)
    trees = None
    boosted = len(masks) >= _LEAST_MIXED and values.shape[1] <= _MOST_BOOSTED and trees_available()
    if boosted and _tried(TREES, shared):
        rivals = [] if left_out is None else [left_out]
        if curves is not None:
            rivals.append(values - out_of_fold(curves.of_folds, samples.folds))
        trees = fit_trees(samples, rivals)
    return [member for member in (trees, curves) if member is not None]


def _tried(member: str, shared: SharedFits | None) -> bool:
    """Tell whether a member is worth fitting: it served functions before, or these are too few to tell."""
    return shared is None or shared.helps(member)


def _source(tested: int, index: str) -> str:
    """Return how R² was measured."""
    law = "uniform masks" if index in UNIFORM_INDICES else "masks of all sizes"
    return f"{counted(tested, 'mask')}, each left out with its complement, weighted as {law}"


def _sparse(masks: BoolArray, values: FloatArray, shared: SharedFits | None) -> Fit | None:
    """Return a fit of few sets that meet all values; not searched if the first of many functions had none."""
    if shared is None:
        return exact_sparse_fit(masks, values)
    found = exact_sparse_fit(masks, values) if shared.may_be_sparse else None
    shared.add_sparse(found is not None)
    return found


def _linear_part(masks: BoolArray, values: FloatArray, odd: PairFrame) -> FloatArray | None:
    """Return the slopes (n, K) of an odd part that is linear, else None."""
    return linear_odd_part(masks[odd.first], np.sqrt(0.5) * odd.take(values))


def _used(masks: BoolArray, index: str) -> BoolArray:
    """Return which masks (m, n) are fitted, (m,).

    Where all masks weigh the same, the empty and the full mask weigh nothing, and their values are often far
    from all others: that of an empty text, or of a model without training data. The function has these values
    all the same.
    """
    inner = inner_masks(masks)
    return inner if index in UNIFORM_INDICES and inner.any() else np.ones(len(masks), dtype=bool)


def _left_out(parts: list[MixedPart], weights: FloatArray) -> float:
    """Return the weighted sum of the squared left-out errors."""
    errors = [part.frame.spread(part.left_out, len(weights)) for part in parts]
    return float((weights @ np.sum([off**2 for off in errors], axis=0)).sum())


def _squared_error(part: MixedPart, weights: FloatArray) -> FloatArray:
    """Return the mean squared error that the left-out samples of a part tell of the others, (K,)."""
    counted = weights[part.frame.rows]
    mean: FloatArray = counted @ part.left_out**2 / max(counted.sum(), np.finfo(float).tiny)
    return mean


def _linear(slopes: FloatArray) -> Conjunctions:
    """Return Σ_i ± b_i, + where feature i is kept, of slopes b (n, K)."""
    n = len(slopes)
    features = np.concatenate([np.full((1, 1), n, dtype=np.int32), sets.singletons(n)])
    return Conjunctions(n, features, features < n, np.concatenate([-slopes.sum(axis=0)[None], 2 * slopes]))


def _processes(
    frames: Sequence[PairFrame],
    masks: BoolArray,
    values: FloatArray,
    linear: FloatArray | None,
    rng: np.random.Generator,
    shared: SharedFits | None,
    prior: KernelPrior | None,
) -> list[PartProcess]:
    """Return the process of every part, the odd one first."""
    found: list[PartProcess] = []
    kernels = None if shared is None else shared.kernels
    for frame in frames:
        part, earlier = frame.take(values), None if prior is None else prior.get(frame.sign)
        if linear is not None and frame.sign < 0:
            part = np.zeros_like(part)  # what is left of it is rounding
        # Kernels are shared for single values, which do not depend on the even part.
        enough = float((found[0].left_out[0] ** 2).sum()) if found else 0.0
        found.append(fit_part(frame.sign, masks[frame.first], part, rng, kernels, earlier, enough))
    return found


def _method(parts: list[MixedPart], others: list[Member], prior: KernelPrior | None) -> str:
    kind = "the odd and even parts" if len(parts) > 1 else "all sizes"
    origins = {part.process.origin for part in parts if isinstance(part.process, PartProcess)}
    start = "".join(f" with the kernel of {origin}" for origin in sorted(origins - {""}))
    if prior and not start:
        start = " without the prior, whose left-out errors are larger"
    process = f"Gaussian process of {kind}{start}"
    if not others:
        return process
    *first, last = [
        f"{process} ({_percent(part.share for part in parts)})",
        *(f"{one.name} ({_percent(part.of_others[k] for part in parts)})" for k, one in enumerate(others)),
    ]
    return f"{', '.join(first)} and {last}"


def _percent(shares: Iterable[FloatArray]) -> str:
    return " and ".join(f"{share.mean():.0%}" for share in shares)


def _uneven(parts: list[MixedPart], weights: FloatArray) -> bool:
    """Tell whether errors are larger at masks of few features than at their complements, or smaller.

    Errors of the odd and the even part are then alike, or opposite.
    """
    odd, even = (part.left_out for part in parts)
    counted = weights[parts[0].frame.rows]
    together = counted @ (odd * even)
    apart = np.sqrt((counted @ odd**2) * (counted @ even**2))
    return bool(np.abs(together).sum() > _UNEVEN * apart.sum())


def _function(
    masks: BoolArray,
    values: FloatArray,
    mean: FloatArray,
    parts: list[MixedPart],
    others: list[Member],
    weights: FloatArray,
) -> StackedFunction:
    m, n = masks.shape
    expansions: list[Expansion] = []
    residuals, known = np.zeros_like(values), np.zeros(m, dtype=bool)
    for part in parts:
        expansions.append(KernelExpansion(*part.process.expansion(part.weights)))
        of_mean = 1 - part.share - part.of_others.sum(axis=0)
        left = part.process.residuals(part.weights) + of_mean * part.frame.take(values - mean)
        for share, member in zip(part.of_others, others, strict=True):
            if not member.beneath:
                left = left + share * part.frame.take(values - member.fitted)
        residuals += part.frame.spread(left, m)
        known |= part.frame.spread(np.ones(len(left)), m) != 0
    independent = np.sqrt(_INDEPENDENT * np.stack([_squared_error(parts[k], weights) for k in (0, -1)]))
    if (weights > 0).sum() < _LEAST_VARYING:
        independent = np.full_like(independent, np.nan)  # and so are the deviations
    conjunctions = no_conjunctions(n, values.shape[1])
    for odd, even, member in zip(parts[0].of_others, parts[-1].of_others, others, strict=True):
        own = member.function.parts(odd, even)
        if isinstance(own, Conjunctions):
            conjunctions = own
        else:
            expansions.append(own)
    function = StackedFunction(
        n,
        np.arange(n),
        mean * (1 - parts[-1].of_others.sum(axis=0)),
        tuple(expansions),
        conjunctions,
        masks,
        residuals,
        (*(part.uncertainty for part in parts), *fold_spreads(parts, others)),
        independent,
    )
    if not known.all():  # alone, without their complements
        residuals[~known] = values[~known] - function.predict(masks[~known])
    return function


def _shapley_values(function: StackedFunction, parts: list[MixedPart]) -> SingleValues:
    """Return the Shapley values, with standard deviations."""
    features = sets.singletons(function.n)
    about = (features, "SV", 1)
    values, deviations = function.index(*about), function.independent_deviations(*about)
    factors = [part.process.factor for part in parts]
    for part, factor in zip_longest(function.uncertainties, factors):
        found = part.known_deviations(factor, *about) if factor else part.deviations(*about)
        deviations = np.hypot(deviations, found)
    return SingleValues(values, deviations * function.growth_factors(*about)[:, None])
