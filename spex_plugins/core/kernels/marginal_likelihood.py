"""Parameters of a kernel on masks by marginal likelihood (MacKay 1992)."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.masks import complements
from spex_plugins.core.kernels.mask_kernel import MaskKernel
from spex_plugins.core.kernels.product_kernel import SCALES, ProductKernel
from spex_plugins.core.kernels.sample_likelihood import Likelihood, likelihood_of
from spex_plugins.core.kernels.threads import blas_threads
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["learn_kernel"]

# Iterations: further ones change the posterior by less than its error; the second is for few samples.
_ITERATIONS, _CHEAP = (20, 40), 20_000  # iterations times samples
# Pairs take a quarter of the time and get more iterations if there are enough of them, else they are
# overfitted. With many pairs, the search begins with a part of them and ends with all.
_ITERATIONS_OF_PAIRS, _SAMPLES_EACH = (20, 60), 6
_FIRST_PAIRS, _LAST_ITERATIONS = 400, 25
_TOLERANCE = 1e-4  # relative change of the objective that ends the search
# The groups of sets with separate variances, as offsets from a first feature; the prior standard deviations
# of the logs of the variances; and their initial values, each the sum over the group.
_GROUPS = ((0,), (0, 1), (0, 2), (0, 1, 2))
_SPREADS = np.array([1.5, 2.0, 1.5, 1.5])
_START_VARIANCES = np.array([0.3, 0.02, 0.005, 0.002])
_START_RATE, _START_NOISE = 2.0, 0.02  # the sum of the rates of all features
_LOG_RATE, _LOG_AMPLITUDE, _LOG_NOISE, _LOG_VARIANCE = (-14.0, 3.0), (-8.0, 6.0), (-12.0, 1.0), (-16.0, 1.0)


def learn_kernel(
    masks: BoolArray, values: FloatArray, row: int, spread: float = 1.0
) -> tuple[MaskKernel, float]:
    """Maximise the marginal likelihood of values with mean 0 and variance 1.

    Every feature has a rate in the product kernel and a separate variance of its character, and so has every
    set within ``row`` neighbours: words interact with adjacent words more than with others, and with the next
    but one if the word between is masked. The logs have normal priors around common means, which are
    estimated too; without interactions of neighbours, their means decrease.

    Parameters
    ----------
    masks : ndarray of bool, shape (m, n)
        A few for every feature suffice; the time is 20 to 40 times m³. If every mask is followed by its
        complement, the likelihood of pairs is used.
    values : ndarray of float64, shape (m, K)
        K outputs share the kernel.
    row : int
        2: neighbours; 3: pairs with one feature between them too, and three in a row.
    spread : float
        Prior standard deviation of the log rates around their mean.

    Returns
    -------
    kernel : MaskKernel
    noise : float
        Variance of the part of the values that the kernel does not explain.
    """
    from scipy.optimize import minimize

    n, q = masks.shape[1], len(SCALES)
    supports, group = _own_variances(n, row)
    terms = len(supports)
    mean_rate, mean_variances = np.log(_START_RATE / n), np.log(_START_VARIANCES[: group[-1] + 1] / n)
    start = _joined(
        np.full(n, mean_rate),
        mean_variances[group],
        np.full(q, -1.0),
        [np.log(_START_NOISE), mean_rate],
        mean_variances,
    )
    own = [_LOG_RATE] * n + [_LOG_VARIANCE] * terms + [_LOG_AMPLITUDE] * q
    bounds = [*own, _LOG_NOISE, _LOG_RATE, *[_LOG_VARIANCE] * len(mean_variances)]
    learned = start
    for samples, iterations in _schedule(masks):
        likelihood = likelihood_of(masks[:samples], values[:samples], supports)
        # Threads bring no improvement for such small matrices, and wait for each other on a busy machine.
        with blas_threads(1):
            learned = minimize(
                _objective,
                learned,
                args=(likelihood, n, group, spread),
                jac=True,
                method="L-BFGS-B",
                bounds=bounds,
                options={"maxiter": iterations, "maxfun": 2 * iterations, "ftol": _TOLERANCE},
            ).x
    rates, variances, amplitudes, noise, _ = _split(np.exp(learned), n, terms)
    product = ProductKernel(rates, amplitudes)
    return MaskKernel(product, *sets.merge(supports, variances, n)), float(noise[0])


def _schedule(masks: BoolArray) -> list[tuple[int, int]]:
    """Return the steps of the search: the number of samples used, and of iterations."""
    m = len(masks)
    if m == 0:
        return []  # LAPACK prints messages about empty matrices
    if 2 * len(complements(masks)[0]) < m:
        return [(m, int(np.clip(_CHEAP // m, *_ITERATIONS)))]
    first = min(m, _FIRST_PAIRS)
    found = [(first, int(np.clip(first // _SAMPLES_EACH, *_ITERATIONS_OF_PAIRS)))]
    return [*found, (m, _LAST_ITERATIONS)] if m > first else found


def _own_variances(n: int, row: int) -> tuple[IntArray, IntArray]:
    """Return the sets with separate variances, (T, d), and the number of the group of each, (T,)."""
    groups = [
        np.arange(n - places[-1], dtype=np.int32)[:, None] + np.array(places, dtype=np.int32)
        for places in _GROUPS
        if places[-1] < row
    ]
    return sets.combine(groups, n), np.repeat(np.arange(len(groups)), [len(group) for group in groups])


def _split(parameters: FloatArray, n: int, terms: int) -> list[FloatArray]:
    """Return rates, variances, amplitudes, the noise, and the means of the logs."""
    return np.split(parameters, np.cumsum([n, terms, len(SCALES), 1]))


def _objective(
    parameters: FloatArray, likelihood: Likelihood, n: int, group: IntArray, spread: float
) -> tuple[float, FloatArray]:
    """Return the negative log posterior of the log parameters, and its gradient."""
    terms = len(group)
    log_rates, log_variances, *_, means = _split(parameters, n, terms)
    rates, variances, amplitudes, noise, _ = _split(np.exp(parameters), n, terms)
    value, slopes = likelihood(rates, variances, amplitudes, float(noise[0]))
    off, off_own = (log_rates - means[0]) / spread, (log_variances - means[1:][group]) / _SPREADS[group]
    value += 0.5 * float((off**2).sum() + (off_own**2).sum())
    gradient = _joined(
        off / spread + slopes.rates,
        off_own / _SPREADS[group] + slopes.variances,
        slopes.amplitudes,
        slopes.noise,
        [-off.sum() / spread],
        -np.bincount(group, off_own / _SPREADS[group], minlength=len(means) - 1),
    )
    return value, gradient


def _joined(*parts: FloatArray | IntArray | list[float] | float) -> FloatArray:
    return np.concatenate([np.atleast_1d(np.asarray(part, dtype=np.float64)) for part in parts])
