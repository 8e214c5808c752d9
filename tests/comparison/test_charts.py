"""Charts of a comparison: where methods stand, what their means are over, and how numbers are written."""

from __future__ import annotations

import numpy as np
import pytest
from compare_runs import Game, compared

from spex_plugins.comparison.compare_input import InputReport
from spex_plugins.comparison.judging.judge import Scores
from spex_plugins.comparison.report.charts import bars_of_budget, curves_by_features, curves_over_calls
from spex_plugins.comparison.report.markdown import number, price
from spex_plugins.comparison.run import Cell, Run

pytest.importorskip("matplotlib")


def with_curve(name, number, curve, budget=10):
    return Run(Cell(number, "a", "interaction", budget, 0), scores=Scores(curves={name: curve}))


def inputs_of(*sizes):
    return [InputReport(None, tuple(f"x{i}" for i in range(n))) for n in sizes]


@pytest.mark.parametrize("name", ["insertion", "deletion"])
def test_inputs_of_different_lengths_are_averaged_at_shares_of_their_features(name):
    """Of two curves that are straight lines over the share of the features, the mean is the same line."""
    shares = {n: {count: count / n for count in range(1, n)} for n in (5, 12)}
    if name == "deletion":
        shares = {n: {count: 1 - share for count, share in curve.items()} for n, curve in shares.items()}
    runs = [with_curve(name, k, curve) for k, curve in enumerate(shares.values())]
    (line,) = curves_by_features(runs, inputs_of(*shares), 10, name).axes[0].lines
    moved, means = line.get_data()
    assert means == pytest.approx(moved / 100 if name == "insertion" else 1 - moved / 100)
    assert [moved[0], moved[-1]] == [0, 100]


def test_every_point_of_a_curve_is_a_mean_over_all_inputs():
    runs = [with_curve("removal", 0, {1: 0.0, 2: 0.2}), with_curve("removal", 1, {1: 1.0, 2: 1.2, 5: 9.0})]
    axes = curves_by_features(runs, inputs_of(4, 10), 10, "removal").axes[0]
    moved, means = axes.lines[0].get_data()
    assert (list(moved), list(means)) == ([1, 2], pytest.approx([0.5, 0.7]))
    assert all(tick == int(tick) for tick in axes.get_xticks())


@pytest.mark.parametrize("budgets", [[60], [60, 100], [20, 100, 1000]])
def test_methods_stand_beside_their_budget_and_failed_ones_take_no_place(budgets):
    runs = [
        Run(Cell(0, f"m{k}", "interaction", budget, 0), scores=Scores({"r2": 0.5}), problem="" if k else "no")
        for k in range(12)
        for budget in budgets
    ]
    axes = curves_over_calls(runs, inputs_of(8), budgets, "r2").axes[0]
    places = np.array([line.get_xdata() for line in axes.lines])
    assert len(places) == 11
    assert places[5] == pytest.approx(budgets)
    pixels = [axes.transData.transform(np.column_stack([x, 0 * x]))[:, 0] for x in places]
    away = np.array(pixels) - pixels[5]
    assert np.ptp(away, axis=1) == pytest.approx(0, abs=1e-6)
    assert len(budgets) == 1 or np.ptp(away) < 0.07 * axes.bbox.width
    assert np.diff(away[:, 0]).min() > 0


def test_numbers_are_no_negative_zeros_and_small_prices_no_zeros():
    assert [number(value) for value in (-0.0, -0.0004, 0.9996, None, float("nan"))] == [
        "0.000",
        "0.000",
        "1.000",
        "",
        "",
    ]
    assert [price(value) for value in (0.0, 0.00125, 3.5, 1240.0, float("nan"))] == [
        "0",
        "0.00125",
        "3.5",
        "1,240",
        "",
    ]


def test_a_page_has_no_empty_chart_and_numbers_inputs_as_its_table(tmp_path):
    path = tmp_path / "page.html"
    compared(lambda masks: np.ones(len(masks)), n=14).save_html(path)
    page = path.read_text()
    assert "may be constant" in page
    assert "<img" not in page
    made = compared([Game(fingerprint="a"), Game(fingerprint="b")], methods=["banzhaf"])
    made.save_html(path)
    page = path.read_text()
    assert {f"Input {k}: what matters" in page for k in set(made.table["input"])} == {True}
    assert "Input 2" not in page


@pytest.mark.parametrize("style", ["dark_background", "grayscale"])
def test_charts_are_white_with_dark_letters_in_every_style(style):
    import matplotlib.pyplot as plt
    from matplotlib.colors import to_rgb
    from matplotlib.text import Text

    runs = [
        Run(Cell(0, name, "interaction", budget, 0), scores=Scores({"r2": 0.5}, curves={"removal": {1: 0.5}}))
        for name in "ab"
        for budget in (10, 20)
    ]
    about = inputs_of(8)
    with plt.style.context(style):
        charts = [
            curves_over_calls(runs, about, [10, 20], "r2"),
            bars_of_budget(runs, about, 20, "r2"),
            curves_by_features(runs, about, 20, "removal"),
        ]
        for figure in charts:
            figure.draw_without_rendering()
            assert to_rgb(figure.get_facecolor()) == to_rgb(figure.axes[0].get_facecolor()) == (1, 1, 1)
            letters = [text for text in figure.findobj(Text) if text.get_text()]
            assert letters
            assert all(max(to_rgb(text.get_color())) < 0.3 for text in letters)
