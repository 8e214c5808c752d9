"""`fit`: samples that exist already."""

from __future__ import annotations

import numpy as np
import pytest
from games import difference, random_spectrum
from oracles import all_masks
from runs import same

from spex_plugins import InputError, fit


def samples(n=12, m=150, seed=0):
    masks = np.random.default_rng(seed).random((m, n)) < 0.5
    return masks, random_spectrum(n, 4, 2, np.random.default_rng(seed)).predict(masks)


def test_fit_finds_a_sparse_function():
    masks, values = samples()
    truth = random_spectrum(12, 4, 2, np.random.default_rng(0))
    found = fit(masks, values, feature_names=list("abcdefghijkl"))
    assert difference(found.spectrum, truth) < 1e-9
    assert found.feature_names == tuple("abcdefghijkl")
    assert found.budget == 150
    assert "150 given samples" in found.plan


def test_fit_with_all_masks_is_exact():
    masks = all_masks(6)[np.random.default_rng(0).permutation(64)]
    values = np.random.default_rng(1).normal(size=(64, 2))
    found = fit(masks, values)
    np.testing.assert_allclose(found.predict(masks), values, atol=1e-12)
    assert "exact" in found.r2_source


def test_repeated_masks_are_averaged():
    masks, noise = all_masks(5), np.random.default_rng(0).normal(size=(3, 32))
    noise -= noise.mean(axis=0)
    values = np.random.default_rng(1).normal(size=32)
    order = np.random.default_rng(2).permutation(96)
    found = fit(np.tile(masks, (3, 1))[order], (values + noise).ravel()[order])
    np.testing.assert_allclose(found.predict(masks), values, atol=1e-12)
    assert found.budget == 96
    assert "96 given samples, 32 distinct masks" in found.plan


def test_repeated_masks_are_averaged_for_every_output():
    masks = np.array([[0, 1], [0, 0], [0, 1], [1, 0], [1, 1], [1, 1]])
    values = np.array([[1.0, 10], [2, 20], [3, 30], [4, 40], [5, 50], [7, 90]])
    found = fit(masks, values)
    expected = [[2, 20], [2, 20], [4, 40], [6, 70]]
    np.testing.assert_allclose(found.predict([[0, 0], [0, 1], [1, 0], [1, 1]]), expected, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [bool, int, float, np.uint8, list])
def test_masks_may_be_zeros_and_ones(kind):
    masks, values = samples()
    given_masks = masks.astype(int).tolist() if kind is list else masks.astype(kind)
    same(fit(given_masks, values.tolist()), fit(masks, values))


@pytest.mark.parametrize("kind", [object, "boolean", "int8", "category"])
def test_masks_may_be_a_data_frame_of_any_type_of_column(kind):
    pandas = pytest.importorskip("pandas")
    masks, values = samples(n=4, m=40)
    frame = pandas.DataFrame(masks.astype(int) if kind == "category" else masks).astype(kind)
    same(fit(frame, pandas.Series(values, dtype="Float64")), fit(masks, values))


def test_tensors_that_numpy_cannot_read_are_told_what_to_do():
    torch = pytest.importorskip("torch")
    masks, values = samples()
    tensor = torch.tensor(values, requires_grad=True)
    for one in (tensor, tensor.bfloat16()):
        with pytest.raises(InputError, match=r"^values: must be real numbers .*\.detach\(\)\.float\(\)"):
            fit(masks, one)
    with pytest.raises(InputError, match=r"^masks: must have shape .* Tensor that NumPy cannot read"):
        fit(torch.tensor(masks).to_sparse(), values)
    same(fit(torch.tensor(masks), tensor.detach()), fit(masks, values))


def test_fit_leaves_its_arguments_alone():
    masks, values = samples()
    masks_before, values_before = masks.copy(), values.copy()
    fit(masks, values)
    np.testing.assert_array_equal(masks, masks_before)
    np.testing.assert_array_equal(values, values_before)
    masks[0] = ~masks[0]  # still writable


@pytest.mark.slow
def test_fit_honours_order_and_seed():
    masks, values = samples()
    values = values + np.random.default_rng(1).normal(size=150)
    assert fit(masks, values, max_order=1).spectrum.max_order <= 1
    same(fit(masks, values, seed=4), fit(masks, values, seed=np.random.default_rng(4)))


def test_ends_that_were_not_sampled_are_unknown():
    masks, values = samples(n=40)
    found = fit(masks, np.column_stack([values, values]) if values.ndim == 1 else values)
    assert np.isnan(found.empty_value).all()
    assert found.empty_value.shape == found.full_value.shape == (2,)


@pytest.mark.filterwarnings("ignore::spex_plugins.UnidentifiableWarning")
def test_identical_masks_give_their_mean():
    found = fit(np.ones((10, 4), dtype=bool), np.arange(10.0))
    np.testing.assert_allclose(found.predict(np.zeros((1, 4), dtype=bool)), 4.5)


M = np.zeros((4, 3), dtype=bool)


@pytest.mark.parametrize(
    ("masks", "values", "text"),
    [
        (M[0], np.zeros(3), "masks: must have shape"),
        (M[None], np.zeros(4), "masks: must have shape"),
        (np.zeros((4, 0)), np.zeros(4), "masks: must have shape"),
        (M + 0.5, np.zeros(4), "only 0 (masked) and 1 (kept)"),
        (M + 2, np.zeros(4), "only 0 (masked) and 1 (kept)"),
        (M + np.nan, np.zeros(4), "only 0 (masked) and 1 (kept)"),
        (M.astype(str), np.zeros(4), "only 0 (masked) and 1 (kept)"),
        (M[:1], np.zeros(1), "at least 2 samples"),
        (M[:0], np.zeros(0), "at least 2 samples"),
        (M, np.zeros(5), "values: must have shape (4,)"),
        (M, np.zeros((4, 2, 2)), "values: must have shape"),
        (M, np.zeros((4, 0)), "values: must have shape"),
        (M, 1.0, "values: must have shape"),
        (M, ["a", "b", "c", "d"], "values: must be real numbers"),
        (M, [1, 2, np.nan, 4], "1 of 4 samples are NaN or inf"),
        (M, [[1, np.inf]] * 4, "4 of 4 samples are NaN or inf"),
        (M, np.zeros(4, dtype=complex), "values: must be real numbers"),
        (M, ["1", "2", "3", "4"], "values: must be real numbers"),
    ],
)
def test_samples_that_do_not_fit_are_refused(masks, values, text):
    with pytest.raises(InputError) as caught:
        fit(masks, values)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [{"estimator": "magic"}, {"seed": -1}, {"max_order": 0}, {"feature_names": ["a"]}, {"max_order": 2.5}],
)
def test_fit_refuses_unusable_arguments(options):
    masks, values = samples()
    with pytest.raises(InputError, match=next(iter(options))):
        fit(masks, values, **options)


@pytest.mark.parametrize("estimator", ["auto", "shapley", "sparse_regression"])
def test_the_order_of_samples_does_not_matter(estimator):
    """Folds follow the masks, not their places in the array."""
    masks, values = samples(n=20, m=90)
    values = np.tanh(values) + 0.2 * np.random.default_rng(1).normal(size=90)
    order = np.random.default_rng(2).permutation(90)
    same(*(fit(masks[rows], values[rows], estimator=estimator) for rows in (np.arange(90), order)))


def test_a_sparse_matrix_is_told_what_to_do():
    sparse = pytest.importorskip("scipy.sparse")
    masks = np.eye(5, dtype=bool)
    for given in (sparse.csr_matrix(masks), sparse.coo_array(masks)):
        with pytest.raises(InputError, match=r"^masks: is a sparse matrix; give masks\.toarray\(\)"):
            fit(given, np.arange(5.0))
