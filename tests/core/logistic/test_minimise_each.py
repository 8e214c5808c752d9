"""Minima of many functions, beside SciPy's of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.testing import assert_allclose
from scipy.optimize import minimize, rosen, rosen_der

from spex_plugins.core.logistic.minimise_each import minimise_each


@dataclass
class _Quadratic:
    """(x − c)ᵀ A (x − c) / 2, of matrices (B, P, P) and centres (B, P)."""

    matrices: np.ndarray
    centres: np.ndarray

    def __call__(self, variables):
        off = variables - self.centres
        gradient = np.einsum("bij,bj->bi", self.matrices, off)
        return 0.5 * (off * gradient).sum(axis=1), gradient

    def only(self, rows):
        return _Quadratic(self.matrices[rows], self.centres[rows])


class _Rosenbrock:
    """Rosenbrock's function times a factor (B,); counts the evaluations of each function."""

    def __init__(self, factors, counts, numbers):
        self.factors, self.counts, self.numbers = factors, counts, numbers

    def __call__(self, variables):
        self.counts[self.numbers] += 1
        return self.factors * rosen(variables.T), self.factors[:, None] * rosen_der(variables.T).T

    def only(self, rows):
        return _Rosenbrock(self.factors[rows], self.counts, self.numbers[rows])


def test_quadratic_functions_of_different_curvature():
    rng = np.random.default_rng(0)
    roots = rng.normal(size=(20, 6, 6)) * 10.0 ** rng.uniform(-2, 2, size=(20, 1, 1))
    function = _Quadratic(roots @ roots.transpose(0, 2, 1) + 0.1 * np.eye(6), rng.normal(size=(20, 6)))
    found, least = minimise_each(function, np.zeros((20, 6)), 500, 1e-14)
    assert_allclose(found, function.centres, atol=1e-3)
    assert_allclose(least, function(found)[0])


def test_each_ends_where_it_ends_alone():
    rng = np.random.default_rng(1)
    factors, start = 10.0 ** rng.uniform(-2, 2, size=12), rng.normal(size=(12, 4))
    found, least = minimise_each(_Rosenbrock(factors, np.zeros(12), np.arange(12)), start, 400, 1e-12)
    for k in range(12):
        alone = _Rosenbrock(factors[k : k + 1], np.zeros(1), np.arange(1))
        assert_allclose(minimise_each(alone, start[k : k + 1], 400, 1e-12)[0][0], found[k])
        of_scipy = minimize(rosen, start[k], jac=rosen_der, method="L-BFGS-B")
        assert least[k] <= factors[k] * of_scipy.fun + 1e-8 * factors[k]


def test_ended_searches_ask_no_more():
    counts, start = np.zeros(3), np.array([[1.0, 1.0], [-1.2, 1.0], [1.0, 1.0]])
    minimise_each(_Rosenbrock(np.ones(3), counts, np.arange(3)), start, 100, 1e-9)
    assert counts[[0, 2]].max() < counts[1] <= 101


class _Exponential:
    """exp(x) − x/1000 of B numbers; counts the values that overflow."""

    overflows = 0

    def __call__(self, variables):
        x = variables[:, 0]
        value = np.exp(x) - x / 1000
        self.overflows += np.isinf(value).sum()
        return value, (np.exp(x) - 0.001)[:, None]

    def only(self, rows):
        return self


def test_steps_that_overflow_are_halved():
    function = _Exponential()
    found, least = minimise_each(function, np.array([[-20.0], [3.0], [-15.0]]), 400, 1e-14)
    assert function.overflows > 0
    assert_allclose(found[:, 0], np.log(0.001), atol=1e-2)
    assert_allclose(least, 0.001 - np.log(0.001) / 1000)


def test_a_start_at_the_minimum_stays():
    function = _Quadratic(np.eye(3)[None], np.ones((1, 3)))
    found, least = minimise_each(function, np.ones((1, 3)), 50, 1e-9)
    assert_allclose(found, 1.0)
    assert_allclose(least, 0.0)
