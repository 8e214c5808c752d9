"""Cholesky factors of covariance matrices: by SciPy, or by torch if the program uses it with a GPU.

The time of a Gaussian process is mostly that of these factors, cubic in the number of samples.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from spex_plugins.types import FloatArray, IntArray

__all__ = ["Factor", "ScipyFactor", "TorchFactor", "factorised"]

_BLOCK = 2048  # rows
_WORTH_MOVING = 3000  # samples; for smaller matrices the transfer takes longer than the factor


class Factor(Protocol):
    """Factor of a positive definite matrix C (m, m)."""

    def solve(self, right: FloatArray) -> FloatArray:
        """Return C⁻¹ times ``right`` (m, …)."""
        ...

    def precisions(self, first: IntArray, second: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return the diagonal (m,) of C⁻¹ and its entries at (first, second)."""
        ...


def factorised(matrix: FloatArray) -> Factor:
    """Factor a positive definite matrix, which is overwritten.

    A GPU is used if the program has imported torch and one with enough memory is available.
    """
    torch = sys.modules.get("torch")
    if torch is not None and len(matrix) >= _WORTH_MOVING and torch.cuda.is_available():
        try:
            return TorchFactor(torch, matrix, "cuda")
        except torch.cuda.OutOfMemoryError:
            pass  # the memory may be in use by the model
    return ScipyFactor(matrix)


class ScipyFactor:
    """A factor on the CPU, computed in blocks.

    OpenBLAS, up to version 0.3.30 at least, crashes when several threads factor 16,000 rows in one call, and
    all answers would be lost. Blocks take a quarter more time at 8,000 rows.
    """

    def __init__(self, matrix: FloatArray) -> None:
        from scipy.linalg import cholesky, solve_triangular

        for start in range(0, len(matrix), _BLOCK):
            stop = min(start + _BLOCK, len(matrix))
            panel = matrix[start:, start:stop]
            panel -= matrix[start:, :start] @ matrix[start:stop, :start].T
            top, below = panel[: stop - start], panel[stop - start :]
            top[:] = cholesky(top, lower=True, check_finite=False)
            below[:] = solve_triangular(top, below.T, lower=True, check_finite=False).T
        self._lower = matrix  # entries above the diagonal are not used

    def solve(self, right: FloatArray) -> FloatArray:
        """Return C⁻¹ times ``right`` (m, …)."""
        from scipy.linalg import cho_solve

        return cho_solve((self._lower.T, False), right, check_finite=False)

    def precisions(self, first: IntArray, second: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return the diagonal (m,) of C⁻¹ and its entries at (first, second)."""
        inverse = self._lower.copy()
        _invert(inverse)  # C⁻¹ = inverse' inverse
        own, entries = np.zeros(len(inverse)), np.zeros(len(first))
        for start in range(0, len(inverse), _BLOCK):
            rows = inverse[start : start + _BLOCK]
            own += np.einsum("ij,ij->j", rows, rows)
            entries += np.einsum("ij,ij->j", rows[:, first], rows[:, second])
        return own, entries


def _invert(lower: FloatArray) -> None:
    """Invert a lower triangular matrix in place, and set the entries above its diagonal to 0."""
    from scipy.linalg.lapack import dtrtri

    if len(lower) <= _BLOCK:
        lower[:] = np.tril(dtrtri(lower, lower=1)[0])
        return
    half = len(lower) // 2
    top, below, last = lower[:half, :half], lower[half:, :half], lower[half:, half:]
    _invert(top)
    _invert(last)
    below[:] = -last @ (below @ top)
    lower[:half, half:] = 0


class TorchFactor:
    """A factor on a device of torch in float64; ``torch`` is the module that the program has imported."""

    def __init__(self, torch: Any, matrix: FloatArray, device: str) -> None:
        self._torch = torch
        self._device = device
        self._lower = torch.linalg.cholesky(torch.from_numpy(matrix).to(device))

    def solve(self, right: FloatArray) -> FloatArray:
        """Return C⁻¹ times ``right`` (m, …)."""
        torch = self._torch
        columns = torch.from_numpy(np.ascontiguousarray(right.reshape(len(right), -1)))
        solved = torch.cholesky_solve(columns.to(self._device, torch.float64), self._lower)
        out: FloatArray = solved.cpu().numpy().reshape(right.shape)
        return out

    def precisions(self, first: IntArray, second: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return the diagonal (m,) of C⁻¹ and its entries at (first, second)."""
        torch = self._torch
        inverse = torch.cholesky_inverse(self._lower)
        entries = inverse[torch.from_numpy(first), torch.from_numpy(second)]
        return inverse.diagonal().cpu().numpy(), entries.cpu().numpy()
