"""Factors of covariance matrices against NumPy's inverse, on every device that there is."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

import spex_plugins as spex
from spex_plugins.core.gaussian_process import cholesky as covariance
from spex_plugins.core.gaussian_process.cholesky import ScipyFactor, TorchFactor, factorised

torch = pytest.importorskip("torch")
no_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def scipy(matrix):
    return ScipyFactor(matrix)


def torch_on_processor(matrix):
    return TorchFactor(torch, matrix, "cpu")


def torch_on_gpu(matrix):
    return TorchFactor(torch, matrix, "cuda")


def positive_definite(m, seed):
    rows = np.random.default_rng(seed).normal(size=(m, 2 * m))
    return rows @ rows.T / m


@pytest.fixture
def on_gpu(monkeypatch):
    """A program with a GPU, played by the processor; returns the sizes of the matrices moved to it."""
    moved = []

    def move(module, matrix, device):
        assert (module, device) == (torch, "cuda")
        moved.append(len(matrix))
        return torch_on_processor(matrix)

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(covariance, "TorchFactor", move)
    monkeypatch.setattr(covariance, "_WORTH_MOVING", 100)
    return moved


@pytest.mark.parametrize("make", [scipy, torch_on_processor, pytest.param(torch_on_gpu, marks=no_gpu)])
def test_solves_and_inverts(make):
    matrix = positive_definite(30, 0)
    inverse = np.linalg.inv(matrix)
    factor = make(matrix.copy())
    rng = np.random.default_rng(1)
    for right in (rng.normal(size=30), rng.normal(size=(30, 4)), np.asfortranarray(rng.normal(size=(30, 4)))):
        solved = factor.solve(right)
        assert solved.shape == right.shape
        assert solved.dtype == np.float64
        assert_allclose(solved, inverse @ right, rtol=1e-9, atol=1e-12)
    first, second = np.array([0, 5, 29]), np.array([3, 2, 1])
    own, entries = factor.precisions(first, second)
    assert_allclose(own, np.diag(inverse), rtol=1e-9)
    assert_allclose(entries, inverse[first, second], rtol=1e-9, atol=1e-12)
    assert factor.precisions(first[:0], second[:0])[1].shape == (0,)


@pytest.mark.parametrize("size", [1, 20, 21, 93])
def test_blocks_make_no_difference(size, monkeypatch):
    monkeypatch.setattr(covariance, "_BLOCK", 20)
    matrix = positive_definite(size, 3)
    inverse = np.linalg.inv(matrix)
    factor = ScipyFactor(matrix.copy())
    assert_allclose(factor.solve(np.eye(size)), inverse, rtol=1e-9, atol=1e-12)
    first, second = np.random.default_rng(0).integers(0, size, (2, 50))
    own, entries = factor.precisions(first, second)
    assert_allclose(own, np.diag(inverse), rtol=1e-9)
    assert_allclose(entries, inverse[first, second], rtol=1e-9, atol=1e-12)


def test_large_matrices_go_to_the_gpu(on_gpu):
    assert isinstance(factorised(positive_definite(99, 0)), ScipyFactor)
    assert isinstance(factorised(positive_definite(100, 0)), TorchFactor)
    assert on_gpu == [100]


def test_a_full_gpu_is_done_without(on_gpu, monkeypatch):
    def full(module, matrix, device):
        raise torch.cuda.OutOfMemoryError("no room")

    monkeypatch.setattr(covariance, "TorchFactor", full)
    assert isinstance(factorised(positive_definite(100, 0)), ScipyFactor)


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["gaussian_process", "shapley"])
def test_explanations_are_the_same_on_a_gpu(estimator, on_gpu, monkeypatch):
    rng = np.random.default_rng(0)
    masks = rng.random((300, 12)) < 0.5
    values = np.tanh(masks @ rng.normal(size=12))

    def explained():
        found = spex.fit(masks, values, estimator=estimator)
        table = found.index("FSII", 2)
        return found, table.values, found.deviations(table), found.single_values().deviations

    gpu, *ours = explained()
    assert on_gpu
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    processor, *theirs = explained()
    assert gpu.r2 == pytest.approx(float(processor.r2), abs=1e-7)
    for one, other in zip(ours, theirs, strict=True):
        assert_allclose(one, other, atol=1e-6)
