"""The matplotlib pictures, read back from their artists."""

import subprocess
import sys
import time
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from plots_sample import REVIEW, counted_numbers, drawn_numbers, interactions, word_boxes

from spex_plugins import InputError, MissingExtraError
from spex_plugins.plots import heatmap, text_arcs
from spex_plugins.plots.canvas import Canvas


def texts(ax):
    return [text.get_text() for text in ax.texts]


def arcs(ax):
    return {p.get_gid(): p for p in ax.patches if (p.get_gid() or "").startswith("arc-")}


def draw(ax):
    ax.figure.canvas.draw()
    return ax.figure.canvas.get_renderer()


def test_words_stand_in_their_boxes_which_do_not_overlap(review):
    ax = text_arcs(review)
    renderer = draw(ax)
    boxes, _ = word_boxes(ax)
    assert len(boxes) == len(REVIEW)
    for k, box in enumerate(boxes):
        assert ax.bbox.x0 <= box.x0
        assert box.x1 <= ax.bbox.x1
        assert not any(box.overlaps(other) for other in boxes[:k])
    written = [text for text in ax.texts if text.get_text() in ("masterpiece", "disappointed,")]
    assert len(written) == 2
    for text in written:
        extent = text.get_window_extent(renderer)
        assert any(box.x0 <= extent.x0 and extent.x1 <= box.x1 and box.y0 <= extent.y0 for box in boxes)


def test_nothing_is_written_outside_the_figure_or_over_other_text(review):
    ax = text_arcs(review, title="A long title " * 12)
    renderer = draw(ax)
    extents = [text.get_window_extent(renderer) for text in ax.texts if text.get_text()]
    for k, extent in enumerate(extents):
        assert extent.x0 >= 0
        assert extent.x1 <= ax.figure.bbox.x1
        assert extent.y0 >= 0
        assert extent.y1 <= ax.figure.bbox.y1
        assert not any(extent.overlaps(other) for other in extents[:k])


def test_words_and_arcs_have_the_colour_of_their_sign(review):
    ax = text_arcs(review)
    effects = review.index("FSII", 3).first_order()
    for (red, _, blue, _), effect in zip(word_boxes(ax)[1], effects, strict=True):
        assert np.sign(red - blue) == np.sign(effect)
    top = review.top(12)
    assert len(arcs(ax)) == len(top)
    for k, value in enumerate(top.values, start=1):
        red, _, blue = to_rgb(arcs(ax)[f"arc-{k}"].get_edgecolor())
        assert np.sign(red - blue) == np.sign(value)


@pytest.mark.slow
def test_stronger_arcs_are_wider(review):
    widths = [arcs(text_arcs(review))[f"arc-{k}"].get_linewidth() for k in range(1, 6)]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > widths[-1]


def test_the_list_is_ranked_and_its_numbers_stand_on_the_arcs(review):
    ax = text_arcs(review, top=3)
    written = texts(ax)
    places = [written.index(name) for name in ("not₂ × good₂", "hardly × masterpiece", "not₁ × disappointed")]
    assert places == sorted(places)
    assert [written[place + 1] for place in places] == ["−1.83", "−1.30", "+1.20"]
    counts = counted_numbers(ax)
    assert len(counts) == 3
    assert min(counts) >= 2
    assert "FSII, order 3: strongest 3 of 6 sets" in " ".join(written)


def test_numbers_of_up_to_three_digits_stand_in_the_middle_of_their_discs():
    canvas = Canvas(Figure(figsize=(2, 1)).add_axes((0, 0, 1, 1)))
    places, radius = [(10.0, 10.0), (40.0, 10.0), (70.0, 40.0)], 6.5
    canvas.numbers(places, ["7", "38", "200"], ["red"] * 3, radius)
    for (x, y), outline in zip(places, drawn_numbers(canvas.ax), strict=True):
        extent = outline.get_extents()
        assert (extent.x0 + extent.x1) / 2 == pytest.approx(x)
        assert (extent.y0 + extent.y1) / 2 == pytest.approx(y)
        assert np.hypot(extent.width, extent.height) < 2 * radius


def test_every_word_and_fact_is_written(review):
    words = [f"word{i}" for i in range(len(REVIEW))]
    written = " ".join(texts(text_arcs(review, words=words, title="On trial")))
    for part in (*words, "On trial", "R² = 0.875", "1,234 model calls", "f(x) = −2.5", "f(empty) = 0.25"):
        assert part in written


def test_given_axes_are_used_and_nothing_hangs_out(review):
    figure = Figure(figsize=(5, 7))
    ax = figure.add_subplot()
    assert text_arcs(review, ax=ax) is ax
    assert plt.get_fignums() == []
    drawn = [artist.get_window_extent() for artist in (*ax.patches, *ax.collections, *ax.texts)]
    assert min(extent.y0 for extent in drawn) >= ax.bbox.y0
    assert max(extent.x1 for extent in drawn) <= ax.bbox.x1


@pytest.mark.slow
@pytest.mark.parametrize("names", [["only"], ["a", "b", "a"]])
def test_a_constant_draws(names):
    found = interactions(names, {(): 2.0})
    assert "FSII, order 2: no interactions" in texts(text_arcs(found))
    assert heatmap(found).images[0].get_array().shape == (len(names), len(names))


def test_one_feature_draws():
    ax = text_arcs(interactions(["only"], {(0,): -3.0}), index="SV")
    assert len(word_boxes(ax)[0]) == 1
    assert "−3.00 pushes down" in texts(ax)


def test_dollars_and_line_breaks_are_no_markup():
    ax = text_arcs(interactions(["$x^2$", "a\nb", "\n", "50%_\\"], {(0, 1): 1.0, (2, 3): -1.0}))
    draw(ax)
    assert {"$x^2$", "a b", "50%_\\"} <= set(texts(ax))
    assert not any(text.get_parse_math() for text in ax.texts)


@pytest.mark.slow
def test_two_hundred_words_are_drawn_soon():
    rng = np.random.default_rng(0)
    terms = {tuple(sorted(rng.choice(200, 2, replace=False).tolist())): rng.normal() for _ in range(20)}
    found = interactions([f"w{i % 150}" for i in range(200)], terms)
    start = time.process_time()
    ax = text_arcs(found, top=20)
    draw(ax)
    assert time.process_time() - start < 3
    assert len(word_boxes(ax)[0]) == 200


def test_the_title_of_a_heatmap_of_long_labels_is_not_cut_off():
    names = [f"{'word ' * 40}{i}" for i in range(3)]
    ax = heatmap(interactions(names, {(0, 1): 1.0, (1, 2): -1.0}))
    draw(ax)
    titles = ax.get_title(loc="left"), ax._left_title.get_window_extent()
    assert "on the diagonal" in titles[0].replace("\n", " ")
    assert titles[1].x1 <= ax.figure.bbox.x1


def test_heatmap_is_symmetric_with_single_features_on_the_diagonal():
    found = interactions("abcde", {(0,): 1.0, (3,): -2.0, (0, 3): 4.0, (3, 4): -1.0, (1, 2): 0.5})
    ax = heatmap(found, top=2)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "d", "e"]
    np.testing.assert_allclose(ax.images[0].get_array(), [[1, 4, 0], [4, -2, -1], [0, -1, 0]], atol=1e-12)
    assert "+4.00" in texts(ax)
    red, _, blue, _ = ax.images[0].cmap(1.0)
    assert red > blue


def test_heatmap_shows_single_features_where_there_is_no_pair():
    ax = heatmap(interactions("abc", {(0,): 1.0, (2,): -2.0}), top=2)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "c"]


@pytest.mark.parametrize("top", [0, -1])
def test_heatmap_needs_a_pair(review, top):
    with pytest.raises(InputError, match="top: "):
        heatmap(review, top=top)


@pytest.mark.parametrize("draws", [text_arcs, heatmap])
def test_missing_matplotlib_is_named(review, draws, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r'pip install "spex-plugins\[plots\]"'):
        draws(review)


def test_importing_plots_imports_no_host():
    code = (
        "import sys; import spex_plugins.plots; "
        "print(sorted({'matplotlib', 'shap', 'torch', 'numpy'} & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "['numpy']"


def test_names_of_any_characters_make_a_sound_file(tmp_path):
    """Neither controls nor halves of surrogate pairs get into a drawing: XML could not hold them."""
    names = ["\u202emask", "\ud800", "a\x00b", "\x1b[31m", "\u2069", "x"]
    found = interactions(names, {(0, 1): 1.0, (2, 3): -1.0})
    for draw_one in (text_arcs, heatmap):
        figure = draw_one(found).figure
        with plt.rc_context({"svg.fonttype": "none"}):
            figure.savefig(tmp_path / "drawing.svg")
        drawing = ElementTree.parse(tmp_path / "drawing.svg").getroot()
        written = "".join(drawing.itertext())
        assert "\ufffdmask" in written
        assert "\u202e" not in written
