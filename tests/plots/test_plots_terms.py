"""Bars, forces, sets, networks and energy, read back from their artists."""

from __future__ import annotations

import re
import time

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from plots_sample import interactions

from spex_plugins import InputError
from spex_plugins.plots import (
    bar,
    energy_by_order,
    force,
    heatmap,
    network,
    r2_card,
    text_arcs,
    upset,
    waterfall,
)
from spex_plugins.plots.terms.additive_terms import additive_terms
from spex_plugins.plots.terms.axes import wrapped

OF_TERMS = [waterfall, bar, force, upset, network]


def bars(ax):
    return [patch for patch in ax.patches if patch.get_gid() == "term"]


def sign_of(color):
    red, _, blue = to_rgb(color)
    return np.sign(red - blue)


@given(
    seed=st.integers(0, 2**32 - 1), top=st.integers(1, 30), index=st.sampled_from(["FSII", "k-SII", "BII"])
)
def test_parts_always_add_up(seed, top, index):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 9))
    sets = [tuple(sorted(rng.permutation(n)[: rng.integers(1, min(n, 3) + 1)].tolist())) for _ in range(12)]
    found = interactions([f"w{i}" for i in range(n)], dict(zip(sets, rng.normal(size=12), strict=True)))
    terms = additive_terms(found, index, None, top, None, None)
    empty, full = found.predict(np.array([[False] * n, [True] * n]))
    assert terms.base == pytest.approx(empty, abs=1e-9)
    assert terms.base + sum(part.value for part in terms.parts) == pytest.approx(full, abs=1e-9)
    assert sum(part.size > 0 for part in terms.parts) <= top + 1


def test_many_small_interactions_that_cancel_leave_no_large_rest():
    """Where the list of an index leaves nearly everything in its last bar, the parts say it."""
    rng = np.random.default_rng(0)
    n = 40
    moebius = {(i, j): rng.normal(0.1, 0.3) for i in range(n) for j in range(i)}
    moebius |= {(i,): rng.normal() - 2.0 for i in range(5)} | {(i,): -1.9 for i in range(5, n)}
    found = interactions([f"w{i}" for i in range(n)], moebius)
    terms = additive_terms(found, "FSII", None, 60, None, None)
    listed = found.index("FSII", 2).values
    rest_of_list = abs(listed[60:].sum())
    others = [part.value for part in terms.parts if part.size == 0]
    assert rest_of_list > 20
    assert sum(map(abs, others)) < 0.25 * rest_of_list


def test_the_others_are_described_and_never_a_single_one():
    effects = [5.0, -4.0, 3.0, 0.5, -0.25, 0.125]
    found = interactions([f"w{i}" for i in range(6)], {(i,): value for i, value in enumerate(effects)})
    rest = {top: additive_terms(found, "FSII", None, top, None, None).parts[-1] for top in (3, 4, 5, 6)}
    assert rest[3].label == "3 other features, at most 0.5 each (+0.625 −0.25)"
    assert rest[4].label == "2 other features, at most 0.25 each (+0.125 −0.25)"
    assert rest[5] == rest[6]
    assert (rest[5].label, rest[5].size) == ("w5", 1)


def test_no_interaction_takes_the_place_of_a_larger_feature():
    effects = {(i,): 2.0 + i / 10 for i in range(20)} | {(0, 1): 9.0, (2, 3): 1.0, (4, 5): 0.5}
    found = interactions([f"w{i}" for i in range(20)], effects)
    for top, sizes in ((6, [2, 1, 1, 1, 1, 1, 0]), (40, [2, *[1] * 18, 2, 2, *[1] * 2])):
        parts = additive_terms(found, "FSII", None, top, None, None).parts
        assert sorted(part.size for part in parts) == sorted(sizes)
        left_out = [part for part in parts if part.size == 0]
        assert len(left_out) == (top == 6)


def test_long_labels_are_broken_between_the_features_of_a_set():
    heads = "layer 23 heads 0–2 × layer 24 heads 3–5"
    assert wrapped(heads) == "layer 23 heads 0–2 ×\nlayer 24 heads 3–5"
    assert wrapped("not × regret") == "not × regret"
    assert wrapped("a sentence of more than thirty-eight letters × b").splitlines() == [
        "a sentence of more than thirty-eight",
        "letters × b",
    ]


def test_a_waterfall_leads_from_the_empty_to_the_full_mask(review):
    ax = waterfall(review, title="On trial")
    found = bars(ax)
    starts = np.array([patch.get_x() for patch in found])
    ends = starts + [patch.get_width() for patch in found]
    empty, full = review.predict(np.array([[False] * review.n, [True] * review.n]))
    assert ends[0] == pytest.approx(full)
    assert starts[-1] == pytest.approx(empty)
    np.testing.assert_allclose(starts[:-1], ends[1:], atol=1e-12)
    written = [label.get_text().replace("\n", " ") for label in ax.get_yticklabels()]
    assert "not₂ × good₂" in written
    assert "R² = 0.875" in ax.get_title(loc="left")


@pytest.mark.parametrize("draw", [waterfall, bar, force])
def test_bars_have_the_colour_of_their_sign(review, draw):
    terms = additive_terms(review, "FSII", None, 60, None, None)
    assert all(part.size for part in terms.parts)
    drawn = sorted(sign_of(p.get_facecolor()) * abs(p.get_width()) for p in bars(draw(review, top=60)))
    np.testing.assert_allclose(drawn, sorted(part.value for part in terms.parts), atol=1e-12)


def test_an_upset_plot_has_a_dot_for_every_member(review):
    ax = upset(review, top=4)
    (dots,) = [c for c in ax.collections if c.get_gid() == "member"]
    columns = np.asarray(dots.get_offsets())[:, 0]
    assert columns.tolist() == [k for k, term in enumerate(review.top(4).terms) for _ in term]
    heights = [patch.get_height() for patch in ax.patches[:4]]
    np.testing.assert_allclose(heights, review.top(4).values)


def test_a_network_joins_the_members_of_every_set(review):
    ax = network(review, top=6)
    joined = [patch.get_gid() for patch in ax.patches]
    for rank, term in enumerate(review.top(6).terms, start=1):
        assert joined.count(f"set-{rank}") == (1 if len(term) == 2 else len(term))
    shown = {i for term in review.top(6).terms for i in term}
    assert len(ax.texts) == len(shown)
    (discs,) = [c for c in ax.collections if c.get_gid() == "feature"]
    assert len(discs.get_offsets()) == len(shown)


def test_energy_adds_up_to_one(review):
    ax = energy_by_order(review)
    assert sum(patch.get_height() for patch in ax.patches) == pytest.approx(1.0)
    assert len(ax.patches) == review.spectrum.max_order


def test_the_card_states_the_interval_and_the_calls(review):
    from dataclasses import replace

    text = " ".join(t.get_text() for t in r2_card(replace(review, r2_error=np.array(0.01))).texts)
    for part in ("R² = 0.875", "± 0.020", "1,234 of 2,000 model calls", "held-out masks"):
        assert part in text
    assert "not measured" in r2_card(replace(review, r2=np.array(np.nan))).texts[0].get_text()


def written(ax):
    """Every text of a figure, once it is drawn."""
    ax.figure.canvas.draw()
    found = [artist.get_text() for artist in ax.figure.findobj(Text) if artist.get_visible()]
    return " ".join(found).replace("\n", " ")


ODD = ["שלום", "לא", "$x^2$", "x" * 200, "long label " * 20, "🙂", "中"]


@pytest.mark.slow
@pytest.mark.parametrize("draw", OF_TERMS)
def test_odd_names_are_written(draw):
    """From right to left, with dollars, longer than the picture, and in no font: without a warning."""
    found = interactions(ODD, {(0, 1): 1.0, (2, 3): -1.0, (1, 3, 4): 0.5, (5, 6): 0.7})
    text = written(draw(found, title="🙂 $x^2$"))
    for name in ("שלום", "לא", "$x^2$", "xxx…xxx", "long label…label", "[slightly-smiling-face]", "\ufffd"):
        assert name in re.sub("x{3,}", "xxx", re.sub(r"long label.*?label\b", "long label…label", text))


@pytest.mark.parametrize("draw", OF_TERMS)
def test_repeated_names_are_told_apart(draw):
    text = written(draw(interactions(["a", "a", "a"], {(0, 1): 1.0, (0, 1, 2): -2.0})))
    assert all(name in text for name in ("a₁", "a₂", "a₃"))


@pytest.mark.parametrize("draw", [*OF_TERMS, energy_by_order])
def test_a_constant_says_so(draw):
    """Nothing is drawn that could be taken for an effect."""
    ax = draw(interactions(["only"], {}))
    ax.figure.canvas.draw()
    assert not any(patch.get_width() * patch.get_height() for patch in bars(ax))
    assert all(word not in written(ax) for word in ("+", "nan"))


@pytest.mark.parametrize("draw", [waterfall, bar, force])
def test_one_feature_is_one_bar(draw):
    (only,) = bars(draw(interactions(["only"], {(0,): 1.0})))
    assert only.get_width() == pytest.approx(1.0)
    assert sign_of(only.get_facecolor()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("draw", OF_TERMS)
def test_three_features_keep_inside_the_picture(draw):
    ax = draw(interactions(["one", "two", "three"], {(0, 1): 1.0, (0, 1, 2): -2.0, (2,): 0.5}))
    assert "three" in written(ax)
    limits = ax.figure.bbox
    for artist in [*ax.texts, *(ax.get_yticklabels() if ax.axison else [])]:
        extent = artist.get_window_extent()
        assert limits.x0 - 1 <= extent.x0 <= extent.x1 <= limits.x1 + 1
        assert limits.y0 - 1 <= extent.y0 <= extent.y1 <= limits.y1 + 1


LONG = [f"{k} {'and words without an end ' * 8}{k}" for k in range(3)] + ["x" * 200, "short", "y" * 200]


@pytest.mark.parametrize("draw", [*OF_TERMS, heatmap, text_arcs])
def test_labels_of_two_hundred_letters_stand_inside_and_apart(draw):
    """Beside each other, and off the heading and the facts."""
    moebius = {(0,): 0.5, (4,): -0.9, (0, 3): 1.0, (3, 4): -2.0, (1, 2, 5): 0.5, (0, 5): 0.7}
    ax = draw(interactions(LONG, moebius), **({} if draw is heatmap else {"title": "Why it says so, " * 9}))
    ax.figure.canvas.draw()
    labels = [*ax.texts, ax._left_title, *ax.figure.texts]
    labels += ax.get_yticklabels() if ax.axison else []
    boxes = [label.get_window_extent() for label in labels if label.get_text()]
    room = ax.figure.bbox
    for k, box in enumerate(boxes):
        assert room.x0 - 1 <= box.x0 <= box.x1 <= room.x1 + 1
        assert room.y0 - 1 <= box.y0 <= box.y1 <= room.y1 + 1
        assert not any(box.padded(-1).overlaps(other.padded(-1)) for other in boxes[:k])


@pytest.mark.parametrize("draw", [waterfall, bar, force])
def test_a_constant_is_called_so(draw):
    assert "no feature changes the value" in written(draw(interactions("abc", {(): 0.7})))


@pytest.mark.parametrize("draw", OF_TERMS)
def test_given_axes_are_used_and_unusable_arguments_named(review, draw):
    figure, ax = plt.subplots()
    assert draw(review, ax=ax) is ax
    assert plt.get_fignums() == [figure.number]
    with pytest.raises(InputError, match="index: 'FSI' is unknown"):
        draw(review, index="FSI")
    with pytest.raises(InputError, match="top: "):
        draw(review, top=-1)


@pytest.mark.slow
def test_hundreds_of_features_of_a_network_have_readable_labels_that_leave_room_to_each_other():
    pairs = {(2 * k, 2 * k + 1): 1.0 + k for k in range(200)}
    ax = network(interactions([f"word{i}" for i in range(1000)], pairs), top=200)
    written(ax)
    assert {f"word{i}" for i in range(200, 400)} <= {text.get_text() for text in ax.texts}
    size = ax.texts[0].get_size()
    assert size >= 4.5
    ends = np.array([ax.transData.transform(text.get_position()) for text in ax.texts])
    apart = np.linalg.norm(np.diff(ends, axis=0), axis=1).min() * 72 / ax.figure.dpi
    assert apart > size


@pytest.mark.slow
@pytest.mark.parametrize(("draw", "top"), [(network, 200), (waterfall, 20), (force, 20), (upset, 40)])
def test_a_thousand_features_take_less_than_three_seconds_of_the_processor(draw, top):
    rng = np.random.default_rng(0)
    moebius = {tuple(sorted(rng.permutation(1000)[:2].tolist())): rng.normal() for _ in range(200)}
    found = interactions([f"word{i}" for i in range(1000)], moebius | {(i,): 0.1 for i in range(1000)})
    start = time.process_time()
    draw(found, top=top).figure.canvas.draw()
    assert time.process_time() - start < 3
