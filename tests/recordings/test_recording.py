"""A recording answers like its function at the masks that were recorded, and at no others."""

from __future__ import annotations

import functions
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from oracles import all_masks

from spex_plugins import InputError, Recording, ValueFunctionError


@st.composite
def tables(draw):
    """Distinct masks and their values, one or several outputs, as a dict."""
    n = draw(st.integers(1, 20))
    rows = draw(st.lists(st.tuples(*[st.booleans()] * n), min_size=2, max_size=40, unique=True))
    outputs = draw(st.sampled_from([(), (1,), (3,)]))
    values = draw(arrays(np.float64, (len(rows), *outputs), elements=st.floats(-1e9, 1e9)))
    return dict(zip(rows, values, strict=True))


def of_table(table, **more):
    return Recording(np.array(list(table)), np.array(list(table.values())), **more)


@given(tables(), st.randoms())
def test_looks_masks_up(table, random):
    recording = of_table(table)
    asked = random.choices(list(table), k=15)
    expected = np.array([table[mask] for mask in asked])
    np.testing.assert_array_equal(recording(np.array(asked)), expected)
    assert recording(np.array(asked)).dtype == np.float64
    assert recording.complete == (len(table) == 2**recording.n)
    assert len(recording) == len(table)


@given(tables())
def test_a_mask_that_was_not_recorded_is_an_error(table):
    recording = of_table(table)
    for mask in all_masks(recording.n)[: 2 * len(table)] if recording.n < 12 else ():
        if tuple(mask.tolist()) in table:
            recording(mask[None])
        else:
            with pytest.raises(InputError, match=r"1 of 1 were not recorded"):
                recording(mask[None])


def test_the_error_names_the_mask_the_number_and_the_remedy():
    recording = functions.incomplete(20)
    known, masks = recording.masks("uniform"), all_masks(5)
    missing = np.zeros((1, 20), dtype=bool)
    missing[0, [3, 11]] = True
    assert not (known == missing).all(axis=1).any()
    with pytest.raises(InputError) as caught:
        recording(np.concatenate([known[:4], missing]))
    text = str(caught.value)
    assert "1 of 5 were not recorded, of which the first keeps the features [3, 11]" in text
    assert f"{len(recording):,} of 2^20" in text
    assert "recording.sample" in text
    assert "recording.estimator" in text
    with pytest.raises(InputError, match=r"shape \(m, 20\)"):
        recording(masks)


def test_every_mask_is_asked_once_and_kinds_may_share_masks():
    game = functions.Game(5)
    masks = all_masks(5)
    kinds = {"uniform": masks[[3, 4, 3, 9]], "all sizes": masks[[9, 22, 22, 4]]}
    recording = Recording.record(game, kinds, progress=False)
    assert game.calls == 4
    assert recording.kinds == {"uniform": 3, "all sizes": 3}
    np.testing.assert_array_equal(recording.masks("uniform"), masks[[3, 4, 9]])
    np.testing.assert_array_equal(recording.masks("all sizes"), masks[[9, 22, 4]])
    np.testing.assert_array_equal(recording.masks(), masks[[3, 4, 9, 22]])
    np.testing.assert_array_equal(recording(recording.masks()), game(masks[[3, 4, 9, 22]]))


def test_without_masks_all_are_recorded():
    game = functions.Game(6)
    recording = Recording.record(game, progress=False)
    assert recording.complete
    assert game.calls == 64
    np.testing.assert_array_equal(recording(all_masks(6)), game(all_masks(6)))
    np.testing.assert_array_equal(recording.masks("uniform"), all_masks(6))
    with pytest.raises(InputError, match=r"all 2\^25 masks are too many"):
        Recording.record(functions.Game(25))


def test_a_plain_function_has_as_many_features_as_the_masks():
    masks = functions.uniform(9, 30)
    for asked in (masks, {"uniform": masks}, masks.tolist()):
        recording = Recording.record(lambda kept: kept[:, 2] * 1.0, asked, progress=False)
        assert recording.n == 9
        np.testing.assert_array_equal(recording(masks), masks[:, 2])


def test_nothing_is_asked_where_the_answers_could_not_be_kept():
    game = functions.Game(3)
    with pytest.raises(InputError, match="about: must be a dict that JSON can represent"):
        Recording.record(game, about={"model": object()}, progress=False)
    assert game.calls == 0


def test_what_is_known_of_the_origin_is_kept():
    recording = Recording.record(functions.Game(3), about={"model": "a product"}, progress=False)
    assert recording.about["model"] == "a product"
    assert recording.about["model_fingerprint"] == "game of 3"
    assert recording.about["versions"]["numpy"] == np.__version__
    assert len(recording.about["recorded"]) == len("2026-11-29")
    assert recording.feature_names == ("word 0", "word 1", "word 2")
    assert "all 2^3 = 8" in repr(recording)
    assert "a product" in repr(recording)
    other = Recording.record(functions.Game(3), feature_names=["abc"] * 3, progress=False)
    assert other.feature_names == ("abc",) * 3


def test_a_store_is_asked_before_the_function(tmp_path):
    game, masks = functions.Game(20), functions.uniform(20, 80)
    kept = {"store": tmp_path / "run.sqlite", "progress": False}
    Recording.record(game, masks[:50], **kept)
    recording = Recording.record(game, {"uniform": masks}, **kept)
    assert game.calls == len(masks)
    stored = Recording.from_store(tmp_path / "run.sqlite", feature_names=game.feature_names)
    assert stored.kinds == {}
    assert stored.output_names is None
    assert Recording.from_store(tmp_path / "run.sqlite", output_names=["score"]).output_names == ("score",)
    assert len(stored) == len(recording)
    np.testing.assert_array_equal(stored(masks), recording(masks))
    with pytest.raises(InputError, match="fingerprint: 0 of the runs"):
        Recording.from_store(tmp_path / "run.sqlite", "0000")


def test_masks_without_an_answer_are_left_out():
    def fails(masks):
        return np.where(masks[:, 0] & ~masks[:, 1], np.nan, masks.sum(axis=1))

    fails.n = 4
    recording = Recording.record(fails, on_failure="drop", progress=False)
    assert len(recording) == 12
    assert recording.kinds == {"given": 12}
    assert not (recording.masks()[:, 0] & ~recording.masks()[:, 1]).any()
    np.testing.assert_array_equal(recording(recording.masks()), recording.masks().sum(axis=1))
    with pytest.raises(ValueFunctionError):
        Recording.record(fails, progress=False)


@given(st.integers(2, 60), st.integers(0, 10))
def test_samples_are_distinct_recorded_masks_and_grow(budget, seed):
    recording = functions.incomplete(10, 60)
    for kind in (None, "uniform", "all sizes"):
        masks, values = recording.sample(budget, kind=kind, seed=seed)
        larger, _ = recording.sample(budget + 7, kind=kind, seed=seed)
        np.testing.assert_array_equal(masks[:2], functions.ends(10))
        np.testing.assert_array_equal(larger[: len(masks)], masks)
        np.testing.assert_array_equal(values, functions.Game(10)(masks))
        most = len(recording) if kind is None else recording.kinds[kind] + 2
        assert len(np.unique(masks, axis=0)) == len(masks)
        assert min(budget, most - 2) <= len(masks) <= budget


def test_complementary_masks_are_drawn_together():
    recording = functions.incomplete(20)
    masks, _ = recording.sample(102, kind="all sizes", seed=3)
    np.testing.assert_array_equal(masks[2::2], ~masks[3::2])
    other, _ = recording.sample(102, kind="all sizes", seed=4)
    assert (masks != other).any()
    uniform, _ = recording.sample(102, kind="uniform", seed=3)
    assert (uniform[2::2] == uniform[3::2]).any()


def test_complementary_masks_stay_together_where_others_have_lost_theirs():
    """One mask set aside, or left without an answer, took their partners from all pairs."""
    game, pairs = functions.Game(12), functions.pairs(12, 60)
    whole = Recording.record(game, {"uniform": pairs[::2][:9], "all sizes": pairs}, progress=False)
    rest, _ = whole.split(5)
    assert rest.kinds["all sizes"] == len(pairs) - 5
    left = {mask.tobytes() for mask in rest.masks("all sizes")}
    drawn, _ = rest.sample(60, kind="all sizes", seed=1)
    inner = drawn[(drawn != drawn[:, :1]).any(axis=1)]
    found = {mask.tobytes() for mask in inner}
    alone = [mask for mask in inner if (~mask).tobytes() in left and (~mask).tobytes() not in found]
    assert len(alone) <= 1  # the last one, where the budget ends


@pytest.mark.parametrize("kind", ["uniform", "all sizes"])
def test_masks_set_aside_are_in_the_rest_no_more(kind):
    recording = functions.incomplete(20)
    rest, held_out = recording.split(60, kind=kind, seed=2)
    assert len(held_out) == 60
    assert len(rest) == len(recording) - 60
    assert rest.kinds[kind] == recording.kinds[kind] - 60
    assert rest.feature_names == recording.feature_names
    assert rest.about == recording.about
    assert rest.fingerprint != recording.fingerprint
    np.testing.assert_array_equal(recording(held_out), functions.Game(20)(held_out))
    for mask in held_out:
        with pytest.raises(InputError, match="not recorded"):
            rest(mask[None])
    both = np.concatenate([held_out, rest.masks()])
    assert len(np.unique(both, axis=0)) == len(recording)
    if kind == "all sizes":
        np.testing.assert_array_equal(held_out[::2], ~held_out[1::2])


def test_the_ends_are_never_set_aside():
    recording = Recording.record(functions.Game(4), progress=False)
    rest, held_out = recording.split(14)
    np.testing.assert_array_equal(rest(functions.ends(4)), functions.Game(4)(functions.ends(4)))
    assert len(held_out) == 14
    with pytest.raises(InputError, match=r"held_out: 15 of the uniform masks .* at most 14 can"):
        recording.split(15)


MASKS, VALUES = [[0, 1], [1, 1]], [1.0, 2.0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"masks": [[0, 1], [0, 1]]}, "masks: must be distinct"),
        ({"masks": [[0, 2], [0, 1]]}, "masks: must be bool"),
        ({"values": [1.0, np.nan]}, "values: 1 of 2 samples are NaN"),
        ({"values": [1.0]}, "values: must have shape"),
        ({"feature_names": ["a"]}, "feature_names: expected a sequence of 2"),
        ({"kinds": {"uniform": [0, 2]}}, "kinds: the rows of 'uniform' must be distinct, and at least 0"),
        ({"kinds": {"uniform": [1, 1]}}, "kinds: the rows of 'uniform' must be distinct, and at least 0"),
        ({"kinds": {"uniform": [[0, 1]]}}, "kinds: the masks 'uniform' must be given by their rows"),
        ({"kinds": {"uniform": [True, False]}}, "kinds: the masks 'uniform' must be given by their rows"),
        ({"about": {"model": object()}}, "about: must be a dict that JSON can represent"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        Recording(**{"masks": MASKS, "values": VALUES} | arguments)


def test_wrong_arguments_of_methods():
    recording = functions.incomplete(6, 20)
    with pytest.raises(InputError, match=r"kind: no 'normal' masks were recorded; choose one of \['ends'"):
        recording.masks("normal")
    with pytest.raises(InputError, match="budget: must be an integer ≥ 2"):
        recording.sample(1)
    with pytest.raises(InputError, match="held_out: must be an integer ≥ 1"):
        recording.split(0)
    with pytest.raises(InputError, match="stores: unknown keyword; did you mean store="):
        Recording.record(functions.Game(3), stores="run.sqlite")
    with pytest.raises(InputError, match="n: give the number of features"):
        Recording.record(lambda masks: masks[:, 0])
    with pytest.raises(InputError, match="n: give the number of features"):
        Recording.record(lambda masks: masks[:, 0], {})
    with pytest.raises(InputError, match="masks: there is no kind"):
        Recording.record(functions.Game(3), {})
