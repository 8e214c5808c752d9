"""What pictures state is true of the function: its ends, and its shares of the variance."""

from __future__ import annotations

import numpy as np
import pytest
from plots_sample import interactions

import spex_plugins as spex
from spex_plugins.plots import energy_by_order, force, text_arcs, upset, waterfall


def texts(ax):
    return [text.get_text() for text in ax.texts]


@pytest.mark.parametrize(("full", "names"), [(3.0, ("f(∅)", "f(x)")), (3.5, ("fitted f(∅)", "fitted f(x)"))])
def test_ends_are_called_fitted_where_they_are_not_those_that_were_evaluated(full, names):
    """The function predicts 1 and 3, and 1 was evaluated at the empty mask."""
    ends = {"empty_value": np.array(1.0), "full_value": np.array(full)}
    found = interactions("abc", {(): 1.0, (0,): 4.0, (1, 2): -2.0}, **ends)
    assert f"{names[0]} = 1" in texts(waterfall(found))
    assert f"{names[1]} = 3" in texts(waterfall(found))
    assert f"{names[1]} = 3" in texts(force(found))
    assert names[0] in texts(force(found))


def test_the_ends_of_a_fit_are_those_that_were_evaluated():
    def game(masks):
        return masks[:, 0] - 2.0 * (masks[:, 1] & masks[:, 2]) + np.sin(37 * (masks @ np.arange(1, 21)))

    found = spex.explain(game, 20, budget=150, progress=False)
    ends = game(np.repeat([[False], [True]], 20, axis=1))
    written = texts(waterfall(found))
    for name, value in zip(("f(∅)", "f(x)"), ends, strict=True):
        assert f"{name} = {value:.4g}".replace("-", "−") in written


def test_energy_by_order_is_that_of_all_terms_also_of_those_that_are_not_listed():
    n = 8
    masks = (np.arange(2**n)[:, None] >> np.arange(n)) % 2 == 1
    rng = np.random.default_rng(0)
    noise = dict(zip(map(bytes, masks), 0.3 * rng.normal(size=2**n), strict=True))

    def game(masks):
        rest = np.array([noise[bytes(mask)] for mask in masks])
        return masks[:, 0] - 2.0 * (masks[:, 0] & masks[:, 1]) + 0.7 * masks[:, 2:5].all(axis=1) + rest

    found = spex.explain(game, n, budget=120, progress=False)
    signs = (-1.0) ** (masks.astype(int) @ masks.T.astype(int))
    energy = (signs @ found.predict(masks) / 2**n) ** 2
    sizes = masks.sum(axis=1)
    by_size = np.array([energy[sizes == 1].sum(), energy[sizes == 2].sum(), energy[sizes > 2].sum()])
    listed = found.spectrum.energy()[found.spectrum.orders > 0].sum()
    assert listed < 0.99 * by_size.sum()
    ax = energy_by_order(found)
    assert [patch.get_height() for patch in ax.patches] == pytest.approx(by_size / by_size.sum())
    assert [label.get_text() for label in ax.get_xticklabels()][-1] == "larger sets"


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_no_value_is_written_over_another_or_over_a_bar(scale):
    moebius = {(0,): scale, (0, 1): -2 * scale, (3, 4): 0.5 * scale, (1, 2): -0.6 * scale}
    found = interactions("abcde", moebius)
    for draw in (text_arcs, upset):
        ax = draw(found)
        ax.figure.canvas.draw()
        boxes = [text.get_window_extent() for text in ax.texts if text.get_text()]
        bars = [patch.get_window_extent() for patch in ax.patches] if draw is upset else []
        for k, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in [*boxes[:k], *bars])
