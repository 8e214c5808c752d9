"""The Fourier spectrum of a Gaussian process: closed-form coefficients, and a search for the large ones.

With the characters χ_S a factor of the kernel reads (1 + e_i)/2 + (1 − e_i)/2 · χ_i(x) χ_i(y), hence

    F(S) = Σ_q a_q Π_i (1 + e_qi)/2 · Π_{i∈S} (1 − e_qi)/(1 + e_qi) · Σ_k w_k χ_S(x_k)

over scales q and samples x_k with weights w_k.
"""

from __future__ import annotations

import numpy as np

from spex_plugins.core import supports as sets
from spex_plugins.core.characters import characters, pack
from spex_plugins.core.gaussian_process import GaussianProcess
from spex_plugins.core.spectrum import Spectrum
from spex_plugins.types import FloatArray, IntArray, PackedMasks

__all__ = ["kernel_spectrum"]

_TERMS = 4000  # most that are kept
_DROPPED = 1e-4  # share of the variance that may be dropped, where fewer terms carry the rest
_PARENTS = 300  # sets of two features or more that are extended, of each order


def kernel_spectrum(process: GaussianProcess, max_order: int) -> Spectrum:
    """Return the large Fourier coefficients of the posterior mean, with K outputs.

    All single features and pairs are computed. Larger sets are sought by extending the strongest sets of
    one order less: under a product kernel no set matters much when its subsets do not.
    """
    n = process.masks.shape[1]
    packed = pack(process.masks)
    rows: IntArray = np.empty((1, 0), dtype=np.int32)
    found = [rows]
    values = [
        process.mean + process.spread * _attenuation(process, rows)[:, None] * process.weights.sum(axis=0)
    ]
    for order in range(1, min(max_order, n) + 1):
        rows, sums = _extended(process, packed, rows)
        coefficients = process.spread * _attenuation(process, rows)[:, None] * sums
        strongest = np.argsort(-(coefficients**2).sum(axis=1), kind="stable")
        found.append(rows[strongest[:_TERMS]])
        values.append(coefficients[strongest[:_TERMS]])
        rows = rows[strongest[: max(_PARENTS, n if order == 1 else 0)]]
    return _largest(Spectrum.from_terms(n, sets.combine(found, n), np.concatenate(values)))


def _extended(process: GaussianProcess, packed: PackedMasks, rows: IntArray) -> tuple[IntArray, FloatArray]:
    """Return the distinct sets with one feature more, (T, d + 1), and their Σ_k w_k χ_S(x_k), (T, K)."""
    m, n = process.masks.shape
    signs = np.where(process.masks, -1.0, 1.0)
    parents = characters(packed, rows, m).astype(np.float64)
    sums = np.stack([(parents * w) @ signs for w in process.weights.T], axis=-1)  # (rows, n, K)
    parent, added = np.divmod(np.arange(len(rows) * n, dtype=np.int32), n)
    wide = np.column_stack([rows[parent], added])
    new = np.flatnonzero((wide[:, :-1] != added[:, None]).all(axis=1))
    wide, first = np.unique(np.sort(wide[new], axis=1), axis=0, return_index=True)
    return wide, sums.reshape(len(parent), -1)[new[first]]


def _attenuation(process: GaussianProcess, rows: IntArray) -> FloatArray:
    """Return what multiplies the sum over samples in every set's coefficient, shape (T,)."""
    out = np.zeros(len(rows))
    for amplitude, e in zip(process.kernel.amplitudes, process.kernel.correlations, strict=True):
        out += amplitude * np.prod((1 + e) / 2) * ((1 - e) / (1 + e))[rows].prod(axis=1)
    return out


def _largest(spectrum: Spectrum) -> Spectrum:
    energy = np.sort(spectrum.energy()[spectrum.orders > 0])[::-1]
    carried = np.cumsum(energy)
    enough = int((carried < (1 - _DROPPED) * carried[-1]).sum()) + 1 if energy[0] > 0 else 0
    return spectrum.top(min(enough + 1, _TERMS))  # and the constant
