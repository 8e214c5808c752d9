"""The Gaussian process and its readings against definitions: all 2^n masks, finite differences, refits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from oracles import all_masks, index
from scipy.stats import multivariate_normal

from spex_plugins import INDICES
from spex_plugins.core.basis.feature_sets import all_of_order, combine, from_sets, orders_of, to_sets
from spex_plugins.core.basis.scaling import Samples
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.gaussian_process.candidate_sets import likely_sets
from spex_plugins.core.gaussian_process.conditioning import condition
from spex_plugins.core.gaussian_process.posterior_index import index_covariance
from spex_plugins.core.gaussian_process.posterior_spectrum import posterior_spectrum
from spex_plugins.core.kernels import marginal_likelihood
from spex_plugins.core.kernels.marginal_likelihood import learn_kernel
from spex_plugins.core.kernels.mask_kernel import MaskKernel
from spex_plugins.core.kernels.product_kernel import SCALES, ProductKernel
from spex_plugins.core.kernels.sample_likelihood import JITTER, likelihood_of
from spex_plugins.estimators.gaussian_processes.spectrum_with_deviations import with_deviations

NOISE = 0.01


def random_kernel(n, rng):
    """A product kernel, and characters of the empty set and of one to three features."""
    product = ProductKernel(rng.exponential(1.0 / n, n), rng.random(len(SCALES)) + 0.1)
    rows = {tuple(sorted(rng.permutation(n)[:size].tolist())) for size in (0, 1, 1, 2, min(3, n))}
    return MaskKernel(product, from_sets(sorted(rows), n), rng.random(len(rows)))


def random_process(n, m, outputs, seed):
    rng = np.random.default_rng(seed)
    masks = rng.permutation(all_masks(n)[1:-1])[:m]
    values = rng.normal(size=(m, outputs)) * [3.0, 0.2][:outputs] + [1.0, -5.0][:outputs]
    mean, spread = values.mean(axis=0), values.std(axis=0)
    scaled = (values - mean) / spread
    kernel = random_kernel(n, rng)
    return condition(kernel, NOISE, Samples(masks, scaled, mean, spread), np.arange(m)), values


def everywhere(process):
    """The posterior mean (2^n, K) and covariance of all values, of functions with unit variance."""
    masks = all_masks(process.masks.shape[1])
    with_samples = process.kernel.gram(masks, process.masks)
    return process.predict(masks), process.kernel.gram(masks, masks) - with_samples @ process.solve(
        with_samples.T
    )


def operator(n, symbol, order):
    """The linear map from all 2^n values to an index, by the definition, and its sets."""
    unit = [index(symbol, row, order) for row in np.eye(2**n)]
    rows = sorted(unit[0], key=lambda row: (len(row), row))
    return np.array([[float(one[row]) for one in unit] for row in rows]), from_sets(rows, n)


def test_gram_matrix_by_definition():
    rng = np.random.default_rng(0)
    kernel, masks = random_kernel(7, rng), all_masks(7)[::9]
    for row, x in zip(kernel.gram(masks, masks), masks, strict=True):
        for value, y in zip(row, masks, strict=True):
            d = sum(kernel.product.rates[i] for i in range(7) if x[i] != y[i])
            expected = sum(a * np.exp(-s * d) for a, s in zip(kernel.product.amplitudes, SCALES, strict=True))
            for row_set, variance in zip(to_sets(kernel.supports, 7), kernel.variances, strict=True):
                expected += variance * (-1.0) ** sum(int(x[i]) + int(y[i]) for i in row_set)
            assert value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("outputs", [1, 2])
def test_objective_is_the_density_and_has_its_gradient(outputs):
    n, m, spread = 5, 20, 1.7
    rng = np.random.default_rng(1)
    masks = all_masks(n)[rng.permutation(32)[:m]]
    values = rng.normal(size=(m, outputs))
    supports, group = marginal_likelihood._own_variances(n, 3)
    terms = len(supports)
    parameters = rng.normal(size=n + terms + len(SCALES) + 6) * 0.5 - 1

    def objective(x):
        return marginal_likelihood._objective(x, likelihood_of(masks, values, supports), n, group, spread)

    value, gradient = objective(parameters)
    rates, variances, amplitudes = np.split(np.exp(parameters[:-6]), [n, n + terms])
    kernel = MaskKernel(ProductKernel(rates, amplitudes), supports, variances)
    covariance = kernel.gram(masks, masks) + (np.exp(parameters[-6]) + JITTER) * np.eye(m)
    density = sum(multivariate_normal.logpdf(y, cov=covariance) for y in values.T)
    prior = -0.5 * (((parameters[:n] - parameters[-5]) / spread) ** 2).sum()
    for row, log in zip(to_sets(supports, n), parameters[n : n + terms], strict=True):
        number = {1: 0, 2: row[-1] - row[0], 3: 3}[len(row)]
        prior -= 0.5 * ((log - parameters[-4 + number]) / (1.5, 2.0, 1.5, 1.5)[number]) ** 2
    assert value == pytest.approx(-density - prior - outputs * m / 2 * np.log(2 * np.pi), rel=1e-10)
    step = 1e-5
    for k, unit in enumerate(np.eye(len(parameters)) * step):
        slope = (objective(parameters + unit)[0] - objective(parameters - unit)[0]) / (2 * step)
        assert gradient[k] == pytest.approx(slope, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("row", [2, 3])
def test_learning_finds_the_features_that_matter(row):
    rng = np.random.default_rng(2)
    masks = rng.random((200, 20)) < 0.5
    values = (masks[:, 3] & masks[:, 7]) * 1.0 - 2.0 * masks[:, 11]
    scaled = ((values - values.mean()) / values.std())[:, None]
    kernel, noise = learn_kernel(masks, scaled, row)
    assert set(np.argsort(-kernel.product.rates)[:2]) == {3, 7}  # those that interact
    assert to_sets(kernel.supports, 20)[np.argmax(kernel.variances)] == (11,)  # the one that acts alone
    assert np.sort(kernel.product.rates)[-2] > 20 * np.sort(kernel.product.rates)[-4]
    assert noise < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("symbol", ["Fourier", *INDICES])
@given(st.integers(2, 5), st.integers(1, 3), st.integers(1, 2), st.integers(0, 10**6))
@settings(max_examples=10, deadline=None)
def test_indices_and_their_variances_by_definition(symbol, n, order, outputs, seed):
    order = 1 if symbol in ("SV", "BV") else min(order, n)
    process, _ = random_process(n, 2 ** (n - 1), outputs, seed)
    mean, covariance = everywhere(process)
    linear, rows = operator(n, symbol, order)
    found = process.spread * (
        index_covariance(process.kernel, process.masks, rows, symbol, order)[0].T @ process.weights
    )
    found[orders_of(rows, n) == 0] += process.mean
    expected = linear @ mean
    assert_allclose(found, expected, atol=1e-8 * (np.abs(expected).max() + 1))
    variance = np.maximum(np.einsum("is,st,it->i", linear, covariance, linear), 0.0)
    uncertainty = with_deviations(Spectrum.zero(n), process, process).uncertainty
    deviations = uncertainty.deviations(rows, symbol, order)
    grown = uncertainty.growth.factors(orders_of(rows, n), symbol, order)
    exact = np.multiply.outer(np.sqrt(variance) * grown, uncertainty.scale)
    most = np.abs(linear).sum(axis=1).max() * uncertainty.scale.max() * grown.max()
    assert_allclose(deviations, exact, atol=2e-6 * most)


def test_shapley_values_add_up_beyond_the_exact_nodes():
    n = 400
    rng = np.random.default_rng(3)
    masks = np.concatenate(
        [np.repeat([[False], [True]], n, axis=1), rng.random((60, n)) < rng.uniform(0.05, 0.95, (60, 1))]
    )
    product = ProductKernel(rng.exponential(2.0 / n, n), np.ones(len(SCALES)))
    kernel = MaskKernel(product, from_sets([(3,), (5, 9), (1, 2, 300)], n), np.full(3, 0.2))
    scaled = rng.normal(size=(62, 1))
    process = condition(kernel, NOISE, Samples(masks, scaled, np.zeros(1), np.ones(1)), np.arange(62))
    known = with_deviations(Spectrum.zero(n), process, process)
    values = known.semivalues.shapley.values
    difference = process.predict(masks[1:2]) - process.predict(masks[:1])
    assert_allclose(values.sum(axis=0), difference[0], atol=1e-8)
    assert_allclose(difference[0], scaled[1] - scaled[0], atol=1e-3)  # the end points are met
    assert abs(difference).max() > 0.05


def test_prior_variances_are_those_of_the_fourier_coefficients():
    kernel, masks = random_kernel(5, np.random.default_rng(0)), all_masks(5)
    for size in range(6):
        rows = all_of_order(5, size)
        characters = np.stack([(-1.0) ** masks[:, row].sum(axis=1) for row in rows]) / 32
        exact = np.einsum("sx,xy,sy->s", characters, kernel.gram(masks, masks), characters)
        assert_allclose(kernel.prior_variances(rows), exact, rtol=1e-8)
    rows = combine([all_of_order(5, 3), all_of_order(5, 1)[::-1]], 5)  # in any order
    assert_allclose(kernel.prior_variances(rows)[-1], kernel.prior_variances(all_of_order(5, 1))[0], rtol=0)


def test_likely_sets_are_those_of_the_features_with_large_rates():
    rates = np.full(40, 1e-4)
    rates[[3, 17, 30, 31]] = [0.4, 0.3, 0.2, 0.1]
    product = ProductKernel(rates, np.ones(len(SCALES)))
    kernel = MaskKernel(product, from_sets([(5,), (8, 9), (20, 21, 22)], 40), np.ones(3))
    found = to_sets(likely_sets(kernel, 4), 40)
    assert len(found) == len(set(found)) == 200 + 100 + 25 + 2
    assert {(8, 9), (20, 21, 22)} <= set(found)
    assert {(3, 17), (3, 30), (17, 30), (30, 31), (3, 17, 30), (17, 30, 31), (3, 17, 30, 31)} <= set(found)
    assert {len(one) for one in to_sets(likely_sets(kernel, 3), 40)} == {2, 3}
    assert len(likely_sets(kernel, 1)) == 0
    alone = MaskKernel(ProductKernel(rates[:1], np.ones(len(SCALES))), all_of_order(1, 1), np.ones(1))
    assert len(likely_sets(alone, 4)) == 0


@pytest.mark.parametrize("outputs", [1, 2])
def test_the_posterior_spectrum_is_the_transform_of_the_posterior_mean(outputs):
    n = 5
    process, _ = random_process(n, 20, outputs, 11)
    masks = all_masks(n)
    spectrum = posterior_spectrum(process, n)
    assert len(spectrum) == 2**n  # every set, as there are so few
    assert_allclose(spectrum.predict(masks), process.predict(masks), atol=1e-9)
    low = posterior_spectrum(process, 2)
    assert low.max_order == 2
    same = [spectrum.as_dict()[row] for row in low.as_dict()]
    assert_allclose(low.coefficients, same, atol=1e-12)


def test_left_out_errors_are_those_of_refits_without_the_complement():
    process, values = random_process(5, 19, 2, 5)
    errors, scores = process.left_out
    alone = 0
    for k, mask in enumerate(process.masks):
        rest = (process.masks != mask).any(axis=1) & (process.masks == mask).any(axis=1)
        alone += rest.sum() == 18
        others = process.samples.select(np.flatnonzero(rest))
        again = condition(process.kernel, NOISE, others, np.arange(rest.sum()))
        one = mask[None]
        assert_allclose(errors[k], values[k] - again.predict(one)[0], atol=1e-9)
        known = again.kernel.gram(one, again.masks)[0]
        variance = again.kernel.gram(one, one)[0, 0] + NOISE + JITTER - known @ again.solve(known)
        assert_allclose(scores[k], errors[k] / (process.spread * np.sqrt(variance)), rtol=1e-6)
    assert 0 < alone < 19  # masks with and without their complement


def test_deviations_among_other_features():
    process, _ = random_process(4, 9, 2, 9)
    known, at = with_deviations(Spectrum.zero(4), process, process), np.array([1, 3, 4, 6])
    wide = known.uncertainty.placed(at, 7)
    supports = combine([all_of_order(4, size) for size in (1, 2)], 4)
    rows = from_sets([at[list(row)].tolist() for row in to_sets(supports, 4)], 7)
    expected = known.uncertainty.deviations(supports, "FSII", 2)
    assert_allclose(wide.deviations(rows, "FSII", 2), expected, rtol=1e-6, atol=1e-7)
    assert_allclose(wide.output(1).deviations(rows, "FSII", 2), expected[:, 1], rtol=1e-6, atol=1e-7)
    none = from_sets([(0,), (0, 1)], 7)
    assert_allclose(wide.deviations(none, "FSII", 2), 0, atol=1e-7)


def test_a_constant_output_beside_another_one():
    rng = np.random.default_rng(6)
    masks = rng.random((50, 8)) < 0.5
    values = np.stack([masks[:, 0] * 1.0, np.full(50, 7.0)], axis=1)
    samples = Samples.of(masks, values)
    process = condition(*learn_kernel(masks, samples.scaled, 2), samples, np.arange(0))
    assert_allclose(process.predict(all_masks(8))[:, 1], 7.0, atol=0)
    single = with_deviations(Spectrum.zero(8, (2,)), process, process).semivalues.shapley
    assert not single.values[:, 1].any()
    assert not single.deviations[:, 1].any()


@pytest.mark.parametrize("row", [(0, 1), (0, 2), (0, 1, 2)])
def test_features_in_a_row_are_expected_to_act_together(row):
    """A function is learned better where its sets lie within three features than where they are spread."""
    n, m = 40, 160
    rng = np.random.default_rng(4)
    supports = from_sets([tuple(i + k for k in row) for i in range(n - 2)], n)
    function = Spectrum.from_terms(n, supports, rng.normal(size=len(supports)))
    masks, test = rng.random((m, n)) < 0.5, rng.random((500, n)) < 0.5
    anywhere = rng.permutation(n)

    def r2(places):
        samples = Samples.of(masks, function.predict(masks[:, places])[:, None])
        kernel, noise = learn_kernel(masks, samples.scaled, 3)
        process = condition(kernel, noise, samples, np.arange(0))
        truth = function.predict(test[:, places])
        return 1 - ((process.predict(test)[:, 0] - truth) ** 2).mean() / truth.var()

    assert r2(np.arange(n)) > 0.75
    assert r2(anywhere) < 0.7
