"""Values go to shapiq as shapiq itself would compute them, and come back."""

from __future__ import annotations

import numpy as np
import pytest
from games import difference
from oracles import all_masks
from small_explanations import explained

from spex_plugins import INDICES, InputError, Interactions

shapiq = pytest.importorskip("shapiq")


def exact_values(found, symbol, order):
    table = found.predict(all_masks(found.n))
    powers = 2 ** np.arange(found.n)
    game = lambda coalitions: table[np.asarray(coalitions).astype(int) @ powers]  # noqa: E731
    return shapiq.game_theory.exact.ExactComputer(game, found.n)(symbol, order)


@pytest.mark.parametrize("symbol", INDICES)
def test_they_are_those_of_shapiq(symbol):
    found = explained(5, order=4)
    order = 1 if symbol in ("SV", "BV") else 5 if symbol == "Moebius" else 2
    mine, theirs = found.to_shapiq(symbol, order), exact_values(found, symbol, order)
    assert (mine.index, mine.max_order, mine.n_players) == (theirs.index, theirs.max_order, theirs.n_players)
    for term in theirs.interactions:
        # shapiq computes FSII by a regression in which two masks have the weight 1e7.
        assert mine[term] == pytest.approx(theirs[term], abs=1e-7 if symbol == "FSII" else 1e-10)
    assert mine.baseline_value == pytest.approx(found.predict(np.zeros((1, 5), dtype=bool))[0])
    assert (mine.estimated, mine.estimation_budget) == (False, 32)


@pytest.mark.parametrize("symbol", INDICES)
def test_values_come_back_as_the_function(symbol):
    order = 1 if symbol in ("SV", "BV") else 2
    found = explained(6, order=order)
    again = Interactions.from_shapiq(found.to_shapiq(symbol, order), found.feature_names)
    assert difference(again.spectrum, found.spectrum) < 1e-10
    assert again.feature_names == found.feature_names
    assert np.isnan(again.r2)
    assert not again.exact


@pytest.mark.parametrize("symbol", ["SII", "k-SII", "STII", "FSII", "FBII", "BII", "SV"])
def test_values_of_shapiqs_own_approximators_come_back(symbol):
    found = explained(5, order=5)
    order = 1 if symbol == "SV" else 3
    theirs = exact_values(found, symbol, order)
    table = Interactions.from_shapiq(theirs).index(symbol, order).as_dict()
    for term, value in theirs.interactions.items():
        if term:
            assert table.get(term, 0.0) == pytest.approx(value, abs=1e-10)
    assert Interactions.from_shapiq(theirs).feature_names == ("x0", "x1", "x2", "x3", "x4")


def test_what_shapiq_cannot_hold_is_refused():
    with pytest.raises(InputError, match="index: shapiq has no 'Fourier'"):
        explained().to_shapiq("Fourier")
    with pytest.raises(InputError, match=r"output: there are 3 outputs.*to_shapiq"):
        explained(outputs=3).to_shapiq()


@pytest.mark.filterwarnings("ignore")
def test_values_without_a_function_are_refused():
    found = explained(5)
    with pytest.raises(InputError, match="values: a function cannot be read from the index 'CHII'"):
        Interactions.from_shapiq(exact_values(found, "CHII", 2))
    with pytest.raises(InputError, match="values: they lack the sets of fewer than 2"):
        Interactions.from_shapiq(found.to_shapiq("SII", 2).get_n_order(2))
    with pytest.raises(InputError, match="feature_names: expected a sequence of 5 names"):
        Interactions.from_shapiq(found.to_shapiq("SII", 2), ["a", "b"])
    with pytest.raises(InputError, match="feature_names: expected a sequence of 5 names"):
        Interactions.from_shapiq(found.to_shapiq("SII", 2), [])
    for other in (found, found.to_shapiq("SII", 2).interactions, 3):
        with pytest.raises(InputError, match=r"values: expected shapiq\.InteractionValues, got"):
            Interactions.from_shapiq(other)


def test_names_may_be_an_array():
    names = np.array(["a", "b", "c", "d", "e"])
    assert Interactions.from_shapiq(explained(5).to_shapiq(), names).feature_names == tuple("abcde")


@pytest.mark.filterwarnings("ignore")  # matplotlib's announcements to shapiq
def test_shapiqs_plots_draw_them():
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    values = explained(6).to_shapiq("k-SII", 2)
    names = [f"word{i}" for i in range(6)]
    values.plot_network(show=False, feature_names=names)
    values.plot_force(show=False, feature_names=names)
    values.plot_upset(show=False, feature_names=names)
    values.plot_waterfall(show=False, feature_names=names)
    values.plot_si_graph(show=False, feature_names=names)
    explained(6).to_shapiq("SV").plot_sentence(words=names, show=False)
    assert len(plt.get_fignums()) >= 5
    plt.close("all")
