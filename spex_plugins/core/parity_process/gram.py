"""Covariances of the odd or the even parts of values at complementary masks."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.kernels.product_kernel import ProductKernel
from spex_plugins.core.parity_process.likelihood import JITTER
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["inner_masks", "part_gram", "part_noise"]


def part_gram(product: ProductKernel, sign: int, a: BoolArray, b: BoolArray) -> FloatArray:
    """Return k(x, y) ± k(x, ȳ) between masks a (m, n) and b (l, n), shape (m, l)."""
    out, other = product.gram(a, b), product.gram(a, ~b)
    other *= sign
    out += other
    return out


def part_noise(noise: float, masks: BoolArray, ends: float = 0.0) -> FloatArray:
    """Return the noise variance of every pair, (p,), which is ``ends`` for the end points."""
    return np.where(inner_masks(masks), noise, ends) + JITTER


def inner_masks(masks: BoolArray) -> BoolArray:
    """Return which masks are neither empty nor full, shape (m,)."""
    kept = masks.sum(axis=1)
    return (kept > 0) & (kept < masks.shape[1])
