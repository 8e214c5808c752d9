r"""Shapley and Banzhaf values of a Gaussian process, in closed form and with their uncertainty.

A semivalue is an average over p of the derivatives of the multilinear extension on its diagonal (Owen 1972),

    φ_i = ∫ E_{S ~ p} [f(S ∪ i) − f(S \ i)] dμ(p)

with the uniform measure for Shapley and p = 1/2 for Banzhaf values. A product kernel turns the expectation
into a product over features, and Gauss–Legendre nodes integrate the polynomial in p without error. As
φ is linear in f, the posterior of φ is normal: Bayesian quadrature (O'Hagan 1991) of semivalues.
"""

from __future__ import annotations

import numpy as np

from spex_plugins.core import supports as sets
from spex_plugins.core.gaussian_process import GaussianProcess
from spex_plugins.core.mask_kernel import MaskKernel
from spex_plugins.core.product_kernel import ProductKernel
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["banzhaf_nodes", "semivalues", "shapley_nodes"]

_MOST_NODES = 64  # exact up to n = 128; beyond, the integrands are smooth


def shapley_nodes(n: int) -> tuple[FloatArray, FloatArray]:
    """Return nodes p and weights that integrate polynomials of degree n − 1 on [0, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(min(n // 2 + 1, _MOST_NODES))
    return (nodes + 1) / 2, weights / 2


def banzhaf_nodes() -> tuple[FloatArray, FloatArray]:
    """Return the single node of the Banzhaf value."""
    return np.array([0.5]), np.array([1.0])


def semivalues(
    process: GaussianProcess, nodes: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return posterior mean and standard deviation of the semivalues of every feature.

    Parameters
    ----------
    process : GaussianProcess
    nodes, weights : ndarray of float64, shape (P,)
        The measure μ; see `shapley_nodes` and `banzhaf_nodes`.

    Returns
    -------
    values, deviations : ndarray of float64, shape (n, K)
    """
    kernel = process.kernel
    own = _of_characters(kernel, nodes, weights)  # (T, n)
    covariance = _with_samples(kernel.product, process.masks, nodes, weights)
    covariance += kernel.characters(process.masks).T @ (kernel.variances[:, None] * own)
    values = process.spread * (covariance.T @ process.weights)
    explained = (covariance * process.solve(covariance)).sum(axis=0)
    prior = _prior_variance(kernel.product, nodes, weights) + kernel.variances @ own**2
    variance = np.maximum(prior - explained, 0.0)
    return values, np.multiply.outer(np.sqrt(variance), process.spread)


def _of_characters(kernel: MaskKernel, nodes: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the semivalues of every character of the kernel, shape (T, n).

    Adding i ∈ S turns the sign of χ_S; the other features of S have the mean 1 − 2p.
    """
    orders = sets.orders_of(kernel.supports, kernel.n)
    powers = (1 - 2 * nodes) ** np.maximum(orders - 1, 0)[:, None]  # (T, P)
    out = np.zeros((len(orders), kernel.n + 1))
    np.put_along_axis(out, kernel.supports, -2 * (powers @ weights)[:, None], axis=1)
    return out[:, :-1]  # what fell on the empty slots


def _with_samples(
    kernel: ProductKernel, masks: BoolArray, nodes: FloatArray, weights: FloatArray
) -> FloatArray:
    """Return the prior covariance of every sample's value with every semivalue, shape (m, n)."""
    out = np.zeros(masks.shape)
    for amplitude, e in zip(kernel.amplitudes, kernel.correlations, strict=True):
        # The expected factor of a feature that a sample keeps, and of one that it lacks, (P, n).
        kept, lacking = _mixed(nodes, 1.0, e), _mixed(nodes, e, 1.0)
        log = masks @ np.log(kept / lacking).T + np.log(lacking).sum(axis=1)
        product = np.exp(log) * (amplitude * weights)  # (m, P)
        out += np.where(masks, product @ ((1 - e) / kept), product @ ((e - 1) / lacking))
    return out


def _mixed(p: FloatArray, present: FloatArray | float, absent: FloatArray | float) -> FloatArray:
    """Return p · present + (1 − p) · absent for every p and feature, shape (P, n)."""
    return p[:, None] * present + (1 - p)[:, None] * absent


def _prior_variance(kernel: ProductKernel, nodes: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the prior variance of every semivalue, shape (n,)."""
    # Two coalitions, drawn with p and p', agree on a feature with this probability.
    same = (np.multiply.outer(nodes, nodes) + np.multiply.outer(1 - nodes, 1 - nodes)).ravel()
    measure = np.multiply.outer(weights, weights).ravel()
    out = np.zeros(len(kernel.rates))
    for amplitude, e in zip(kernel.amplitudes, kernel.correlations, strict=True):
        factors = _mixed(same, 1.0, e)  # (P², n)
        product = np.exp(np.log(factors).sum(axis=1)) * measure * amplitude
        out += 2 * (1 - e) * (product @ (1 / factors))
    return out
