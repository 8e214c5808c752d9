"""The SHAP benchmarks run on small tables, and their numbers are those of known values."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

pytest.importorskip("sklearn")

# SHAP 0.51 itself uses a colour map call that matplotlib ≥ 3.11 announces to deprecate.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")


@pytest.fixture
def few_methods(monkeypatch):
    """SHAP compiles for seconds, for every explainer."""
    from library.methods.shap_explainers import METHODS
    from values import shap_benchmark, shapley_accuracy

    few = {name: METHODS[name] for name in ("SPEX", "Permutation", "Partition")}
    monkeypatch.setattr(shapley_accuracy, "METHODS", few)
    monkeypatch.setattr(shap_benchmark, "METHODS", few)


@pytest.mark.slow
@pytest.mark.usefixtures("few_methods")
def test_accuracy_of_trees(monkeypatch, tmp_path, capsys):
    from values import shapley_accuracy

    options = ["--models", "trees", "--rows", "1", "--seeds", "1", "--budgets", "200", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["shapley_accuracy.py", *options])
    shapley_accuracy.main()
    document = json.loads((tmp_path / "shapley_accuracy.json").read_text())
    reports = {each["method"]: each for each in document["records"]}
    ours = reports["SPEX"]
    assert ours["masks"] == ours["counted_itself"] == 200
    assert all(120 < each["masks"] <= 200 and each["gap"] < 1e-9 for each in reports.values())
    assert ours["mae"] < 0.02 < 0.06 < ours["mae"] + reports["Partition"]["mae"]
    assert "| trees | 200 |" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.usefixtures("few_methods")
def test_shaps_benchmark_on_a_small_table(monkeypatch, tmp_path, capsys):
    from values import shap_benchmark

    options = ["--games", "small", "--rows", "2", "--max-evals", "64", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["shap_benchmark.py", *options])
    shap_benchmark.main()
    assert (tmp_path / "shap_benchmark_small.png").stat().st_size > 20_000
    reports = json.loads((tmp_path / "shap_benchmark.json").read_text())["records"]
    by_method = {each["method"]: each for each in reports}
    assert set(by_method) == {"SPEX", "Permutation", "Partition", "Exact"}
    assert "| Exact |" in capsys.readouterr().out


@pytest.mark.slow
def test_the_explanation_error_of_a_row_is_zero_for_an_additive_model():
    from library.games.shap_games import table_game
    from values import shap_benchmark

    rng = np.random.default_rng(0)
    background, rows, slopes = rng.normal(size=(4, 3)), rng.normal(size=(2, 3)), np.array([1.0, -2.0, 3.0])
    game = table_game("line", lambda x: x @ slopes, rows, background)
    values = slopes * (rows - background.mean(axis=0))
    assert shap_benchmark._explanation_error(game, 0, values[0]) < 1e-12
    assert shap_benchmark._explanation_error(game, 0, values[1]) > 0.1


@pytest.mark.slow
def test_the_explanation_error_of_a_text_hides_its_words():
    from library.data.reviews import Review
    from library.games.shap_games import text_game
    from values import shap_benchmark

    def length(texts):
        return np.array([sum(len(word) for word in text.replace("...", "").split()) for text in texts])

    game = text_game("length", length, [Review(["three", "words", "here", "now"], True)], 4)
    assert shap_benchmark._explanation_error(game, 0, np.array([5.0, 5.0, 4.0, 3.0])) < 1e-12
    assert shap_benchmark._explanation_error(game, 0, np.array([4.0, 5.0, 5.0, 3.0])) > 0.1
