"""The protocol of fitted functions: every implementation agrees with itself on outputs, scales and places."""

from __future__ import annotations

import numpy as np
import pytest
from games import random_spectrum
from numpy.testing import assert_allclose, assert_array_equal
from oracles import all_masks

from spex_plugins import INDICES, InputError, Spectrum
from spex_plugins.core.basis.feature_sets import to_sets
from spex_plugins.core.basis.fitted_function import SpectrumWithDeviations
from spex_plugins.core.basis.scaling import Samples, Scaling
from spex_plugins.core.basis.single_values import Semivalues, SingleValues, first_order
from spex_plugins.core.gaussian_process.conditioning import condition
from spex_plugins.core.kernels.mask_kernel import MaskKernel
from spex_plugins.core.kernels.product_kernel import SCALES, ProductKernel
from spex_plugins.estimators.gaussian_processes.spectrum_with_deviations import with_deviations
from spex_plugins.estimators.kernel_stack.stack_fit import fit_stack

N = 5
AT = np.array([0, 2, 3, 4, 7])


def process():
    rng = np.random.default_rng(0)
    product = ProductKernel(rng.exponential(1.0 / N, N), np.ones(len(SCALES)))
    kernel = MaskKernel(product, np.array([[0, 1]], dtype=np.int32), np.array([0.3]))
    masks = rng.permutation(all_masks(N))[:12]
    samples = Samples.of(masks, rng.normal(size=(12, 2)) * [3.0, 0.2] + [1.0, -5.0])
    return condition(kernel, 0.01, samples, np.arange(12))


def spectrum():
    return random_spectrum(N, 8, 3, np.random.default_rng(1), 2)


def semivalues():
    rng = np.random.default_rng(2)
    return Semivalues(*(SingleValues(rng.normal(size=(N, 2)), rng.random((N, 2))) for _ in range(2)))


def stack():
    rng = np.random.default_rng(3)
    masks = all_masks(N)[[0, 31, 1, 30, 2, 29, 4, 27, 8, 23, 5, 26, 6, 25, 9, 22]]
    values = rng.normal(size=(16, 2)) * [3.0, 0.2] + [1.0, -5.0]
    return fit_stack(masks, values, "SV", None, rng).function


FUNCTIONS = {
    "spectrum": spectrum,
    "with single values": lambda: SpectrumWithDeviations(spectrum(), semivalues()),
    "with deviations": lambda: with_deviations(spectrum(), process(), process()),
    "stack": lambda: stack(),
    "with the deviations of a stack": lambda: SpectrumWithDeviations(spectrum(), semivalues(), stack()),
}


@pytest.fixture(params=FUNCTIONS)
def function(request):
    return FUNCTIONS[request.param]()


def readings(function, masks, at=tuple(range(N))):
    """Return everything that is read from a function, of the features ``at`` and sets of them."""
    at = np.array(at)
    supports, values = function.convert("FSII", 2)
    single = [function.single_values(index) for index in ("SV", "BII", "Moebius")]
    rows = np.array([[0, 1], [1, 3]], dtype=np.int32)
    table = dict(zip(to_sets(supports, function.n), values, strict=True))
    return {
        "prediction": function.predict(masks),
        "index": np.array([table[tuple(row)] for row in at[rows].tolist()]),
        "single values": np.array([one.values[at] for one in single]),
        "deviations of single values": np.array([one.deviations[at] for one in single]),
        "deviations": function.deviations(at[rows], "FSII", 2),
        "spectrum": function.spectrum.predict(masks),
    }


def test_every_reading_has_the_shape_of_the_outputs(function):
    assert (function.n, function.output_shape) == (N, (2,))
    found = readings(function, all_masks(N))
    assert found["prediction"].shape == found["spectrum"].shape == (2**N, 2)
    assert found["index"].shape == found["deviations"].shape == (2, 2)
    assert found["single values"].shape == (3, N, 2)


def test_one_of_the_outputs_and_several(function):
    masks = all_masks(N)
    whole = readings(function, masks)
    for columns, shape in [(1, ()), (np.array([1, 0]), (2,))]:
        part = function.output(columns)
        assert part.output_shape == shape
        for name, value in readings(part, masks).items():
            assert_allclose(value, whole[name][..., columns], atol=1e-12, err_msg=name)


def test_a_rescaled_function_reads_as_the_function_does_times_the_factor(function):
    masks = all_masks(N)
    scaling = Scaling(np.array([3.0, -1.0]), np.array([0.5, 4.0]))
    whole, other = readings(function, masks), readings(function.rescaled(scaling), masks)
    for name, value in whole.items():
        offset = scaling.centre if name in ("prediction", "spectrum") else 0.0
        assert_allclose(other[name], value * scaling.factor + offset, atol=1e-12, err_msg=name)


def test_features_without_effect_change_nothing(function):
    wide = function.placed(AT, 8)
    masks = np.random.default_rng(0).random((30, 8)) < 0.5
    assert wide.n == wide.spectrum.n == 8
    whole, other = readings(function, masks[:, AT]), readings(wide, masks, AT)
    for name, value in whole.items():
        assert_allclose(other[name], value, atol=1e-7, err_msg=name)
    missing = np.setdiff1d(np.arange(8), AT)
    assert_allclose(wide.single_values("SV").values[missing], 0.0, atol=0)


@pytest.mark.parametrize("index", [*INDICES])
def test_single_values_are_those_of_the_index_at_order_1(index):
    for make in (spectrum, stack):
        function = make()
        expected = first_order(*function.convert(index, 1), N)
        assert_allclose(function.single_values(index).values, expected, atol=1e-9)


def test_a_spectrum_reads_from_itself_and_knows_no_deviations():
    function = spectrum()
    assert function.spectrum is function
    assert np.isnan(function.single_values("SV").deviations).all()
    assert np.isnan(function.deviations(np.array([[0], [2]]), "SV", 1)).all()


def test_single_values_known_by_themselves_come_first():
    known, function = semivalues(), SpectrumWithDeviations(spectrum(), semivalues())
    for index in INDICES:
        expected = {"BV": known.banzhaf, "BII": known.banzhaf, "FBII": known.banzhaf}.get(
            index, known.shapley
        )
        if index == "Moebius":
            expected = spectrum().single_values(index)
        assert_array_equal(function.single_values(index).values, expected.values)
        assert_array_equal(function.single_values(index).deviations, expected.deviations)
        if index not in ("Moebius", "Fourier"):
            supports, values = function.convert(index, 1)
            assert_array_equal(first_order(supports, values, function.n), expected.values)
    assert_array_equal(function.convert("FSII", 2)[1], spectrum().convert("FSII", 2)[1])
    assert np.isnan(function.deviations(np.array([[0]]), "SV", 1)).all()


def test_deviations_are_those_of_the_process_whatever_the_spectrum():
    rows = np.array([[0, 1], [2, 4]], dtype=np.int32)
    one, other = FUNCTIONS["with the deviations of a stack"](), stack()
    assert_array_equal(one.deviations(rows, "FSII", 2), other.deviations(rows, "FSII", 2))
    assert (one.deviations(rows, "FSII", 2) > 0).all()


def test_a_scalar_function_has_no_outputs():
    with pytest.raises(InputError, match="no output"):
        Spectrum.from_dict(3, {(0,): 1.0}).output(0)


def test_samples_are_selected_on_the_scale_of_all():
    samples = Samples.of(all_masks(3), np.arange(8.0)[:, None] ** 2)
    some = samples.select(np.array([6, 1]))
    assert_array_equal(some.masks, all_masks(3)[[6, 1]])
    assert_allclose(some.mean + some.spread * some.scaled, [[36.0], [1.0]], atol=1e-12)
