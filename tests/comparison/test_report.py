"""The report: tables, recommendation, Markdown, JSON, charts and the page."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import escape

import numpy as np
import pytest
from compare_runs import SHAPLEY, Game, compared, shapley

from spex_plugins import InputError
from spex_plugins.comparison import METRICS
from spex_plugins.comparison.compare_input import InputReport
from spex_plugins.comparison.judging.judge import Scores
from spex_plugins.comparison.methods.method import Surrogate
from spex_plugins.comparison.methods.sums import additive
from spex_plugins.comparison.metrics.r2 import bootstrap_weights, weighted_r2
from spex_plugins.comparison.report import Report
from spex_plugins.comparison.report.pictures import best_run
from spex_plugins.comparison.report.statistics import difference, mean_score, of_group
from spex_plugins.comparison.run import Cell, Run

pd = pytest.importorskip("pandas")


class Words(Game):
    feature_names = ("Never", "dull", "<b>", "“quoted”", "schön", "🎬", *(f"w{i}" for i in range(8)))


@pytest.fixture(scope="module")
def report():
    def fails(value_function, n, budget, seed):
        raise RuntimeError("a | b\nc")

    methods = ["auto", "banzhaf", shapley(), fails]
    return compared(Words(), methods=methods, budgets=[40, 120], seeds=2, metrics="all", annotations=[1, 2])


def scored(method, r2, number=0, budget=10, kind="interaction"):
    return Run(Cell(number, method, kind, budget, 0), scores=Scores({"r2": r2, "infidelity": 1 - r2}))


def many(**scores):
    """A report of ten inputs; scores by method."""
    runs = [scored(name, r2, k) for name, values in scores.items() for k, r2 in enumerate(values)]
    return Report(runs, [], {"methods": list(scores), "budgets": [10], "seeds": [0]})


def test_the_table_is_tidy(report):
    table = report.table
    assert len(table) == len(report.runs) == 2 * 2 * 3 + 1
    assert table["budget"].isna().sum() == 1
    fails = table[table["method"] == "fails"]
    assert fails["r2"].isna().all()
    assert set(fails["problem"]) == {"RuntimeError: a | b"}
    good = table[table["problem"] == ""]
    assert ((good["r2_low"] <= good["r2"]) & (good["r2"] <= good["r2_high"])).all()
    assert (good["calls"].fillna(0) <= good["budget"].fillna(0)).all()
    assert set(METRICS) - {"value_error", "pair_error", "coverage"} <= set(table.columns)


def test_the_summary_has_the_means_and_marginal_methods_first(report):
    summary = report.summary()
    assert list(summary["kind"]) == sorted(summary["kind"], reverse=True)
    row = summary[(summary["method"] == "banzhaf") & (summary["budget"] == 120)].iloc[0]
    runs = [run for run in report.runs if run.cell.method == "banzhaf" and run.cell.budget == 120]
    assert row["r2"] == pytest.approx(np.mean([run.scores.values["r2"] for run in runs]))
    assert summary[summary["method"] == "fails"]["failed"].tolist() == ["2 of 2"] * 2


def test_a_single_input_has_the_interval_of_its_masks(report):
    runs = of_group(report.runs, "banzhaf", 120)
    found = mean_score(runs, report.inputs, "r2")
    truth = report.inputs[0].held_out.uniform.values
    weights = bootstrap_weights(len(truth))
    resampled = np.mean([weighted_r2(truth, run.scores.squared_errors, weights) for run in runs], 0)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(resampled, (0.025, 0.975))))
    same = difference(runs, runs, report.inputs, "r2", 0.05)
    assert (same.mean, same.low, same.high) == (0, 0, 0)


def test_several_inputs_have_the_interval_of_student():
    from scipy.stats import t

    first, second = np.array([0.9, 0.8, 0.95, 0.7]), np.array([0.85, 0.7, 0.9, 0.72])
    made = many(a=first, b=second)
    gap = difference(of_group(made.runs, "a", 10), of_group(made.runs, "b", 10), [], "r2", 0.05)
    half = t.ppf(0.975, 3) * (first - second).std(ddof=1) / 2
    mean = (first - second).mean()
    assert (gap.mean, gap.low, gap.high) == pytest.approx((mean, mean - half, mean + half))


def test_the_recommendation_tells_clear_differences_from_none():
    rng = np.random.default_rng(0)
    good = 0.9 + 0.02 * rng.normal(size=10)
    made = many(good=good, same=good + 0.03 * rng.normal(size=10), bad=good - 0.3, failed=[])
    told = made.recommend()
    means = {name: mean_score(of_group(made.runs, name, 10), [], "r2").mean for name in ("good", "same")}
    best = max(means, key=means.get)
    assert told.startswith(f"With 10 calls, {best} has the best R²")
    assert re.search(r"ahead of bad by 0\.[23]", told)
    assert re.search(r"that it is also ahead of (good|same) by .* means nothing\.$", told)
    assert told.count(".") - len(re.findall(r"\d\.\d", told)) == 1  # one sentence
    lower = made.recommend(metric="infidelity")
    assert "bad by 0." in lower
    assert best in lower.split(" has ")[0]


def test_differences_that_are_real_but_tiny_mean_nothing():
    good = np.linspace(0.8, 0.9, 10)
    told = many(a=good, b=good - 0.001).recommend()
    assert "that it is ahead of b by 0.001 (0.001 to 0.001) means nothing" in told


def test_a_wild_failure_does_not_hide_the_rest():
    made = many(a=np.full(10, 0.9), b=np.append(np.full(9, 0.5), -1e6))
    assert "ahead of b by" in made.recommend().split("means nothing")[0]


def partly(**scores):
    """A report of methods with values of some inputs: by method, a dict of input to score."""
    runs = [scored(name, r2, k) for name, values in scores.items() for k, r2 in values.items()]
    inputs = [InputReport(None, ())] * 4
    return Report(runs, inputs, {"methods": list(scores), "budgets": [10], "seeds": [0]})


def test_methods_are_ranked_on_the_inputs_that_all_of_them_have_a_value_of():
    """A is worse than B on every input that both have a value of, and has the higher mean of its own."""
    told = partly(A={0: 0.9, 1: 0.91, 2: 0.92}, B={0: 0.95, 1: 0.96, 2: 0.97, 3: 0.1}).recommend()
    assert told.startswith(
        "With 10 calls, B has the best R², uniform masks: 0.960 (0.935 to 0.985) over 3 of 4 inputs, those "
        "with values of all that are compared, ahead of A by 0.050 (0.050 to 0.050)"
    )
    lower = partly(A={0: 0.9, 1: 0.91, 2: 0.92}, B={0: 0.95, 1: 0.96, 2: 0.97, 3: 0.1})
    assert "B has the best infidelity: 0.040" in lower.recommend(metric="infidelity")


def test_methods_with_values_of_few_inputs_are_left_out_and_named():
    told = partly(A={0: 0.9}, B={0: 0.8, 1: 0.1}, C={1: 0.3}).recommend()
    assert "B has the best R², uniform masks: 0.450" in told
    assert "over 2 inputs; A and C are left out" in told
    for wrong in ("nan", "by -", "on this input", "ahead"):
        assert wrong not in told
    assert partly(A={0: 0.9}, B={1: 0.8}).recommend() == (
        "With 10 calls, no input has a value of R², uniform masks of all of A and B."
    )
    one = partly(A={0: 0.9, 1: 0.8}, B={0: 0.7, 2: 0.9}, C={0: 0.2, 1: 0.1, 2: 0.3}).recommend()
    assert "A has the best R², uniform masks: 0.900 on input 0, the only one of 3 with values of all" in one


def test_the_smallest_budget_that_is_enough(report):
    found = report.enough(0.999)
    assert found["auto"] in (40, 120)
    assert found["banzhaf"] is found["fails"] is None
    assert report.enough(-5)["given"] == 0
    with pytest.raises(InputError, match="r2: must be a number up to 1"):
        report.enough(90)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: r.recommend(budget=50), r"budget: 50 was not tried; choose one of \[40, 120\]"),
        (lambda r: r.recommend(metric="coverage"), "metric: must be one of"),
        (
            lambda r: r.recommend(metric="pair_error"),
            "metric: 'pair_error' was not measured; .* all 2.n masks",
        ),
        (lambda r: r.plot("value_error"), "metric: 'value_error' was not measured"),
    ],
)
def test_unusable_arguments_are_named(report, call, message):
    pytest.importorskip("matplotlib")
    with pytest.raises(InputError, match=message):
        call(report)


@pytest.mark.filterwarnings("error")
def test_a_report_without_a_score_has_all_its_forms(tmp_path):
    pytest.importorskip("matplotlib")

    def fails(value_function, n, budget, seed):
        raise RuntimeError("no idea")

    made = compared(methods=[fails])
    assert np.isnan(made.table["r2"]).all()
    assert np.isnan(made.table["r2_low"]).all()
    made.save_html(tmp_path / "page.html")
    for text in (made.recommend(metric="recovery"), repr(made), made.to_markdown(), made._repr_html_()):
        assert "RuntimeError: no idea" in text


def test_json_holds_everything(report):
    read = json.loads(report.to_json())
    assert len(read["runs"]) == len(report.runs)
    assert read["recommendation"] == report.recommend()
    assert read["inputs"][0]["features"][2] == "<b>"
    curves = [run["curves"] for run in read["runs"] if run["method"] == "auto"]
    assert all(curve["removal"]["1"] > 0 for curve in curves)
    assert all(run["r2"] is None for run in read["runs"] if run["method"] == "fails")


def test_markdown_has_a_table_for_each_kind(report):
    text = report.to_markdown()
    assert text.startswith(report.recommend())
    tables = [block for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 2
    for table in tables:
        bars = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(bars) == 1
    assert "a \\| b" in text
    assert f"{report.n_calls:,} model calls" in text


@pytest.mark.slow
def test_the_page_is_one_small_file_that_escapes_names(report, tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "compare.html"
    report.save_html(path)
    page = path.read_text(encoding="utf-8")
    assert len(page.encode()) < 1_000_000
    assert "<b> " not in page
    assert not re.search(r"(src|href)=.(?!data:)", page)  # nothing is loaded from elsewhere
    for part in ("How to read", "How many calls are enough", "What did not work", "RuntimeError: a | b"):
        assert part in page
    assert page.count("srcdoc") == 1
    for name in ("auto", "banzhaf", "given", "fails"):
        assert f"<td>{name}</td>" in page


def test_a_notebook_shows_the_recommendation_and_a_row_for_each_method_and_budget(report):
    html = report._repr_html_()
    assert escape(report.recommend()) in html
    rows = [re.findall(r"<td class='t'>(.*?)</td>", row) for row in html.split("<tr>")[2:]]
    summary = report.summary()
    assert [row[0] for row in rows] == summary["method"].tolist()
    assert {row[1] for row in rows} == {"40", "120", "given"}
    for row, r2, problem in zip(rows, summary["r2"], summary["problem"], strict=True):
        assert row[2] == (escape(problem) or f"{r2:.3f}")


@pytest.mark.slow
def test_a_notebook_shows_a_chart_without_pyplot(report):
    pytest.importorskip("matplotlib")
    assert report.plot()._repr_png_().startswith(b"\x89PNG")


@pytest.mark.slow
def test_charts_show_every_method_with_scores(report):
    pytest.importorskip("matplotlib")
    for metric in ("r2", "removal", "recovery"):
        axes = report.plot(metric).axes[0]
        assert set(axes.get_legend_handles_labels()[1]) == {"auto", "banzhaf", "given"}


@pytest.mark.slow
def test_names_of_methods_are_no_mathematics_and_all_are_in_the_legends(tmp_path):
    """The same for those that start with "_", which matplotlib leaves out."""
    pytest.importorskip("matplotlib")
    from spex_plugins.comparison.report.charts import bars_of_budget, curves_by_features

    methods = {r"$\frac$": shapley(), "_mine": "banzhaf", "auto": "auto"}
    made = compared(methods=methods, budgets=[40, 60], metrics="all")
    made.save_html(tmp_path / "page.html")
    for figure in (made.plot(), curves_by_features(made.runs, made.inputs, 60, "removal")):
        shown = figure.axes[0].get_legend().get_texts()
        assert [text.get_text() for text in shown] == list(methods)
        figure.savefig(tmp_path / "chart.png")
    bars = bars_of_budget(made.runs, made.inputs, 60, "r2").axes[0]
    assert {text.get_text().split(" ")[0] for text in bars.get_yticklabels()} == set(methods)


def test_the_explanation_that_is_drawn_is_the_best_one():
    """An interaction method is drawn where its R² is the best one as it is shown."""

    def drawn(**scores):
        made = many(**{name: [r2] for name, r2 in scores.items()})
        runs = [
            replace(
                run,
                cell=replace(run.cell, kind="marginal" if run.cell.method == "single" else "interaction"),
                surrogate=Surrogate(additive(shapley())),
            )
            for run in made.runs
        ]
        return best_run(Report(runs, [], made.settings), 0).cell.method

    assert drawn(single=0.81, pairs=-13.2) == "single"
    assert drawn(single=0.81, pairs=0.82) == "pairs"
    assert drawn(single=1.0, pairs=1 - 1e-9, others=0.9) == "pairs"
    assert drawn(pairs=0.4, others=0.5) == "others"


@pytest.mark.slow
def test_the_output_that_was_explained_is_named_everywhere(tmp_path):
    pytest.importorskip("matplotlib")

    class Classifier:
        n, output_names = 8, ("no", "yes")

        def __init__(self, best):
            self.factors = np.where(np.arange(2) == best, 3.0, 1.0)

        def __call__(self, masks):
            return masks[:, :2] * self.factors

    made = compared(Classifier(1))
    read = json.loads(made.to_json())
    assert (read["inputs"][0]["output"], read["inputs"][0]["output_name"]) == (1, "yes")
    assert read["settings"]["output"] is None
    made.save_html(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Explained: output 1 (yes)." in made.to_markdown()
    assert "Explained: output 1 (yes)." in page
    assert "for output 1 (yes), by auto" in page
    assert "Explained: output 0 (no)." in compared(Classifier(1), output=-2).to_markdown()
    several = compared([Classifier(1), Classifier(0), Classifier(1)], methods=[np.zeros(8)]).to_markdown()
    assert "Explained: output 1 (yes) of 2 inputs, output 0 (no) of 1 input." in several
    assert "Explained" not in compared(methods=[shapley()]).to_markdown()


@pytest.mark.slow
def test_an_image_is_drawn_with_its_regions():
    pytest.importorskip("matplotlib")
    from spex_plugins.comparison.report.pictures import explanation_picture

    class Image(Game):
        image = np.random.default_rng(0).random((28, 28, 3))
        regions = np.repeat(np.arange(14), 2)[:, None] + np.zeros(28, dtype=int)

    section = explanation_picture(compared(Image(), methods=["banzhaf"]), 0)
    assert "data:image/png;base64" in section


def test_the_report_is_printed_with_calls_and_recommendation(report):
    text = repr(report)
    assert f"{report.n_calls} model calls" in text
    assert "4 without a result" in text
    assert report.recommend() in text
    assert len(SHAPLEY) == 6
