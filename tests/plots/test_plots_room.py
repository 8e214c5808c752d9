"""Nothing that is written around axes is cut off at the edge of the figure, nor over the heading."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from plots_sample import interactions

from spex_plugins.plots import bar, energy_by_order, force, heatmap, network, r2_card, upset, waterfall
from spex_plugins.plots.canvas import text_width
from spex_plugins.plots.terms.axes import broken

WITH_HEADING = [waterfall, bar, force, upset, network, energy_by_order, r2_card]
LONG = "The model of the hospital and what decides about the patient in bed seven " * 5
LEFT_OUT = "102 masks, each left out with its complement, weighted as uniform masks"
SOURCE = "repeated cross-validation on 200 masks, weighted as masks of all sizes, averaged over 5 folds"


CHOLESTEROL = "TOTAL CHOLESTEROL, SERUM, MG/DL (FASTING {})"


def sample(n=5, name=CHOLESTEROL, **fields):
    effects = {(i, (i + 1) % n): 1.0 + i / n for i in range(n - 1)} | {(0,): 2.0, (n - 1,): -1.0}
    return interactions([name.format(i) for i in range(n)], effects, **fields)


def hangs_out(figure):
    """Return by how many pixels the drawing exceeds the figure at its first drawing."""
    figure.canvas.draw()
    drawn, page = figure.get_tightbbox(), figure.bbox_inches
    over = max(-drawn.x0, -drawn.y0, drawn.x1 - page.x1, drawn.y1 - page.y1)
    return over * figure.dpi


def height(ax):
    ax.figure.canvas.draw()
    return ax.get_window_extent().height


@pytest.mark.parametrize("title", [LONG, LONG.upper(), "W" * 150])
@pytest.mark.parametrize("draw", WITH_HEADING)
def test_a_long_heading_is_whole_and_takes_nothing_from_the_picture(draw, title):
    ax = draw(sample(), title=title)
    assert hangs_out(ax.figure) <= 1
    assert height(ax) >= 0.97 * height(draw(sample(), title="Short"))
    heading = ax.figure._suptitle
    assert heading.get_text().replace("\n", "").replace(" ", "") == title.replace(" ", "")
    assert ax._left_title.get_window_extent().y1 <= heading.get_window_extent().y0


@pytest.mark.parametrize("source", ["held-out masks", LEFT_OUT, SOURCE * 4])
@pytest.mark.parametrize("given", [False, True])
def test_all_lines_of_a_card_are_inside_of_its_figure(source, given):
    found = sample(r2_source=source, r2_error=np.array(0.01))
    ax = r2_card(found, title=LONG, ax=plt.figure().add_subplot() if given else None)
    assert hangs_out(ax.figure) <= 1
    written = [text.get_window_extent() for text in ax.texts if text.get_text()]
    assert not any(one.overlaps(other) for k, one in enumerate(written) for other in written[:k])


@pytest.mark.parametrize(("n", "name"), [(9, CHOLESTEROL), (13, "AGE AT SCREENING {}"), (15, "age {}")])
def test_labels_of_a_heatmap_are_whole_at_the_first_drawing(n, name):
    """The constrained layout of matplotlib moves a matrix of a fixed aspect from drawing to drawing."""
    assert hangs_out(heatmap(sample(n, name, r2_source=SOURCE), top=50).figure) <= -2


def test_the_widest_letters_of_a_heatmap_are_whole():
    assert hangs_out(heatmap(sample(3, "W" * 40 + "{}")).figure) <= 0


@pytest.mark.parametrize("layout", [None, "constrained", "tight"])
@pytest.mark.parametrize("draw", [heatmap, waterfall, upset, energy_by_order, force])
def test_nothing_is_cut_off_around_given_axes(draw, layout):
    figure, ax = plt.subplots(figsize=(8, 6), layout=layout)
    assert draw(sample(), ax=ax) is ax
    assert hangs_out(figure) <= 1


def test_given_axes_keep_their_place_where_nothing_hangs_out():
    figure, axes = plt.subplots(1, 2, figsize=(14, 6))
    before = axes[1].get_position().bounds
    energy_by_order(sample(), ax=axes[1])
    assert axes[1].get_position().bounds == before
    first = axes[0].get_position().bounds
    heatmap(sample(), ax=axes[0])
    assert axes[0].get_position().bounds != first
    assert axes[0].get_in_layout()
    figure.tight_layout()  # chosen later, it places the axes as it would any others


def test_lines_are_broken_by_their_width():
    for text in (LONG, LONG.upper(), "W" * 90, "one"):
        lines = broken(text, 150.0, 9.0)
        assert all(text_width(line, 9.0) <= 150.0 for line in lines)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert broken("a b", 1000.0, 9.0) == ["a b"]
    assert broken("ab", 1.0, 9.0) == ["a", "b"]
    assert broken("", 10.0, 9.0) == [""]


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("scale", [1e12, 1.0, 1e-3, 1e-9])
@pytest.mark.parametrize("draw", [waterfall, bar])
def test_values_stand_beside_the_bars_and_off_the_names(draw, scale, given):
    found = interactions(
        ["age", "bmi", "bp"], {(0,): 2.0 * scale, (1, 2): -1.5 * scale, (2,): -0.013 * scale}
    )
    ax = draw(found, ax=plt.subplots(1, 2, figsize=(8, 4))[1][0] if given else None)
    ax.figure.canvas.draw()
    inside = ax.get_window_extent()
    bars = [patch.get_window_extent() for patch in ax.patches]
    values = [text.get_window_extent() for text in ax.texts if text.get_text()[0] in "+−"]
    assert len(values) == len(bars) == 3
    for value in values:
        assert inside.x0 <= value.x0
        assert value.x1 <= inside.x1
        assert not any(value.overlaps(one) for one in bars)


def test_the_ends_of_a_waterfall_have_as_many_digits_as_the_facts():
    found = interactions(["a", "b"], {(): 1000.0, (0,): 2.0, (0, 1): -1.0})
    assert {"fitted f(x) = 1001", "fitted f(∅) = 1000"} <= {
        text.get_text() for text in waterfall(found).texts
    }


@pytest.mark.parametrize("draw", [*WITH_HEADING, heatmap])
def test_a_dark_style_leaves_new_pictures_white_with_dark_letters(draw):
    with plt.style.context("dark_background"):
        ax = draw(sample())
        ax.figure.canvas.draw()
    assert not ax.axison or ax.get_facecolor() == (1.0, 1.0, 1.0, 1.0)
    for axes in ax.figure.axes:
        ticks = [*axes.get_xticklabels(), *axes.get_yticklabels()] if axes.axison else []
        for text in [*axes.texts, *ticks, axes._left_title]:
            assert not text.get_text() or min(to_rgb(text.get_color())) < 0.7
