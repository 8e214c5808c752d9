"""Factors of the covariance matrices of samples: by SciPy, or by torch on a GPU where the program uses one.

The cost of a Gaussian process is that of these factors, the cube of the number of samples.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from spex_plugins.types import FloatArray, IntArray

__all__ = ["Factor", "ScipyFactor", "TorchFactor", "factorised"]

_WORTH_MOVING = 3000  # samples; smaller matrices are factored sooner than moved


class Factor(Protocol):
    """A positive definite matrix C (m, m), factored."""

    def solve(self, right: FloatArray) -> FloatArray:
        """Return C⁻¹ times ``right`` (m, …)."""
        ...

    def precisions(self, first: IntArray, second: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return the diagonal (m,) of C⁻¹ and its entries at (first, second)."""
        ...


def factorised(matrix: FloatArray) -> Factor:
    """Factor a positive definite matrix, which is overwritten.

    A GPU is used if the program has imported torch and torch finds one with room for the matrix.
    """
    torch = sys.modules.get("torch")
    if torch is not None and len(matrix) >= _WORTH_MOVING and torch.cuda.is_available():
        try:
            return TorchFactor(matrix, torch.device("cuda"))
        except torch.cuda.OutOfMemoryError:
            pass  # the model may fill it
    return ScipyFactor(matrix)


class ScipyFactor:
    """A factor on the processor."""

    def __init__(self, matrix: FloatArray) -> None:
        from scipy.linalg import cholesky

        self._lower = cholesky(matrix, lower=True, overwrite_a=True, check_finite=False)

    def solve(self, right: FloatArray) -> FloatArray:
        """Return C⁻¹ times ``right`` (m, …)."""
        from scipy.linalg import cho_solve

        return cho_solve((self._lower, True), right, check_finite=False)

    def precisions(self, first: IntArray, second: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return the diagonal (m,) of C⁻¹ and its entries at (first, second)."""
        from scipy.linalg.lapack import dtrtri

        inverse = np.tril(dtrtri(self._lower, lower=1)[0])  # C⁻¹ = inverse' inverse
        own = np.einsum("ij,ij->j", inverse, inverse)
        return own, np.einsum("ij,ij->j", inverse[:, first], inverse[:, second])


class TorchFactor:
    """A factor on a device of torch, in float64."""

    def __init__(self, matrix: FloatArray, device: Any) -> None:
        import torch

        self._device = device
        self._lower = torch.linalg.cholesky(torch.from_numpy(matrix).to(device))

    def solve(self, right: FloatArray) -> FloatArray:
        """Return C⁻¹ times ``right`` (m, …)."""
        import torch

        columns = torch.from_numpy(np.ascontiguousarray(right.reshape(len(right), -1)))
        solved = torch.cholesky_solve(columns.to(self._device, torch.float64), self._lower)
        out: FloatArray = solved.cpu().numpy().reshape(right.shape)
        return out

    def precisions(self, first: IntArray, second: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return the diagonal (m,) of C⁻¹ and its entries at (first, second)."""
        import torch

        inverse = torch.cholesky_inverse(self._lower)
        entries = inverse[torch.from_numpy(first), torch.from_numpy(second)]
        return inverse.diagonal().cpu().numpy(), entries.cpu().numpy()
