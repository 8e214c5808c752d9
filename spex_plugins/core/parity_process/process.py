"""The odd or the even part of a function, conditioned on pairs of complements."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from spex_plugins.core.kernels.cholesky import Factor, factorised
from spex_plugins.core.kernels.end_variance import end_variance
from spex_plugins.core.kernels.mask_kernel import MaskKernel
from spex_plugins.core.parity_process.gram import inner_masks, part_gram, part_noise
from spex_plugins.core.parity_process.index import PartUncertainty
from spex_plugins.core.parity_process.likelihood import PartKernel, learn_part_kernel, reachable
from spex_plugins.core.parity_process.shared_kernels import SharedKernels
from spex_plugins.core.sized_process.kernel import SizedKernel
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["PartProcess", "fit_part"]

# The search for the parameters starts with some pairs and ends with more. With more features there are more
# parameters, and the features differ more.
_FIRST, _FIRST_ITERATIONS = 200, 15
_FEATURES = (16, 30)
_LEARNED, _ITERATIONS, _SPREAD = (350, 500), (8, 30), (1.0, 2.0)
_PRIOR_ITERATIONS, _PRIOR_SPREAD = 30, 1.0
_OTHER_ITERATIONS = 8
_NARROW = 0.5  # spread of the log rates where nothing is predicted
_PARAMETERS = 25.0  # pairs that they are worth: errors that they were not fitted to are larger by 1 + 25/p


@dataclass(frozen=True, eq=False)
class PartProcess:
    """The posterior of one part of K functions.

    Attributes
    ----------
    sign : int
        −1 for the odd part, 1 for the even one.
    kernel : PartKernel
    masks : ndarray of bool, shape (p, n)
        One mask of every pair.
    factor : Factor
        Factor of the covariance matrix of the parts of the values, with noise.
    weights : ndarray of float64, shape (p, K)
        Its inverse times the parts of the values.
    spread : ndarray of float64, shape (K,)
        The unit of the kernel.
    origin : str
        Whose kernel the search began with; empty if it began anew.
    """

    sign: int
    kernel: PartKernel
    masks: BoolArray
    factor: Factor
    weights: FloatArray
    spread: FloatArray
    origin: str = ""

    @cached_property
    def left_out(self) -> tuple[FloatArray, FloatArray]:
        """Errors of every pair without it (Rasmussen & Williams 2006, section 5.4.2).

        Returns
        -------
        errors : ndarray of float64, shape (p, K)
            Part of the values minus its prediction.
        deviations : ndarray of float64, shape (p, K)
            Expected by the kernel.
        """
        return self.left_out_with(self.weights), self.spread / np.sqrt(self._precision)

    @cached_property
    def _precision(self) -> FloatArray:
        """The diagonal of the inverse covariance matrix, (p, 1)."""
        none = np.empty(0, dtype=np.intp)
        return self.factor.precisions(none, none)[0][:, None]

    def left_out_with(self, weights: FloatArray) -> FloatArray:
        """Return the errors of every pair without it, where the weights (p, K) are those of other values."""
        return weights / self._precision

    def variances(self, masks: BoolArray) -> FloatArray:
        """Return the expected squared errors at other masks (l, n), divided by spread², (l,)."""
        product, n = self.kernel.product, masks.shape[1]
        whole = product.gram(np.zeros((1, n), dtype=bool), np.array([[False] * n, [True] * n]))[0]
        with_samples = part_gram(product, self.sign, self.masks, masks)
        known = (with_samples * self.factor.solve(with_samples)).sum(axis=0)
        return whole[0] + self.sign * whole[1] + self.kernel.noise - known

    def uncertainty(self, scale: FloatArray) -> PartUncertainty:
        """Return the uncertainty of indices, times ``scale`` (K,)."""
        return PartUncertainty(self.kernel, self.sign, self.masks, scale)

    def expansion(self, weights: FloatArray) -> tuple[SizedKernel, BoolArray, FloatArray]:
        """Return kernel, masks and weights of the posterior mean with weights (p, K) of the pairs."""
        product = self.kernel.product
        kernel = SizedKernel(product.rates, product.amplitudes, np.zeros_like(product.amplitudes))
        of_both = np.concatenate([weights, self.sign * weights]) * np.sqrt(0.5)
        return kernel, np.concatenate([self.masks, ~self.masks]), of_both

    @property
    def smooth(self) -> MaskKernel:
        """The kernel of both parts of functions with unit variance."""
        return MaskKernel(self.kernel.product, np.empty((0, 0), dtype=np.int32), np.empty(0))

    def residuals(self, weights: FloatArray) -> FloatArray:
        """Return part of the values minus the posterior mean, of weights (p, K)."""
        return part_noise(self.kernel.noise, self.masks, self.kernel.ends)[:, None] * weights


def fit_part(
    sign: int,
    masks: BoolArray,
    values: FloatArray,
    rng: np.random.Generator,
    shared: SharedKernels | None = None,
    prior: PartKernel | None = None,
    enough: float = 0.0,
) -> PartProcess:
    """Learn the kernel of one part and condition it on all pairs.

    Parameters
    ----------
    sign : int
        −1 or 1.
    masks : ndarray of bool, shape (p, n)
        One mask of every pair; the end points may be among them.
    values : ndarray of float64, shape (p, K)
        (f(x) ± f(x̄)) / √2, around a mean of 0 but for the end points.
    rng : numpy Generator
    shared : SharedKernels, optional
        What other functions with values at these masks tell; this one is added to them.
    prior : PartKernel, optional
        Of other functions of these features.
    enough : float
        Squared left-out errors, with no more than which the kernel that others share is not searched further.
    """
    inner = inner_masks(masks)
    unit = values[inner].std(axis=0) if inner.any() else np.zeros(values.shape[1])
    unit = np.where(unit > 0, unit, 1.0)
    scaled, rows = values / unit, rng.permutation(np.flatnonzero(inner))
    process = None
    if shared is not None and scaled.any():
        process = _from_others(sign, masks, scaled, rows, shared, unit, enough)
    if process is None:
        process = _alone(sign, masks, scaled, rows, shared)
        if prior is not None and scaled.any():
            process = _better(process, _from_prior(sign, masks, scaled, rows, prior), scaled)
    return replace(process, weights=process.weights * unit, spread=unit)


def _from_others(
    sign: int,
    masks: BoolArray,
    values: FloatArray,
    rows: IntArray,
    shared: SharedKernels,
    unit: FloatArray,
    enough: float,
) -> PartProcess | None:
    """Use the kernel that other functions share; where it serves less well than there, search from it."""
    found = shared.kernel(sign, masks, values)
    if found is None:
        return None
    kernel, most = found
    process = _conditioned(sign, kernel, masks, values)
    n, inner = masks.shape[1], inner_masks(masks)
    errors = ((process.left_out[0][inner] * unit) ** 2).sum()
    if errors > enough and _unexplained(process, values) > most:
        chosen, spread = rows[: _most_learned(n)], _between(*_SPREAD, n)
        part = {sign: values[chosen]}
        kernel = learn_part_kernel(masks[chosen], part, _OTHER_ITERATIONS, spread, reachable(kernel))
        process = _conditioned(sign, kernel, masks, values)
        if not _surely_predicted(values[inner], process.left_out[0][inner]):
            return None
    return replace(process, origin="the first functions")


def _from_prior(
    sign: int, masks: BoolArray, values: FloatArray, rows: IntArray, prior: PartKernel
) -> PartProcess:
    """Learn likewise, with log rates that are a priori around those of other functions."""
    start = reachable(prior)
    chosen, centre = rows[: _most_learned(masks.shape[1])], np.log(start.product.rates)
    parts = {sign: values[chosen]}
    kernel = learn_part_kernel(masks[chosen], parts, _PRIOR_ITERATIONS, _PRIOR_SPREAD, start, centre)
    return replace(_conditioned(sign, kernel, masks, values), origin="the prior")


def _better(process: PartProcess, other: PartProcess, values: FloatArray) -> PartProcess:
    """Return the one with smaller left-out errors of values (p, K)."""
    return other if _unexplained(other, values) < _unexplained(process, values) else process


def _alone(
    sign: int, masks: BoolArray, values: FloatArray, rows: IntArray, shared: SharedKernels | None
) -> PartProcess:
    """Learn from pairs ``rows``, condition on all; values (p, K) of unit variance."""
    n = masks.shape[1]
    spread = _between(*_SPREAD, n)
    process = _learned(sign, masks, values, rows, spread)
    inner = inner_masks(masks)
    if not _surely_predicted(values[inner], process.left_out[0][inner]):
        return _learned(sign, masks, values, rows, _NARROW)
    if shared is not None and values.any():
        shared.add(
            sign,
            masks,
            values,
            rows=rows[: _most_learned(n)],
            spread=spread,
            unexplained=_unexplained(process, values),
        )
    return process


def _learned(sign: int, masks: BoolArray, values: FloatArray, rows: IntArray, spread: float) -> PartProcess:
    n, kernel = masks.shape[1], None
    steps = {_FIRST: _FIRST_ITERATIONS, _most_learned(n): round(_between(*_ITERATIONS, n))}
    for count, iterations in steps.items():
        if kernel is None or len(rows) > _FIRST:
            chosen = rows[:count]
            kernel = learn_part_kernel(masks[chosen], {sign: values[chosen]}, iterations, spread, kernel)
    assert kernel is not None
    return _conditioned(sign, kernel, masks, values)


def _conditioned(sign: int, kernel: PartKernel, masks: BoolArray, values: FloatArray) -> PartProcess:
    covariance = part_gram(kernel.product, sign, masks, masks)

    def given(ends: float) -> PartProcess:
        matrix = covariance.copy()
        matrix[np.diag_indices_from(matrix)] += part_noise(kernel.noise, masks, ends)
        factor, own = factorised(matrix), replace(kernel, ends=ends)
        return PartProcess(sign, own, masks, factor, factor.solve(values), np.ones(values.shape[1]))

    process = given(0.0)
    ends = end_variance(process.factor, process.weights, np.flatnonzero(~inner_masks(masks)))
    return given(ends) if ends else process


def _unexplained(process: PartProcess, values: FloatArray) -> float:
    """Return the share of the variance at left-out pairs that is not predicted."""
    inner = inner_masks(process.masks)
    total = (values[inner] ** 2).sum()
    return float((process.left_out[0][inner] ** 2).sum() / total) if total > 0 else 0.0


def _most_learned(n: int) -> int:
    """Return the largest number of pairs to learn from."""
    return round(_between(*_LEARNED, n))


def _between(few: float, many: float, n: int) -> float:
    """Return a setting for n features, of those for few and for many."""
    return float(np.interp(n, _FEATURES, (few, many)))


def _surely_predicted(values: FloatArray, errors: FloatArray) -> bool:
    """Tell whether any output of left-out pairs (p, K) is; rates learned from noise single out features."""
    errors = errors * (1 + _PARAMETERS / max(len(errors), 1))
    total = (values**2).sum(axis=0)
    unexplained = (errors**2).sum(axis=0) / np.where(total > 0, total, np.inf)
    deviation = np.sqrt(((errors**2 - unexplained * values**2) ** 2).sum(axis=0))
    return bool((unexplained * total + 2 * deviation <= total).any())
