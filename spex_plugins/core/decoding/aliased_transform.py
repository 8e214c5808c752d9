"""Aliased transform of a coded design, and the signature of a feature set in it.

U_{c,q}(j) = 2^{−b} Σ_ℓ f(M_c ℓ + d_q + o_c) (−1)^{⟨ℓ, j⟩}
           = Σ_{S: hash_c(S) = j} (−1)^{|S ∩ (d_q + o_c)|} F(S):
in every group a set falls into one bin, the XOR of its features' hashes, with one sign per delay.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

from spex_plugins.core.basis.transform.walsh import walsh_hadamard
from spex_plugins.core.decoding.coded_design import CodedDesign
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Signatures", "aliased_transform", "correlate", "fit_support", "residual"]

_CHUNK = 1 << 22  # entries (sets × delays × outputs) in memory at the same time


@dataclass(frozen=True, eq=False)
class Signatures:
    """Bins and signs of T sets.

    Attributes
    ----------
    bins : ndarray of int, shape (C, T)
    signs : ndarray of float32, shape (T, p + 1)
        (−1)^{|S ∩ d_q|}, one column per delay; the same in every group.
    group_signs : ndarray of float32, shape (C, T)
        (−1)^{|S ∩ o_c|}.
    """

    bins: IntArray
    signs: FloatArray
    group_signs: FloatArray

    @classmethod
    def of(cls, coded: CodedDesign, supports: IntArray) -> Signatures:
        """Compute the signatures of a support array (T, d)."""
        # The extra row stands for the empty slots of the support array.
        hashes = np.pad(coded.hashes, ((0, 0), (0, 1)))
        offsets = np.pad(coded.offsets, ((0, 0), (0, 1)))
        delays = np.packbits(np.pad(coded.delays.T, ((0, 1), (0, 0))), axis=1)
        columns = supports.T
        bins = reduce(np.bitwise_xor, (hashes[:, c] for c in columns), np.zeros_like(hashes[:, :1]))
        flips = reduce(np.logical_xor, (offsets[:, c] for c in columns), np.zeros_like(offsets[:, :1]))
        packed = reduce(np.bitwise_xor, (delays[c] for c in columns), np.zeros_like(delays[:1]))
        parity = np.unpackbits(packed, axis=1, count=len(coded.delays))
        shape = (len(coded.hashes), len(supports))
        return cls(
            np.broadcast_to(bins, shape),
            np.broadcast_to(_sign(parity), (len(supports), len(coded.delays))),
            np.broadcast_to(_sign(flips), shape),
        )


def _sign(parity: IntArray | BoolArray) -> FloatArray:
    signs = parity.astype(np.float32)
    signs *= -2
    signs += 1
    return signs


def aliased_transform(values: FloatArray, coded: CodedDesign) -> FloatArray:
    """Transform the values of a design: (m, K) to bins (C, 2^b, p + 1, K)."""
    gathered = values[coded.rows]  # (C, p + 1, 2^b, K)
    return np.swapaxes(walsh_hadamard(gathered, axis=2), 1, 2) / coded.rows.shape[2]


def correlate(bins: FloatArray, signature: Signatures) -> FloatArray:
    """Apply the matched filter: average sign·U over the delays, group by group.

    Parameters
    ----------
    bins : ndarray, shape (C, 2^b, p + 1, K)
    signature : Signatures
        Of T sets.

    Returns
    -------
    ndarray of float32, shape (C, T, K)
        Each entry estimates F(S), up to the contributions of sets in the same bin.
    """
    groups, _, delays, outputs = bins.shape
    count = len(signature.signs)
    out = np.empty((groups, count, outputs), dtype=np.float32)
    table = bins.astype(np.float32)
    step = max(1, _CHUNK // (delays * outputs))
    for start in range(0, count, step):
        some = slice(start, start + step)
        for c in range(groups):
            seen = table[c, signature.bins[c, some]]  # (t, p + 1, K)
            mean = np.einsum("tq,tqk->tk", signature.signs[some], seen) / np.float32(delays)
            out[c, some] = signature.group_signs[c, some][:, None] * mean
    return out


def fit_support(bins: FloatArray, coded: CodedDesign, supports: IntArray) -> FloatArray:
    """Least squares of all bins on given sets; returns F (T, K).

    Two sets interact only in groups in which they share the bin, so the normal equations cost T²·C·(p + 1).
    """
    groups, _, delays, outputs = bins.shape
    signature = Signatures.of(coded, supports)
    products = signature.signs @ signature.signs.T
    gram = np.zeros_like(products)
    for c in range(groups):
        meet = signature.bins[c][:, None] == signature.bins[c]
        gram += meet * np.multiply.outer(signature.group_signs[c], signature.group_signs[c])
    normal = (gram * products / (groups * delays)).astype(np.float64)
    normal[np.diag_indices_from(normal)] += 1e-9  # two sets with one signature share their coefficient
    target = _correlate_exactly(bins, signature).mean(axis=0)
    return np.linalg.solve(normal, target).reshape(len(supports), outputs)


def _correlate_exactly(bins: FloatArray, signature: Signatures) -> FloatArray:
    seen = np.stack([bins[c, at] for c, at in enumerate(signature.bins)])  # (C, T, p + 1, K)
    return np.einsum("ct,tq,ctqk->ctk", signature.group_signs, signature.signs, seen) / bins.shape[2]


def residual(
    bins: FloatArray, coded: CodedDesign, supports: IntArray, coefficients: FloatArray
) -> FloatArray:
    """Subtract sets with coefficients (T, K) from all their bins."""
    groups, size, delays, outputs = bins.shape
    signature = Signatures.of(coded, supports)
    shown = (signature.signs[:, :, None] * coefficients[:, None, :]).reshape(-1, delays * outputs)
    falls = (np.arange(size)[:, None] == signature.bins[:, None, :]) * signature.group_signs[:, None, :]
    return bins - (falls @ shown).reshape(groups, size, delays, outputs)
