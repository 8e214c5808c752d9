"""The result: unchangeable, saved without pickle, read as tables, shown without surprises."""

from __future__ import annotations

import json
import pickle
from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
from small_results import build

import spex_plugins as spex
from spex_plugins import InputError, Interactions, Spectrum
from spex_plugins.core.basis.fitted_function import SpectrumWithDeviations
from spex_plugins.core.fitted.stacked import StackedFunction


def test_fields_cannot_be_set(found):
    for field in fields(found):
        with pytest.raises(FrozenInstanceError):
            setattr(found, field.name, None)
    with pytest.raises(FrozenInstanceError):
        found.index().order = 7
    with pytest.raises(ValueError, match="read-only"):
        found.spectrum.coefficients[0] = 0.0


def test_predictions_are_those_of_the_spectrum(found):
    assert found.spectrum is found.function
    masks = np.random.default_rng(0).random((9, found.n)) < 0.5
    np.testing.assert_array_equal(found.predict(masks), found.spectrum.predict(masks))
    with pytest.raises(InputError, match="masks must have shape"):
        found.predict(masks[0])


def test_shape_and_number_of_outputs():
    assert (build().output_shape, build().n_outputs, build().n) == ((), 1, 5)
    assert (build(3).output_shape, build(3).n_outputs) == ((3,), 3)


@pytest.mark.parametrize("name", ["result.npz", "no_ending", "with spaces é.bin"])
def test_save_and_load(found, tmp_path, name):
    path = tmp_path / name
    found.save(path)
    assert [p.name for p in tmp_path.iterdir()] == [name]
    loaded = Interactions.load(path)
    for field in fields(found):
        x, y = getattr(found, field.name), getattr(loaded, field.name)
        if field.name == "function":
            assert (x.n, x.as_dict()) == (y.n, y.as_dict())
            assert x.supports.dtype == y.supports.dtype
        elif isinstance(x, np.ndarray):
            np.testing.assert_array_equal(x, y)
            assert (x.shape, x.dtype) == (y.shape, y.dtype)
        else:
            assert x == y
            assert type(x) is type(y)
    assert repr(loaded) == repr(found)


def test_files_hold_no_pickled_objects(found, tmp_path):
    found.save(str(tmp_path / "x.npz"))
    with np.load(tmp_path / "x.npz", allow_pickle=False) as data:
        assert all(data[key].dtype.kind in "fiu" for key in data.files)
        assert "supports" in data.files


def test_results_of_explain_and_of_one_output_can_be_saved(tmp_path):
    result = spex.explain(lambda m: m[:, :2] * 1.0, 5, budget=20, progress=False)
    for k, each in enumerate([result, result.output(1), spex.explain(lambda m: m[:, 0], 3, budget=8)]):
        each.save(tmp_path / str(k))
        loaded = Interactions.load(tmp_path / str(k))
        assert loaded.spectrum.as_dict() == each.spectrum.as_dict()
        np.testing.assert_array_equal(loaded.r2, each.r2)


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["gaussian_process", "shapley"])
@pytest.mark.parametrize("outputs", [None, 2])
def test_what_a_process_knows_is_saved(estimator, outputs, tmp_path):
    rng = np.random.default_rng(0)
    n = 12
    masks = rng.random((300, n)) < 0.5
    values = np.tanh(masks @ rng.normal(size=(n, outputs or 1)))
    found = spex.fit(masks, values if outputs else values[:, 0], estimator=estimator)
    assert type(found.function) is (StackedFunction if estimator == "shapley" else SpectrumWithDeviations)
    found.save(tmp_path / "x")
    for again in (Interactions.load(tmp_path / "x"), pickle.loads(pickle.dumps(found))):
        assert type(again.function) is type(found.function)
        table = found.index("STII", 2)
        assert again.index("STII", 2).as_dict() == table.as_dict()
        np.testing.assert_array_equal(again.deviations(table), found.deviations(table))
        np.testing.assert_array_equal(again.predict(masks), found.predict(masks))
    if outputs:
        one = found.output(1)
        np.testing.assert_allclose(one.predict(masks), found.predict(masks)[:, 1], atol=1e-12)
        few = one.top(5)
        expected = [found.index("FSII", few.order).as_dict()[term][1] for term in few.terms]
        np.testing.assert_allclose(few.values, expected, atol=1e-12)
        same = found.deviations(found.index("FSII", few.order))[:, 1]
        np.testing.assert_allclose(np.sort(one.deviations(one.index("FSII", few.order))), np.sort(same))


def test_deviations_where_nothing_or_everything_is_known():
    every = spex.explain(lambda m: 1.0 * (m[:, 0] & m[:, 1]), 4, budget=16, progress=False)
    np.testing.assert_array_equal(every.deviations(every.top()), [0.0])
    some = spex.explain(lambda m: 1.0 * (m[:, 0] & m[:, 1]), 20, budget=300, estimator="spex", progress=False)
    np.testing.assert_array_equal(some.deviations(some.top()), [np.nan])


@pytest.mark.parametrize("written", [1, 4])
def test_files_of_older_formats_can_be_read(found, written, tmp_path):
    """The first did not know stores; until the fourth, masks and method were one text."""
    found.save(tmp_path / "new")
    with np.load(tmp_path / "new") as data:
        arrays = dict(data)
    header = json.loads(arrays["header"].tobytes()) | {"format": written, "singles": [], "plan": found.plan}
    for name in ["design", "method", *(["n_stored", "exact"] if written == 1 else [])]:
        del header[name]
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    np.savez(tmp_path / "old.npz", **arrays)
    loaded = Interactions.load(tmp_path / "old.npz")
    assert loaded.n_stored == 0
    assert not loaded.exact
    assert loaded.plan == found.plan
    assert repr(loaded.index()) == repr(found.index())


def test_files_of_newer_versions_are_refused(tmp_path, monkeypatch):
    from spex_plugins.result.files import npz_file as module

    monkeypatch.setattr(module, "_FORMAT", 99)
    build().save(tmp_path / "x")
    monkeypatch.undo()
    with pytest.raises(InputError, match="newer version"):
        Interactions.load(tmp_path / "x")


@pytest.mark.parametrize("index", ["Fourier", *spex.INDICES])
def test_tables_are_sorted_by_magnitude_without_the_empty_set(found, index):
    table = found.index(index)
    size = np.abs(table.values.reshape(len(table), -1))
    energy = (size**2).sum(axis=1)
    assert len(table) > 0
    assert (np.diff(energy) <= 0).all()
    assert () not in table.as_dict()
    assert table.order == (1 if index in ("SV", "BV") else 2)
    assert (table.orders <= table.order).all()
    assert table.baseline.shape == found.output_shape


def test_equal_magnitudes_keep_the_canonical_order():
    spectrum = Spectrum.from_dict(5, {(3, 4): 1.0, (1,): -1.0, (0, 2): 1.0, (0,): 1.0})
    table = build(spectrum=spectrum).index("Fourier")
    assert table.terms == [(0,), (1,), (0, 2), (3, 4)]


def test_efficient_tables_start_from_the_fitted_empty_value(found):
    for index in ("SV", "k-SII", "STII", "FSII"):
        table = found.index(index)
        np.testing.assert_allclose(table.baseline, found.empty_value, atol=1e-12)
        np.testing.assert_allclose(table.baseline + table.values.sum(axis=0), found.full_value, atol=1e-9)


def test_the_dictionary_lists_terms_in_table_order(found):
    table = found.index("FSII", order=3)
    assert list(table.as_dict()) == table.terms
    assert list(table) == list(table.as_dict().items())
    assert list(table.as_dict().values()) == table.values.tolist()
    assert len(table) == len(table.terms) == len(table.names)


def test_first_order_is_dense(found):
    table = found.index("SV")
    dense = table.first_order()
    assert dense.shape == (5, *found.output_shape)
    for i in range(5):
        np.testing.assert_array_equal(dense[i], table.as_dict().get((i,), np.zeros(found.output_shape)))


def test_tables_can_be_cut(found):
    table = found.index("Moebius", order=3)
    assert table.top(2).terms == table.terms[:2]
    assert len(table.top(10_000)) == len(table)
    assert len(table.top(0)) == 0
    for k in (-1, 1.5, "3", None):
        with pytest.raises(InputError, match=r"^k: must be an integer ≥ 0"):
            table.top(k)
        with pytest.raises(InputError, match=r"^k: must be an integer ≥ 0"):
            found.top(k)
    pairs = table.of_order(2)
    assert set(pairs.orders) == {2}
    assert pairs.terms == [t for t in table.terms if len(t) == 2]
    np.testing.assert_array_equal(pairs.values[0], table.as_dict()[pairs.terms[0]])


def test_top_lists_interactions_of_two_and_more(found):
    top = found.top(3)
    assert (top.orders >= 2).all()
    assert len(top) == 3
    everything = found.index("FSII", order=3)
    assert top.terms == [t for t in everything.terms if len(t) > 1][:3]


def test_top_of_order_two_and_of_no_order():
    found = build()
    assert set(found.top(4, order=2).orders) == {2}
    assert found.top(4, index="SII").index == "SII"
    with pytest.raises(InputError, match="order: "):
        found.top(4, order=0)


def test_frames_have_a_row_per_set(found):
    table = found.index("FSII")
    frame = table.to_frame()
    values = ["value"] if not found.output_shape else [f"value_{k}" for k in range(found.n_outputs)]
    assert list(frame.columns) == ["term", "features", "order", *values]
    assert list(frame["features"]) == table.terms
    assert list(frame["term"]) == table.names
    np.testing.assert_array_equal(frame[values].to_numpy().reshape(table.values.shape), table.values)


def test_an_output_is_its_column():
    found = build(3)
    for k in range(3):
        one = found.output(k)
        assert one.output_shape == ()
        assert float(one.r2) == 0.875
        assert one.full_value == found.full_value[k]
        np.testing.assert_allclose(
            one.index("SV").first_order(), found.index("SV").first_order()[:, k], atol=1e-12
        )
    with pytest.raises(InputError, match="a single output"):
        build().output(0)
    for k in ("a", 1.0, None, [], True, slice(2), [True, False]):
        with pytest.raises(
            InputError, match=r"^output: must be the number of an output, or a sequence of them"
        ):
            found.output(k)
    with pytest.raises(IndexError):
        found.output(3)


def test_deviations_are_those_of_own_tables(found):
    assert found.deviations(found.top(3)).shape == found.top(3).values.shape
    with pytest.raises(InputError, match=r"^table: must be one of index"):
        found.deviations("SV")
    with pytest.raises(InputError, match=r"^table: has 6 features, this explanation has 5"):
        found.deviations(build(names=tuple("abcdef")).top(3))


def test_masked_entries_of_a_mask_are_not_read(found):
    masks = np.ma.array(np.ones((2, 5)), mask=[[0, 0, 1, 0, 0], [0] * 5])
    with pytest.raises(InputError, match=r"^masks: must be bool"):
        found.predict(masks)
    np.testing.assert_array_equal(found.predict(masks[1:]), found.predict(np.ones((1, 5), dtype=bool)))


def test_names_can_be_changed(found):
    renamed = found.renamed(list("abcde"))
    assert renamed.feature_names == tuple("abcde")
    assert renamed.index().terms == found.index().terms
    assert set("".join(renamed.index().names)) <= set("abcde × ")
    for names in (["a", "b"], "abcde", 5, set("abcde")):
        with pytest.raises(InputError, match="expected a sequence of 5 names"):
            found.renamed(names)


def test_repeated_names_keep_their_terms_apart():
    """Texts repeat words: names may coincide, the sets do not."""
    spectrum = Spectrum.from_dict(3, {(0, 1): 1.0, (1, 2): 2.0, (0, 2): 3.0})
    table = build(names=("the", "the", "cat"), spectrum=spectrum).index("Fourier")
    assert len(set(table.names)) == 3
    assert table.as_dict() == {(0, 2): 3.0, (1, 2): 2.0, (0, 1): 1.0}
    assert len(table.to_frame()) == 3


@pytest.mark.parametrize(
    ("estimator", "budget", "kind"),
    [
        ("spex", 200, Spectrum),
        ("sparse_regression", 200, Spectrum),
        ("gaussian_process", 200, SpectrumWithDeviations),
        ("auto", 1024, SpectrumWithDeviations),
        ("shapley", 200, StackedFunction),
    ],
)
def test_the_type_of_the_function_tells_whether_the_spectrum_is_all_of_it(estimator, budget, kind):
    weights = np.random.default_rng(0).normal(size=(10, 2))

    def two_curves(masks):
        return np.tanh(masks @ weights).prod(axis=1)

    found = spex.explain(two_curves, 10, budget=budget, estimator=estimator, progress=False)
    assert type(found.function) is kind
    assert (found.spectrum is found.function.spectrum) == (kind is Spectrum or found.exact)
    masks = np.random.default_rng(0).random((40, 10)) < 0.5
    same = (found.predict(masks) == found.spectrum.predict(masks)).all()
    assert same == (kind is Spectrum or found.exact)


def test_an_index_of_a_fitted_function_is_computed_once_and_every_table_is_a_copy(monkeypatch):
    weights = np.random.default_rng(0).normal(size=10)
    found = spex.explain(
        lambda m: np.tanh(m @ weights), 10, budget=200, estimator="shapley", progress=False, seed=0
    )
    first = found.index("FSII", 2)
    expected = first.values.copy()
    first.values[:] = 0.0
    first.supports[:] = 0
    monkeypatch.setattr(StackedFunction, "index", lambda *arguments: pytest.fail("computed again"))
    again = found.renamed([f"word{i}" for i in range(10)]).index("FSII", np.int64(2))
    np.testing.assert_array_equal(again.values, expected)
    assert set(again.terms) >= {(i,) for i in range(10)}
    with pytest.raises(InputError, match="order: "):
        found.index("FSII", True)
